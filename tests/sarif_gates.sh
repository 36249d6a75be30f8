#!/usr/bin/env bash
# Validates SARIF files with Microsoft's sarif-multitool, by the rules of SARIF and of GitHub code scanning.
#
#   tests/sarif_gates.sh FILE.sarif...
#
# The tool is installed from npm once, under target/. It exits 0 whatever it finds, and it can pass without looking, so
# its own log is read, and a file with two planted mistakes must be reported first: one by the rules of SARIF (SARIF1002,
# an image name as a URI's scheme), one by those of GitHub (GH1015, a result without locations).
#
# Exit codes: 0 no error-level result; 1 at least one; 2 the gate itself does not work.
set -euo pipefail

version=5.7.0
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${CARGO_TARGET_DIR:-$root/target}/sarif-multitool-$version
# .NET refuses to start on a machine without ICU unless it is told to do without.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

broken() {
    echo "sarif_gates: $*" >&2
    exit 2
}

[ $# -gt 0 ] || broken "no SARIF file given"
command -v npm >/dev/null || broken "npm is not installed"
command -v node >/dev/null || broken "node is not installed"

tool() {
    # The npm launcher goes through a shell, which would cut the rule kinds at their semicolon; take the binary itself.
    find "$cache/node_modules/@microsoft" -type f -name Sarif.Multitool -print -quit 2>/dev/null || true
}

if [ -z "$(tool)" ]; then
    mkdir -p "$cache"
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$cache" \
        "@microsoft/sarif-multitool@$version" >&2 || broken "npm could not install sarif-multitool $version"
fi
multitool=$(tool)
[ -n "$multitool" ] || broken "sarif-multitool $version has no binary for this platform"
chmod u+x "$multitool"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Prints the error-level results for a file, one a line: rule, JSON pointer, message.
errors() {
    rm -f "$scratch/log.sarif"
    "$multitool" validate "$1" --rule-kind 'Sarif;GHAS' --level 'Error;Warning;Note' \
        --output "$scratch/log.sarif" --log ForceOverwrite >"$scratch/stdout" 2>&1 || {
        cat "$scratch/stdout" >&2
        broken "sarif-multitool failed on $1"
    }
    [ -s "$scratch/log.sarif" ] || broken "sarif-multitool wrote no log for $1"
    node -e '
        const runs = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).runs;
        for (const run of runs) {
            for (const invocation of run.invocations || []) {
                const notes = [...(invocation.toolExecutionNotifications || []),
                    ...(invocation.toolConfigurationNotifications || [])];
                for (const note of notes.filter((n) => n.level === "error")) {
                    console.log("notification", note.message.text || JSON.stringify(note.message));
                }
                if (invocation.executionSuccessful === false) console.log("notification", "the validator did not finish");
            }
            const rules = run.tool.driver.rules || [];
            for (const result of run.results || []) {
                const rule = rules[result.ruleIndex] || rules.find((r) => r.id === result.ruleId) || {};
                const level = result.level || (rule.defaultConfiguration || {}).level || "warning";
                if (level === "error") console.log(result.ruleId, JSON.stringify(result.message.arguments || result.message.text));
            }
        }' "$scratch/log.sarif"
}

cat >"$scratch/canary.sarif" <<'JSON'
{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [{
    "tool": { "driver": { "name": "canary", "version": "1.0.0" } },
    "results": [
      { "ruleId": "C1", "message": { "text": "No locations." } },
      { "ruleId": "C2", "message": { "text": "An image name as a scheme." }, "locations": [
        { "physicalLocation": { "artifactLocation": { "uri": "app:1.0/b%" }, "region": { "startLine": 1 } } }
      ] }
    ]
  }]
}
JSON
errors "$scratch/canary.sarif" >"$scratch/canary.txt"
for rule in SARIF1002 GH1015; do
    grep -q "^$rule " "$scratch/canary.txt" || broken "sarif-multitool did not report the planted $rule"
done

failed=0
for file in "$@"; do
    [ -s "$file" ] || broken "$file does not exist or is empty"
    errors "$file" >"$scratch/errors.txt"
    if [ -s "$scratch/errors.txt" ]; then
        echo "$file: $(wc -l <"$scratch/errors.txt") error(s)"
        sed 's/^/  /' "$scratch/errors.txt" | head -n 20
        failed=1
    else
        echo "$file: no errors"
    fi
done
exit "$failed"
