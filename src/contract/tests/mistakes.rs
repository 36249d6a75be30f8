//! Every kind of mistake, and how it is shown.

use super::*;

/// The diagnostics of every contract, one after the other.
fn show(mistakes: &[&str]) -> String {
    let mut out = String::new();
    for text in mistakes {
        let error = parse(text).expect_err(text);
        out.push_str(&error.render(false));
        out.push_str("\n────────\n\n");
    }
    out
}

fn snapshot(name: &str, shown: &str) {
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, shown) });
}

#[test]
fn toml_itself() {
    snapshot(
        "toml_itself",
        &show(&[
            "version = 1\n[image\nname = \"x\"\n",
            "version = 1\n[image]\nname = \"x\nreference = \"y\"\n",
            "version = 1\nversion = 1\n",
            "version = 1\n[image]\nname = \"a\"\n[image]\nname = \"b\"\n",
            "version = 1\n[image]\nname = \"x\"\n[policy\nfail_on = \"low\"\n",
            "version = 1\n[image]\nname: nginx\n",
            "version = 1\n[image]\nname = nginx\n[policy]\nfail_on = \"hihg\"\n",
            "version = 1\n[[secrets]]\nhandle = \"A\"\nvariables = [\"A\",\nparameter = \"/a\"\n",
        ]),
    );
}

#[test]
fn versions() {
    snapshot(
        "versions",
        &show(&[
            "",
            "[image]\nname = \"x\"\n",
            "version = 2\n[ship]\nname = \"x\"\n",
            "version = -1\n",
            "version = \"1\"\n",
            "version = 1.0\n",
        ]),
    );
}

#[test]
fn keys() {
    snapshot(
        "keys",
        &show(&[
            "version = 1\n[image]\nrefernce = \"x\"\n",
            "version = 1\n[images]\nname = \"x\"\n",
            "version = 1\nfail_on = \"low\"\n",
            "version = 1\n[policy]\nimage = {}\n",
            "version = 1\n[policy]\ncolour = 3\n",
            "version = 1\n[limits]\nmax-layer-bytes = 3\n",
            "version = 1\n[image]\n\"\\u001b[31m\" = 3\n",
            "version = 1\n[gate]\nrequire = [\"wiring\"]\n",
            "version = 1\n[[provenance.profiles]]\nversion = \"v1\"\n",
        ]),
    );
}

#[test]
fn types() {
    snapshot(
        "types",
        &show(&[
            "version = 1\nimage = \"x\"\n",
            "version = 1\n[[image]]\nname = \"x\"\n",
            "version = 1\n[image]\nname = 3\n",
            "version = 1\n[secrets.DB_PASSWORD]\nparameter = \"/a\"\n",
            "version = 1\nsecrets = [\"DB_PASSWORD\"]\n",
            "version = 1\n[rules]\ndisable = [\"private-key\"]\n",
            "version = 1\n[rules]\ndirectories = \"rules\"\n",
            "version = 1\n[[secrets]]\nhandle = \"A\"\nparameter = \"/a\"\nrequired = \"yes\"\nvariables = [1, \"B\", true]\n",
            "version = 1\n[[accept]]\ncheck = \"SW301\"\npath = \"a\"\nreason = \"long enough a reason\"\nexpires = 2027-01-31\n",
            "version = 1\n[limits]\nmax_layer_bytes = \"8 GiB\"\nmax_pax_bytes = 1.5\n",
        ]),
    );
}

#[test]
fn values() {
    snapshot(
        "values",
        &show(&[
            "version = 1\n[policy]\nfail_on = \"hgih\"\n",
            "version = 1\n[policy]\nfail_on = \"never\"\n",
            "version = 1\n[limits]\nmax_layer_bytes = 0\nmax_total_bytes = -1\nmax_path_bytes = 99999999999999999999999\n",
            "version = 1\n[evidence]\ndirectory = \" \"\nphase_id = \"../up\"\n",
            "version = 1\n[image]\nname = \"\"\nreference = \"a\\nb\"\ndockerfile = \"\"\n",
            "version = 1\n[rules]\ndirectories = [\"ok\", \"\"]\n",
            "version = 1\n[[rules.disable]]\ndetector = \"Private Key\"\nreason = \"because\"\nexpires = \"soon\"\n[[rules.disable]]\n",
            "version = 1\n\
         [[rules.disable]]\ndetector = \"jwt\"\nreason = \"long enough a reason\"\nexpires = \"2027-01-31\"\n\
         [[rules.disable]]\ndetector = \"jwt\"\nreason = \"long enough a reason\"\nexpires = \"2027-01-31\"\n",
        ]),
    );
}

