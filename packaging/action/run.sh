#!/usr/bin/env bash
# Runs one command with the action's inputs; tells the verdict as outputs and leaves failing to a later step.
set -euo pipefail

fail() { echo "::error title=seaworthy::$*"; exit 2; }

arguments=()
option() { [ -z "$2" ] || arguments+=("$1" "$2"); }
case "$INPUT_COMMAND" in
    context)
        option --file "$INPUT_DOCKERFILE"
        positional=$INPUT_CONTEXT
        ;;
    image)
        option --file "$INPUT_DOCKERFILE"
        positional=$INPUT_IMAGE
        ;;
    gate)
        option --context "$INPUT_CONTEXT"
        option --file "$INPUT_DOCKERFILE"
        option --run-id "$INPUT_RUN_ID"
        positional=$INPUT_IMAGE
        ;;
    wiring) positional= ;;
    *) fail "command: expected context, image, wiring, gate or install" ;;
esac
option --contract "$INPUT_CONTRACT"
option --fail-on "$INPUT_FAIL_ON"
while IFS= read -r line; do
    [ -z "$line" ] || arguments+=("$line")
done <<<"$INPUT_ARGUMENTS"

directory=$(mktemp -d "${RUNNER_TEMP:-/tmp}/seaworthy-reports.XXXXXX")
# Annotations go to the log, the summary of the step is written by itself.
code=0
# macOS has bash 3.2, to which an empty array is an unset one.
seaworthy "$INPUT_COMMAND" ${arguments[@]+"${arguments[@]}"} --sarif-category "$INPUT_CATEGORY" \
    --report github --report "sarif=$directory/seaworthy.sarif" --report "json=$directory/seaworthy.json" \
    --report "html=$directory/seaworthy.html" ${positional:+-- "$positional"} || code=$?
case $code in
    0) verdict=pass ;;
    1) verdict=fail ;;
    *) verdict=error ;;
esac
[ "$code" -ne 2 ] || [ ! -s "$directory/seaworthy.json" ] || verdict=incomplete
{
    echo "exit-code=$code"
    echo "verdict=$verdict"
    for format in sarif json html; do
        [ ! -s "$directory/seaworthy.$format" ] || echo "$format=$directory/seaworthy.$format"
    done
} >>"${GITHUB_OUTPUT:?}"
