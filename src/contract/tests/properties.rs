//! What holds for every text.

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::*;

/// Pieces that a contract is made of, in an order that makes little sense.
fn nearly_toml() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z_]{1,12} = (\"[a-zA-Z0-9/. -]{0,20}\"|[0-9]{1,25}|true|\\[\\]|\\{\\}|[0-9]{4}-[0-9]{2}-[0-9]{2})\n",
        "(\\[|\\[\\[)(image|policy|fingerprints|rules|rules.disable|evidence|limits|secrets|accept)(\\]|\\]\\])\n",
        "(version|name|fail_on|key_env|key|handle|variables|check|path|expires|reason) = (1|\"SW301\"|\"x\"|\\[\"\\*\\*\"\\]|'''\n)",
        "\\PC{0,8}\n?",
        Just(EXAMPLE.to_owned()),
    ];
    vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// Reads a text, shows what is wrong with it, and checks that every mistake lies inside it.
fn try_out(text: &str) {
    let Err(error) = parse(text) else { return };
    assert!(!error.diagnostics().is_empty());
    for diagnostic in error.diagnostics() {
        assert!(diagnostic.span.end <= text.len(), "{diagnostic:?}");
        assert!(text.is_char_boundary(diagnostic.span.start), "{diagnostic:?}");
    }
    assert!(error.render(false).starts_with("error"));
    assert!(error.render(true).ends_with('\n'));
}

fn secret() -> impl Strategy<Value = (String, Vec<String>, bool)> {
    ("(/[A-Za-z0-9_.-]{1,8}){1,15}", vec("[A-Z_][A-Z0-9_]{0,12}", 0..3), any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        try_out(&text);
    }

    #[test]
    fn nothing_that_is_nearly_a_contract_panics(text in nearly_toml()) {
        try_out(&text);
    }

    #[test]
    fn the_example_cut_anywhere_does_not_panic(at in 0..EXAMPLE.len(), junk in "[\"'\\[\\]{}=#.\n\u{e9}]{0,4}") {
        let at = EXAMPLE.floor_char_boundary(at);
        try_out(EXAMPLE.get(..at).unwrap_or_default());
        try_out(&format!("{}{junk}{}", EXAMPLE.get(..at).unwrap_or_default(), EXAMPLE.get(at..).unwrap_or_default()));
    }

    #[test]
    fn what_is_written_is_read(
        handles in btree_set("[A-Za-z][A-Za-z0-9_.-]{0,12}", 0..5),
        secrets in vec(secret(), 5),
        severity in 0..4_usize,
        limit in 1..=i64::MAX.unsigned_abs(),
        phase in "[A-Za-z(][A-Za-z0-9()'*!_-]{0,6}(\\.[A-Za-z0-9()*!_-]{1,4})?",
    ) {
        let severity = Severity::ALL[severity];
        let mut text = format!(
            "version = 1\n[policy]\nfail_on = \"{severity}\"\n[limits]\nmax_pax_bytes = {limit}\n\
             [evidence]\nphase_id = \"{phase}\"\n"
        );
        let mut wanted = Vec::new();
        for (i, (handle, (parameter, variables, required))) in handles.into_iter().zip(secrets).enumerate() {
            let variables: Vec<String> = variables.iter().enumerate().map(|(j, v)| format!("{v}_{i}_{j}")).collect();
            text.push_str(&format!(
                "[[secrets]]\nhandle = \"{handle}\"\nparameter = \"{parameter}\"\nvariables = {variables:?}\nrequired = {required}\n"
            ));
            wanted.push((handle, Parameter::Name(parameter), variables, required));
        }
        let contract = parse(&text).unwrap();
        prop_assert_eq!(contract.policy.fail_on, severity);
        prop_assert_eq!(contract.limits.max_pax_bytes, limit);
        prop_assert_eq!(contract.evidence.phase_id, phase);
        let read: Vec<_> =
            contract.secrets.into_iter().map(|s| (s.handle, s.parameter, s.variables, s.required)).collect();
        prop_assert_eq!(read, wanted);
        prop_assert_eq!(contract.source.unwrap().digest, digest_of(&text));
    }
}

/// Garbage of the size that a contract may have is answered in time.
#[test]
fn a_megabyte_of_garbage_is_answered() {
    for piece in ["=", "a\n", "[", "[[a]]\n", "\"", "a=1\n", "x.y.z=[{\n", "\u{e9}"] {
        let text = piece.repeat((1 << 20) / piece.len());
        let start = std::time::Instant::now();
        try_out(&text);
        assert!(start.elapsed().as_secs() < 30, "{piece:?} took {:?}", start.elapsed());
    }
}
