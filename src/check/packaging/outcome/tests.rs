use super::*;
use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell;

fn fate_of(text: &str, options: Options) -> CommandOutcome {
    let text = text
        .replace("push", "docker push r:1")
        .replace("ask", "aws ecr describe-images --image-ids imageTag=1");
    let script = shell::parse(&Text::of(&text));
    let mut keys = Vec::new();
    script.walk(&mut |_, c| keys.push(key(&text, c, &[]).join(" ")));
    let watched = if text.contains("aws ecr") { "aws ecr describe" } else { "docker push" };
    let own = keys
        .into_iter()
        .filter(|k| k.contains(watched))
        .min_by_key(String::len)
        .unwrap_or_else(|| "docker push r:1".to_owned());
    Course::new(&text, &script, options, &Variables::default(), &[], false).outcome_of(&own)
}

fn failure(text: &str) -> Failure {
    fate_of(text, Options::of_step(None)).failure
}

fn reach(text: &str) -> Reach {
    fate_of(text, Options::of_step(None)).reach
}

#[test]
fn failures_that_are_let_pass() {
    for text in [
        "push || true",
        "push || /bin/true",
        "push || exit 0",
        "push || { echo no; }",
        "push || (true)",
        "push || logger no",
        "push | tee log",
        "push |& cat",
        "push &",
        "push & wait",
        "! push",
        "(push) || true",
        "{ push; } || true",
        "( date; push; date ) || true",
        "set +e\npush\ndate",
        "set +e; push; set -e; date",
        "trap 'exit 0' EXIT\npush",
        "trap 'exit 0' ERR\npush",
        "if push; then echo ok; fi",
        "if push; then echo ok; else echo no; fi",
        "if ! push; then echo no; fi",
        "for i in 1 2; do push && break; done\necho",
        "for i in 1 2 3; do push && break; sleep 5; done",
        "n=0; while [ $n -lt 3 ]; do push && break; n=$((n+1)); sleep 5; done",
        "n=0\nuntil push; do n=$((n+1)); if [ $n -ge 3 ]; then break; fi; done",
        "f() { push; date; }\nf || echo no",
        "f() { push || return 0; }\nf",
        "export X=$(ask)",
        "x() { local d=$(ask); echo $d; }; x",
        "echo \"digest=$(ask)\"",
        "d=$(ask | jq -r .x)\necho $d",
        "d=$(ask) || d=",
    ] {
        assert_eq!(failure(text), Failure::Passes, "{text}");
    }
}

#[test]
fn failures_that_end_the_script() {
    for text in [
        "push",
        "push\necho",
        "push && echo",
        "push || push",
        "push || (sleep 5 && push)",
        "push || exit 1",
        "push || exit",
        "push || die no",
        "push || { echo no; exit 1; }",
        "push || echo no && exit 1",
        "date | push",
        "set +e; push; code=$?; exit $code",
        "set +e\npush\nif [ $? -ne 0 ]; then exit 1; fi\ndate",
        "push & wait $!",
        "if push; then echo ok; else exit 1; fi",
        "if ! push; then echo no; exit 1; fi",
        // The status of the loop is that of its last command.
        "for i in 1 2; do push && break; done",
        "for i in 1 2 3; do push && exit 0; sleep 5; done; exit 1",
        "for i in 1 2 3; do if push; then break; fi; if [ $i = 3 ]; then exit 1; fi; sleep 5; done",
        "for i in 1 2 3; do push && break || { [ $i -eq 3 ] && exit 1; sleep 5; }; done",
        "ok=false; for i in $(seq 1 3); do if push; then ok=true; break; fi; sleep 5; done; [ \"$ok\" = true ]",
        "ok=; for i in {1..3}; do push && ok=1 && break; sleep 5; done; test -n \"$ok\" || exit 1",
        "n=0; until push; do n=$((n+1)); [ $n -ge 3 ] && exit 1; sleep 5; done",
        "n=0\nuntil push; do\n  if (( ++n == 3 )); then exit 1; fi\n  sleep 5\ndone",
        "n=0\nwhile [ \"$n\" -lt 3 ]; do\n  push && exit 0\n  n=$((n+1))\ndone\nexit 1",
        "retry() { for i in 1 2 3; do \"$@\" && return 0; sleep 5; done; return 1; }\nretry push",
        "f() { push; }\nf",
        "d=$(ask)",
        "d=`date`; d=$(ask)\necho $d",
        "d=$(ask | jq -er .x)",
        "d=$(ask | jq -r .x)\n[ -n \"$d\" ]",
        "d=$(ask | jq -r .x)\n[ -n \"$d\" ] || exit 1",
        "export d=$(ask)\n: \"${d:?no digest}\"",
        "d=$(ask | jq -r .x)\n[[ $d =~ ^sha256:[0-9a-f]{64}$ ]] || { echo no; exit 1; }",
        "set -o pipefail\nd=$(ask | jq -r .x)",
        "trap 'rm -f x' EXIT\npush",
        "(cd x && push)",
    ] {
        assert_eq!(failure(text), Failure::Stops, "{text}");
    }
    assert_eq!(fate_of("push | tee log", Options::of_step(Some("bash"))).failure, Failure::Stops);
    let none = Options::of_step(Some("bash {0}"));
    assert_eq!(fate_of("push\necho", none).failure, Failure::Passes);
    assert_eq!(fate_of("push && echo", none).failure, Failure::Stops);
    assert_eq!(fate_of("push\ncode=$?\nexit $code", none).failure, Failure::Stops);
}

#[test]
fn loops_without_end_and_what_is_not_known() {
    assert_eq!(failure("until push; do sleep 5; done"), Failure::Endless);
    assert_eq!(failure("while true; do push && break; sleep 5; done"), Failure::Endless);
    assert_eq!(failure("push || [ -n \"$IGNORE\" ]"), Failure::Depends);
}

#[test]
fn what_may_not_be_reached() {
    for text in [
        "if [ -n \"$X\" ]; then push; fi",
        "[ -n \"$X\" ] && push\ndate",
        "true || push",
        "case $X in a) push;; esac",
        "command -v x && push\ndate",
        "while read x; do push; done",
    ] {
        assert!(matches!(reach(text), Reach::Sometimes | Reach::Never), "{text}");
    }
    for text in ["if false; then push; fi", "exit 0\npush", "f() { push; }", "false && push"] {
        assert_eq!(reach(text), Reach::Never, "{text}");
    }
    for text in [
        "push",
        "cd x && push\ndate",
        "for x in a b; do push $x; done",
        "if push; then echo; fi",
        "if ! push; then exit 1; fi",
        "f() { push; }; f",
        "until push; do sleep 1; done",
        "PUSH=true; if [ \"$PUSH\" = true ]; then push; fi",
        "[ -n \"$X\" ] || exit 1\npush",
        "retry push",
    ] {
        assert_eq!(reach(text), Reach::Always, "{text}");
    }
}

#[test]
fn hostile_scripts_end_soon() {
    for piece in [
        "while a; do ",
        "if a; then ",
        "f() { f; }; f; ",
        "a || b && ",
        "$(",
        "for i in 1 2 3 4 5 6 7 8 9; do ",
    ] {
        let text = piece.repeat(2_000 / piece.len());
        failure(&format!("{text}push"));
    }
}
