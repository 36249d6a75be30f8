#![allow(clippy::unwrap_used)]

use super::*;

/// Judges a value in quotes under a name in a file of code.
fn judged(name: &str, value: &str) -> Judgement {
    given(name, Quoting::Quoted, FileKind::Code, value)
}

fn given(name: &str, quoting: Quoting, kind: FileKind, value: &str) -> Judgement {
    let text = format!("{name} = \"{value}\"\n");
    let matched = &text.as_bytes()[..text.len() - 2];
    let secret = &matched[name.len() + 4..];
    let reading = Some((name.as_bytes(), quoting));
    let candidate = Candidate { secret, matched, haystack: text.as_bytes(), start: 0, kind, reading };
    by_name("assignment-value").unwrap()(&candidate)
}

fn raised(judgement: &Judgement) -> bool {
    matches!(judgement, Judgement::Keep { confidence: Adjust::Raise, .. })
}

#[test]
fn passwords_without_the_look_of_one() {
    for value in ["qvzrwmxkd", "monsunlaterne7", "monsun.kiel88", "kran.blau1974"] {
        assert!(raised(&judged("password", value)), "{value}");
    }
    // A label, a short name of a field, a path in code, a rule, a word.
    for value in ["wachtwoord2", "pwdfldnmx", "user.field22", "login.title12", "a-z0-9!@#%", "monsunhafen"] {
        assert!(!raised(&judged("password", value)), "{value}");
    }
}

#[test]
fn uuids_are_no_ranges_of_characters() {
    for value in ["3c8f903d-d2fa-4f70-91fb-5ccc2e56b2d3", "af392140-94b2-472a-b189-d27e4f6c9f46"] {
        assert!(raised(&judged("opsgenie_api_key", value)), "{value}");
    }
    for value in ["[0-9]{4}-abcdeF", "a-zA-Z0-9+/xyQ7"] {
        assert_eq!(judged("api_key", value), Judgement::Reject, "{value}");
    }
}

#[test]
fn what_code_decodes_is_a_key_under_a_name_of_two_words() {
    let hex = "34607283f420f511245f1de0672fd04d61481fad339fb340119767194c080ecb";
    let decoded = |name: &str, kind| given(name, Quoting::Decoded, kind, hex);
    for name in ["AES_KEY", "encryptionKey", "signing_key"] {
        assert!(raised(&decoded(name, FileKind::Code)), "{name}");
    }
    for name in ["key", "public_key", "EXPECTED_KEY", "peer_key", "sort_key"] {
        assert!(!raised(&decoded(name, FileKind::Code)), "{name}");
    }
    assert!(!raised(&decoded("AES_KEY", FileKind::Test)));
}

#[test]
fn passwords_that_sentences_tell() {
    let told = |value: &str, kind| {
        let text = format!("The password is {value}\n");
        let matched = &text.as_bytes()[..text.len() - 1];
        let secret = &matched["The password is ".len()..];
        let candidate =
            Candidate { secret, matched, haystack: text.as_bytes(), start: 0, kind, reading: None };
        by_name("told-password").unwrap()(&candidate)
    };
    for value in ["q7TzOmR4KADx", "Monsun2023!", "kiel-hafen-88", "laterne7573"] {
        assert_eq!(told(value, FileKind::Prose), Judgement::keep(), "{value}");
    }
    for value in [
        "case-sensitive",
        "sha512crypt",
        "version22",
        "https://a.b/c1",
        "pilot1@harbour.internal",
        "v2.1.0-rc3",
        "$2b$12$abcDEF123456",
    ] {
        assert_eq!(told(value, FileKind::Prose), Judgement::Reject, "{value}");
    }
    assert_eq!(told("q7TzOmR4KADx", FileKind::Test), Judgement::Reject);
}

#[test]
fn logins_beside_a_host_that_is_filled_in() {
    let judged = |text: &'static str, secret: &str| {
        let at = text.find(secret).unwrap();
        let secret = &text.as_bytes()[at..at + secret.len()];
        by_name("dsn-password").unwrap()(&Candidate::new(secret, text.as_bytes(), text.as_bytes(), 0))
    };
    assert_eq!(judged("postgres://pilot:monsun2023@{host}/berth", "monsun2023"), Judgement::keep());
    assert_eq!(judged("postgres://user:monsun2023@{host}/berth", "monsun2023"), Judgement::Reject);
    assert_eq!(judged("postgres://{user}:monsun2023@{host}/berth", "monsun2023"), Judgement::Reject);
}

#[test]
fn what_people_choose_in_code() {
    for (name, value) in [
        ("password", "kamil84"),
        ("password", "monsun7"),
        ("dbPassword", "RjGRHBgyuT"),
        ("password", "134679852"),
        ("JWT_SECRET", "Monsun.2065"),
        ("app.secret_key", "quayside417"),
        ("jwtKey", "kwyab01276"),
        ("JWT_SECRET", "kestrelonthequay"),
        ("apiKey", "7BOODSL7SEMHLAU2"),
        ("aesKey", "674ba556661d6eda0a547df53330e522"),
    ] {
        assert!(raised(&judged(name, value)), "{name} = {value}");
    }
    for (name, value) in [
        ("password", "field2"),
        ("password", "string1"),
        ("passwordLabel", "monsun7"),
        ("SECRET_KEY", "dasha.secretOpened"),
        ("STORAGE_KEY", "my-app.state.v2"),
        ("jwtSecret", "JWT_SECRET"),
        ("secret", "app-tls-2024"),
        ("session_key", "checkout_step_2"),
    ] {
        assert!(!raised(&judged(name, value)), "{name} = {value}");
    }
}

#[test]
fn numbers_and_chosen_secrets_in_settings() {
    let config = |name: &str, quoting, value: &str| raised(&given(name, quoting, FileKind::Config, value));
    assert!(config("db_password", Quoting::Quoted, "4821"));
    assert!(config("DB_PASSWORD", Quoting::Environment, "4821"));
    assert!(config("jwt.secret", Quoting::Environment, "monsun2031"));
    assert!(config("secret", Quoting::Line, "monsun2031"));
    for (name, value) in
        [("max_password", "4096"), ("password", "1234"), ("password_history", "2408"), ("pass", "1024")]
    {
        assert!(!config(name, Quoting::Quoted, value), "{name} = {value}");
    }
    assert!(!config("password", Quoting::Line, "4821"));
    assert!(!config("secret", Quoting::Line, "app-tls-2024"));
}

#[test]
fn arguments_are_passwords_by_their_look_alone() {
    let argument = |value: &str, kind| {
        let candidate =
            Candidate { kind, ..Candidate::new(value.as_bytes(), value.as_bytes(), value.as_bytes(), 0) };
        by_name("argument").unwrap()(&candidate)
    };
    for value in ["sailor757", "Monsun.1999", "q7TzKm2Rk9vLpX04", "menhm8na", "p0sfjw@k&qmewu#w"] {
        assert_ne!(argument(value, FileKind::Code), Judgement::Reject, "{value}");
    }
    for value in [
        "HS256",
        "sha256",
        "utf8",
        "aes-256-cbc",
        "db2.harbour.internal",
        "10.0.0.8",
        "pilot@harbour.internal",
        "message2",
        "https://harbour.internal/v2",
        "password123",
        "kestrel",
        "${PASSWORD}",
        "/v1/index2",
    ] {
        assert_eq!(argument(value, FileKind::Code), Judgement::Reject, "{value}");
    }
    assert!(matches!(
        argument("sailor757", FileKind::Test),
        Judgement::Keep { confidence: Adjust::Lower, .. }
    ));
}
