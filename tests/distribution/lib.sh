# shellcheck shell=bash
# What the tests of distribution share. Sourced after ROOT, OUT, DIST and FIGURES are set.

# The test itself does not work.
broken() { echo "distribution: $*" >&2; exit 2; }

# What is tested does not work.
failed() { echo "distribution: $*" >&2; exit 1; }

now() { date +%s%N; }

# since NANOSECONDS prints the seconds since then.
since() { awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.2f s\n", (to - from) / 1e9 }'; }

megabytes() { stat -c %s "$1" | awk '{ printf "%.1f MB\n", $1 / 1e6 }'; }

# figure NAME VALUE writes a measured figure down.
figure() { printf '%s: %s\n' "$1" "$2" >>"$FIGURES"; }

# What the last command of `expect` printed.
LOG=$OUT/log

# expect CODE COMMAND... runs a command that must end with CODE.
expect() {
    local expected=$1 code=0
    shift
    "$@" >"$LOG" 2>&1 || code=$?
    [ "$code" -eq "$expected" ] || { cat "$LOG" >&2; failed "exit code $code, not $expected: $*"; }
}

# printed TEXT: the last command of `expect` printed it.
printed() { grep -qF -- "$1" "$LOG" || { cat "$LOG" >&2; failed "does not print '$1'"; }; }

# planted DIRECTORY makes a build context with one invented secret, in its Dockerfile.
planted() {
    mkdir -p "$1"
    printf 'FROM scratch\nENV API_TOKEN=Zk4-vPq8sLw2nB\n' >"$1/Dockerfile"
}

# a_clean_one DIRECTORY makes a build context without.
a_clean_one() {
    mkdir -p "$1"
    printf 'FROM scratch\nCOPY app.py /app.py\n' >"$1/Dockerfile"
    echo 'print("hello")' >"$1/app.py"
    echo '.git' >"$1/.dockerignore"
}

# finds_what_is_planted COMMAND...: the command, which checks a context, fails the planted one by its finding.
finds_what_is_planted() {
    expect 1 "$@"
    printed SW202
    ! grep -qF Zk4-vPq8sLw2nB "$LOG" || failed "the secret is in the output"
}