#[test]
fn secrets() {
    snapshot(
        "secrets",
        &show(&[
            "version = 1\n[[secrets]]\n",
            "version = 1\n[[secrets]]\nhandle = \"DB PASSWORD\"\nparameter = \"app/db\"\nvariables = [\"1PASSWORD\", \"DB-PASSWORD\"]\n",
            "version = 1\n\
         [[secrets]]\nhandle = \"A\"\nparameter = \"/a\"\nvariables = [\"PGPASSWORD\"]\n\
         [[secrets]]\nhandle = \"A\"\nparameter = \"/b\"\nvariables = [\"PGPASSWORD\", \"B\", \"B\"]\n",
            "version = 1\n\
         [[secrets]]\nhandle = \"A\"\nparameter = \"/a//b\"\n\
         [[secrets]]\nhandle = \"B\"\nparameter = \"/a/\"\n\
         [[secrets]]\nhandle = \"C\"\nparameter = \"/a b\"\n\
         [[secrets]]\nhandle = \"D\"\nparameter = \"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16\"\n\
         [[secrets]]\nhandle = \"E\"\nparameter = \"arn:aws:ssm:eu-west-2:1:parameter/a\"\n",
        ]),
    );
}

#[test]
fn accepting() {
    snapshot(
        "accepting",
        &show(&[
            "version = 1\n[[accept]]\n",
            "version = 1\n[[accept]]\ncheck = \"SW301\"\nreason = \"long enough a reason\"\nexpires = \"2027-01-31\"\n",
            "version = 1\n[[accept]]\ncheck = \"301\"\npath = \"a[\"\nfingerprint = \"ABC\"\nreason = \"       ok     \"\nexpires = \"2027-02-29\"\n",
            "version = 1\n[[accept]]\ncheck = \"SW301\"\npath = \"/app/**\"\nreason = \"long enough a reason\"\nexpires = \"31.01.2027\"\n",
        ]),
    );
}

/// The one place where a secret is likely to be written into a contract by mistake: it must not be shown.
#[test]
fn secrets_in_the_contract_are_masked() {
    let shown = show(&[
        "version = 1\n[fingerprints]\nkey = \"c0ffeeHunter2\"\n",
        "version = 1\n[fingerprints]\nkey_env = \"c0ffeeHunter2\"\n",
        "version = 1\n[fingerprints]\nkey_env = \"\"\"c0ffee\nHunter2\"\"\"\n",
        "version = 1\n[fingerprints]\npepper = \"c0ffeeHunter2\n",
        "version = 1\n[fingerprints]\nkey_env = c0ffeeHunter2\n",
        "version = 1\n[fingerprints]\nkey: c0ffeeHunter2\n",
        "version = 1\n[fingerprints]\nc0ffeeHunter2\n",
        "version = 1\nfingerprints = { password = \"c0ffeeHunter2\" }\n",
        "version = 1\nfingerprints = \"c0ffeeHunter2\"\n",
        "version = 1\n[[secrets]]\nhandle = \"A\"\nparameter = \"/a\"\nvalue = \"c0ffeeHunter2\"\ninitial = \"c0ffeeHunter2\"\n",
        "version = 1\n[image]\nregistry_token = \"c0ffeeHunter2\"\n",
    ]);
    assert!(!shown.contains("Hunter2"), "{shown}");
    snapshot("masked", &shown);
}

#[test]
fn errors_in_words_and_debug_hold_no_values() {
    let error =
        parse("version = 1\n[fingerprints]\nkey = \"Hunter2\"\n[image]\nname = [\"Hunter2\"]\n").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("Hunter2"));
    let contract = parse("version = 1\n# Hunter2\n").unwrap();
    assert!(!format!("{contract:?}").contains("Hunter2"));
}

#[test]
fn all_mistakes_are_counted_and_the_first_fifty_shown() {
    let text = format!("version = 1\n[limits]\n{}", "x = 1\n".repeat(3));
    assert_eq!(parse(&text).unwrap_err().diagnostics().len(), 2, "each repetition is a mistake");
    let keys: String = (0..60).map(|i| format!("unknown_number_{i} = 1\n")).collect();
    let error = parse(&format!("version = 1\n{keys}")).unwrap_err();
    assert_eq!(error.diagnostics().len(), 60);
    assert!(error.render(false).ends_with("error: and 10 more in project/seaworthy.toml\n"));
}

#[test]
fn color_is_a_choice() {
    let error = parse("version = 2").unwrap_err();
    assert!(error.render(true).contains("\u{1b}["));
    assert!(!error.render(false).contains('\u{1b}'));
}
