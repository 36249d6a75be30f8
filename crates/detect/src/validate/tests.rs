#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::checksum::{base62, crc32};
use super::shape::Texture;
use super::*;

/// Runs a validator on a secret that is the whole match.
fn whole(name: &str, secret: &str) -> Judgement {
    at(name, secret, secret, secret)
}

/// Runs a validator on a secret within a match within a text.
fn at(name: &str, text: &str, matched: &str, secret: &str) -> Judgement {
    let start = text.find(matched).unwrap();
    let inner = matched.rfind(secret).unwrap();
    let haystack = text.as_bytes();
    let matched = &haystack[start..start + matched.len()];
    let secret = &matched[inner..inner + secret.len()];
    by_name(name).unwrap()(&Candidate::new(secret, matched, haystack, start))
}

/// What a kept candidate's confidence became.
fn adjust(judgement: &Judgement) -> Option<Adjust> {
    match judgement {
        Judgement::Reject => None,
        Judgement::Keep { confidence, .. } => Some(*confidence),
    }
}

/// A kept candidate's note.
fn note(judgement: &Judgement) -> String {
    match judgement {
        Judgement::Keep { note: Some(note), .. } => note.clone(),
        _ => String::new(),
    }
}

#[test]
fn names_are_unique_and_found() {
    for (at, (name, _, doc)) in ALL.iter().enumerate() {
        assert!(ALL[..at].iter().all(|(other, _, _)| other != name), "{name} twice");
        assert!(by_name(name).is_some() && !doc.is_empty());
    }
    assert!(by_name("no-such-validator").is_none());
}

#[test]
fn entropy_has_its_known_values() {
    assert!(entropy(b"").abs() < 1e-9);
    assert!(entropy(b"aaaa").abs() < 1e-9);
    assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
    let all: Vec<u8> = (0..=255).collect();
    assert!((entropy(&all) - 8.0).abs() < 1e-9);
}

#[test]
fn placeholders_are_known() {
    for text in [
        "",
        "changeme",
        "CHANGE_ME",
        "change-this",
        "example",
        "sample",
        "dummy",
        "test",
        "testing123",
        "your-api-key",
        "my-secret",
        "yourApiKey",
        "xxxx",
        "XXXXXXXXXXXXXXXX",
        "****",
        "........",
        "<token>",
        "<your token here>",
        "${TOKEN}",
        "$TOKEN",
        "$(cat /run/x)",
        "{{ token }}",
        "%(password)s",
        "#{secret}",
        "[redacted]",
        "todo",
        "none",
        "null",
        "nil",
        "undefined",
        "REDACTED",
        "aaaaaaaa",
        "1234567890",
        "abcdefgh",
        "87654321",
        "password",
        "password123",
        "Passw0rd_is_not_here_changeme",
        "secret",
        "mysecretpassword",
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ghp_000000000000000000000000000000000000",
        "deadbeefdeadbeef",
        "%PASSWORD%",
        "@PASSWORD@",
        "__TOKEN__",
        "sk-...",
        "dGhpcyBpcyBub3QgYSByZWFsIHRva2Vu",
        "00000000-0000-0000-0000-000000000000",
    ] {
        assert!(is_placeholder(text.as_bytes()), "{text}");
    }
}

#[test]
fn real_looking_values_are_no_placeholders() {
    for text in [
        "q7Tz!m2Rk9vL",
        "postgres",
        "hunter2",
        "hunter2hunter2",
        "hunter2hunter2hunter2",
        "q7Zt9q7Zt9q7Zt9",
        "T1g3r74",
        "password!#@498",
        "Test@1234",
        "sl.AAAAAAAAAAAAAq7Tz2mRk9vLpX04aBcD3wEfGh5jKm8nPq",
        "Database2024!",
        "correcthorse",
        "Winter2024!",
        "Pa$$wOrt77",
        "a<b>c9Qz",
        "tr0ub4dor&3",
        "K8sTestKlm29xQ",
        "AKIAQ5Y3ZL7MNB2VTRWX",
        "5f0e9c1b7a3d4286",
        "x$y9Kq2L",
        "e3b0c44298fc1c149afbf4c8996fb924",
    ] {
        assert!(!is_placeholder(text.as_bytes()), "{text}");
    }
}

#[test]
fn textures_are_told_apart() {
    for text in [
        "password_field",
        "TokenType3",
        "scram-sha-256",
        "KafkaServiceRolePolicy",
        "get_token",
        "12345678",
        "Passwort2",
    ] {
        assert_eq!(Texture::of(text.as_bytes()), Texture::Words, "{text}");
    }
    for text in ["q7Tz!m2Rk9vL", "Winter2024!", "hunter-2-9x!"] {
        assert_eq!(Texture::of(text.as_bytes()), Texture::Mixed, "{text}");
    }
    for text in [
        "8bklk8bl1k3sB38D9B3l0enyWT8c09B3",
        "9f86d081884c7d659a2feaa0c55ad015",
        "zpsVmFTnKaPoOr",
        "lsqkcvbnmrtzxwpjhgdf",
    ] {
        assert_eq!(Texture::of(text.as_bytes()), Texture::Random, "{text}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of names")]
fn secret_names() {
    for name in [
        "PASSWORD",
        "DB_PASSWORD",
        "PGPASSWORD",
        "dbPassword",
        "POSTGRES_PASS",
        "API_KEY",
        "apiKey",
        "APIKEY",
        "SECRET",
        "CLIENT_SECRET",
        "TOKEN",
        "GITHUB_TOKEN",
        "AUTH",
        "NPM_CONFIG__AUTH",
        "CREDENTIALS",
        "AWS_SECRET_ACCESS_KEY",
        "PRIVATE_KEY",
        "privateKey",
        "SENTRY_DSN",
        "CONNECTION_STRING",
        "connectionString",
        "AZURE_DEVOPS_PAT",
        "VAULT_CLIENT_TOKEN",
        "DEEPGRAM_KEY",
        "giteaKey",
        "sonarLogin",
        "-Dsonar.login",
        "Ocp-Apim-Subscription-Key",
        "AZURE_SEARCH_KEY",
        "accessKey",
        "SMTP_PWD",
        "KEY",
        "spring.datasource.password",
        "oauth2-token",
        "REDISCLI_AUTH",
        "ENCRYPTION_KEY",
        "GPG_PASSPHRASE",
        "FILE_ENCRYPTION_KEY",
        "WPA_PSK",
        "DBPASS",
        "PGPASS",
        "MYSQLPWD",
        "LDAPBINDPW",
        "DBCREDENTIALS",
        "APITOKEN",
        "dbpass",
        "rootpw",
        "COSMOS_KEY",
        "APP_KEY",
        "SESSION_KEY",
        "HMAC_KEY",
        "ALGOLIA_ADMIN_KEY",
        "SSH_KEY",
        "JIRA_PAT",
        "GH_PAT",
        "AZURE_DEVOPS_EXT_PAT",
        "REDIS_AUTH",
        "BASIC_AUTH",
        "CREDS",
        "DSN",
        "PASSCODE",
        "RESET_TOKEN",
    ] {
        assert!(is_secret_name(name), "{name}");
    }
    for name in [
        "ClientToken",
        "AWS_CLIENT_TOKEN",
        "authenticity_token",
        "__RequestVerificationToken",
        "algolia_search_key",
        "PATH",
        "OLDPWD",
        "PASSWORD_FILE",
        "SECRET_PATH",
        "TOKEN_URL",
        "SECRET_ARN",
        "SECRET_NAME",
        "AWS_ACCESS_KEY_ID",
        "KEY_ID",
        "PUBLIC_KEY",
        "SSH_PUBLIC_KEY",
        "TOKEN_VERSION",
        "MAX_TOKENS",
        "max_new_tokens",
        "TOKENIZERS_PARALLELISM",
        "PASSWORD_MIN_LENGTH",
        "KEYBOARD",
        "MONKEY",
        "GPG_KEY",
        "GPG_KEYS",
        "SORT_KEY",
        "PASS_THROUGH",
        "COMPASS",
        "AUTHOR",
        "SSH_AUTH_SOCK",
        "libcrypto3",
        "NextToken",
        "PASSWORD_RESET_TIMEOUT",
        "token_type",
        "SECRET_KEY_PATH",
        "eos_token",
        "passwordField",
        "HOSTNAME",
        "LANG",
        "X-Amz-Credential",
        "primary_key",
        "bypass",
        "COMPASS",
        "monkey",
        "add_api_key",
        "forgotPassword",
        "ALGOLIA_SEARCH_API_KEY",
        "SUPABASE_ANON_KEY",
        "STRIPE_PUBLISHABLE_KEY",
        "hashedPassword",
    ] {
        assert!(!is_secret_name(name), "{name}");
    }
}

#[test]
fn assignments_are_judged_by_name_and_value() {
    let judge = |name: &str, value: &str| {
        judge_assignment(name, value.as_bytes())
            .map(|found| (found.confidence, value.get(found.range).unwrap_or_default().to_owned()))
    };
    assert_eq!(judge("DB_PASSWORD", "q7Tz!m2Rk9vL"), Some((Likelihood::Medium, "q7Tz!m2Rk9vL".to_owned())));
    assert_eq!(
        judge("TOKEN", "\"8bklk8bl1k3sB38D9B3l0eny\""),
        Some((Likelihood::High, "8bklk8bl1k3sB38D9B3l0eny".to_owned()))
    );
    assert_eq!(judge("POSTGRES_PASSWORD", "postgres"), Some((Likelihood::Low, "postgres".to_owned())));
    assert_eq!(
        judge("TOKEN", "${TOKEN:-8bklk8bl1k3sB38D9B3l0eny}"),
        Some((Likelihood::High, "8bklk8bl1k3sB38D9B3l0eny".to_owned()))
    );
    assert_eq!(
        judge("DATABASE_URL", "postgres://berth:8bklk8bl1k3sB38D@db.harbour.internal/berth"),
        Some((Likelihood::High, "8bklk8bl1k3sB38D".to_owned()))
    );
    for (name, value) in [
        ("DB_PASSWORD", ""),
        ("DB_PASSWORD", "changeme"),
        ("DB_PASSWORD", "$DB_PASSWORD"),
        ("DB_PASSWORD", "${DB_PASSWORD:-}"),
        ("DB_PASSWORD", "${DB_PASSWORD:-changeme}"),
        ("REQUIRE_PASSWORD", "true"),
        ("TOKEN", "3600"),
        ("API_KEY", "/run/secrets/api_key"),
        ("PRIVATE_KEY", "./key.pem"),
        ("TOKEN", "https://id.harbour.internal/token"),
        ("AUTH", "basic"),
        ("HOME", "q7Tz!m2Rk9vL"),
        ("PASSWORD_FILE", "q7Tz!m2Rk9vL"),
        ("GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D"),
        ("DB_SECRET", "arn:aws:secretsmanager:eu-west-1:1:x"),
        ("DATABASE_URL", "postgres://db.harbour.internal/berth"),
        ("SECRET", "op://vault/item/field"),
    ] {
        assert_eq!(judge(name, value), None, "{name}={value}");
    }
}

#[test]
fn assignment_value_wants_proof() {
    let found = |text: &str, matched: &str, secret: &str| {
        at("assignment-value", text, matched, secret) != Judgement::Reject
    };
    assert!(found("DB_PASSWORD=q7Tz!m2Rk9vL\n", "PASSWORD=q7Tz!m2Rk9vL", "q7Tz!m2Rk9vL"));
    assert!(found("password: 'q7Tz!m2Rk9vL'", "password: 'q7Tz!m2Rk9vL", "q7Tz!m2Rk9vL"));
    // The quote does not close, the value goes on, the name is a type's, or about something else.
    assert!(!found("password: 'q7Tz!m2Rk9vL\"", "password: 'q7Tz!m2Rk9vL", "q7Tz!m2Rk9vL"));
    assert!(!found("f(password=q7Tz!m2Rk9vL)", "password=q7Tz!m2Rk9vL", "q7Tz!m2Rk9vL"));
    assert!(!found(
        "\"AWS::IAM::AccessKey\": \"62d91b17309e76c8\"",
        "AccessKey\": \"62d91b17309e76c8",
        "62d91b17309e76c8"
    ));
    assert!(!found("password_length='q7Tz!m2Rk9vL'", "password_length='q7Tz!m2Rk9vL", "q7Tz!m2Rk9vL"));
    assert!(!found("badge.svg?token=Z92NHFQ70G\n", "token=Z92NHFQ70G", "Z92NHFQ70G"));
    assert!(!found(
        "password = settings.DB_PASSWORD\n",
        "password = settings.DB_PASSWORD",
        "settings.DB_PASSWORD"
    ));
}

#[test]
fn account_ids_decode() {
    let digits = |account: u64| -> String {
        // 80 bits: one bit of no meaning here, 40 of the account, 39 of noise.
        let bits = u128::from(account) << 39 | 0x1234_5678_u128 | 1 << 79;
        (0..16)
            .rev()
            .map(|at| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(bits >> (5 * at) & 31) as usize]))
            .collect()
    };
    for account in [1, 123_456_789_012, 999_999_999_999] {
        let judgement = whole("aws-account-id", &format!("AKIA{}", digits(account)));
        assert_eq!(note(&judgement), format!("account {account:012}"));
    }
    assert_eq!(whole("aws-account-id", "AKIAJ5C56P35AEBRX2QQ"), Judgement::keep());
    assert_eq!(whole("aws-account-id", "AKIA"), Judgement::Reject);
}

#[test]
fn aws_secret_keys_end_and_look_random() {
    let key = "q7TzAm2Rk9vLx0PdWc4HsYb1NfGe8JiUoK5/+Z3t";
    assert_eq!(adjust(&at("aws-secret-key", &format!("{key}\n"), key, key)), Some(Adjust::Same));
    assert_eq!(at("aws-secret-key", &format!("{key}AB=="), key, key), Judgement::Reject);
    assert_eq!(whole("aws-secret-key", "da39a3ee5e6b4b0d3255bfef95601890afd80709"), Judgement::Reject);
    assert_eq!(whole("aws-secret-key", "process/environment/Variables/from/shell"), Judgement::Reject);
}

#[test]
fn checksums() {
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    let random = "q7TzAm2Rk9vLx0PdWc4HsYb1NfGe8J";
    let sum = String::from_utf8(base62(crc32(random.as_bytes())).to_vec()).unwrap();
    assert_eq!(adjust(&whole("crc32-base62", &format!("ghp_{random}{sum}"))), Some(Adjust::Raise));
    assert_eq!(adjust(&whole("crc32-base62", &format!("ghp_{random}000000"))), Some(Adjust::Lower));
    assert_eq!(whole("crc32-base62", "ghp_1"), Judgement::Reject);
}

#[test]
fn jwts() {
    let token = |header: &str, claims: &str| {
        let signature = "q3VdT8yWnA2RbZ0xGfUoP6sLhEeJc71MvtYaQi9B5xR";
        format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    };
    let signed = whole(
        "jwt",
        &token(r#"{"alg":"RS256"}"#, r#"{"iss":"https://id.harbour.internal","exp":1767225600}"#),
    );
    assert_eq!(
        note(&signed),
        "alg RS256, issuer https://id.harbour.internal, expires at Unix time 1767225600"
    );
    let issuer = r#"{"iss":"https://id.harbour.internal"}"#;
    assert_eq!(whole("jwt", &token(r#"{"alg":"none"}"#, issuer)), Judgement::Reject);
    let faked = format!(
        "{}.{}.fakesignature",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#),
        URL_SAFE_NO_PAD.encode(issuer)
    );
    assert_eq!(whole("jwt", &faked), Judgement::Reject);
    assert_eq!(whole("jwt", &token(r#"{"alg":"HS256"}"#, r#"{"a":"b"}"#)), Judgement::Reject);
    assert_eq!(whole("jwt", &token(r#"{"alg":"HS256"}"#, r#"{"role":"anon"}"#)), Judgement::Reject);
    assert_eq!(whole("jwt", &token("not json", "{}")), Judgement::Reject);
    // What a key of Qdrant says; one that was cut.
    assert_ne!(whole("jwt", &token(r#"{"alg":"HS256"}"#, r#"{"access":"m"}"#)), Judgement::Reject);
    assert_eq!(whole("jwt", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI."), Judgement::Reject);
    assert_eq!(whole("jwt", &token(r#"{"typ":"JWT"}"#, r#"{"iss":"a"}"#)), Judgement::Reject);
    assert_eq!(
        whole("jwt", &token(r#"{"alg":"HS256"}"#, r#"{"sub":"1234567890","name":"John Doe"}"#)),
        Judgement::Reject
    );
    // What a token says is shown as plain text only.
    let odd = whole("jwt", &token(r#"{"alg":"HS\u001b[31m"}"#, r#"{"iss":"a\nb.harbour"}"#));
    assert!(!note(&odd).contains(['\u{1b}', '\n']));
}

#[test]
fn pem_bodies() {
    let der = |length: u16, kept: usize| {
        let mut bytes = vec![0x30, 0x82];
        bytes.extend(length.to_be_bytes());
        bytes.extend((0..length).map(|at| (u32::from(at).wrapping_mul(2_654_435_761) >> 13) as u8));
        bytes.truncate(kept);
        STANDARD.encode(bytes)
    };
    let pem = |header: &str, body: &str| {
        at("pem-body", &format!("{header}\n{body}"), &format!("{header}\n{body}"), body)
    };
    assert_eq!(adjust(&pem("-----BEGIN RSA PRIVATE KEY-----", &der(600, 604))), Some(Adjust::Raise));
    assert_eq!(note(&pem("-----BEGIN RSA PRIVATE KEY-----", &der(600, 400))), "the key is cut short");
    // What is left of it is public.
    assert_eq!(pem("-----BEGIN RSA PRIVATE KEY-----", &der(600, 200)), Judgement::Reject);
    assert_eq!(
        note(&pem("-----BEGIN ENCRYPTED PRIVATE KEY-----", &der(600, 604))),
        "the key is under a passphrase"
    );
    assert_eq!(pem("-----BEGIN PRIVATE KEY-----", "MIIE"), Judgement::Reject);
    assert_eq!(pem("-----BEGIN PRIVATE KEY-----", &"MIIE".repeat(30)), Judgement::Reject);
    let other = "the body is not of the format that its header names";
    assert_eq!(note(&pem("-----BEGIN OPENSSH PRIVATE KEY-----", &der(600, 604))), other);
    assert_eq!(
        note(&pem("-----BEGIN RSA PRIVATE KEY-----", der(600, 604).get(8..).unwrap_or_default())),
        other
    );
    assert_eq!(
        pem("-----BEGIN RSA PRIVATE KEY-----", der(600, 604).get(8..60).unwrap_or_default()),
        Judgement::Reject
    );
    let words = STANDARD.encode("the harbour master keeps the key of the crane in the desk".repeat(4));
    assert_eq!(pem("-----BEGIN RSA PRIVATE KEY-----", &words), Judgement::Reject);
    let escaped = der(600, 604)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect::<Vec<_>>();
    assert_eq!(adjust(&pem("-----BEGIN RSA PRIVATE KEY-----", &escaped.join("\\n"))), Some(Adjust::Raise));
    assert_eq!(
        adjust(&pem("-----BEGIN RSA PRIVATE KEY-----", &escaped.join("\\n\" +\n  \""))),
        Some(Adjust::Raise)
    );
    let wrapped = STANDARD.encode(format!("-----BEGIN PRIVATE KEY-----\n{}\n", der(600, 604)));
    assert_eq!(adjust(&whole("pem-base64", &wrapped)), Some(Adjust::Raise));
    assert_eq!(whole("pem-base64", &der(600, 604)), Judgement::Reject);
}

#[test]
fn connection_strings() {
    let dsn = |text: &str, secret: &str| at("dsn-password", text, text, secret);
    assert_eq!(
        adjust(&dsn("postgres://a1:8bklk8bl1k3sB38D@db.harbour.internal/x", "8bklk8bl1k3sB38D")),
        Some(Adjust::Raise)
    );
    // A documented default for what runs beside it.
    assert_eq!(adjust(&dsn("postgres://berth:postgres@localhost/x", "postgres")), None);
    assert_eq!(adjust(&dsn("redis://:q7Tz!m2Rk9vL@cache:6379", "q7Tz!m2Rk9vL")), Some(Adjust::Same));
    assert_eq!(
        adjust(&dsn("Server=db.harbour.internal;User Id=sa;Password=q7Tz!m2Rk9vL", "q7Tz!m2Rk9vL")),
        Some(Adjust::Same)
    );
    // What is random is a password, though a template stands beside it.
    let templated = "Server={host};User Id={user};Password=3GGb62XfnnlbKpHr4tQz";
    assert_ne!(dsn(templated, "3GGb62XfnnlbKpHr4tQz"), Judgement::Reject);
    assert_ne!(dsn("mongodb://testuser:hub24aoeu@berth.harbour.internal/x", "hub24aoeu"), Judgement::Reject);
    for (text, secret) in [
        ("postgres://user:password@localhost/x", "password"),
        ("postgres://testuser:harbour24@berth.harbour.internal/x", "harbour24"),
        ("Server={host};User Id={user};Password=harbour24", "harbour24"),
        ("postgresql://scott:tiger@localhost/test", "tiger"),
        ("amqp://guest:guest@localhost//", "guest"),
        ("mysql://berth:${PW}@db/x", "${PW}"),
        ("mysql://%s:%s@db/x", "%s"),
        ("mongodb://u:{{pw}}@db/x", "{{pw}}"),
        ("mysql://berth:hunter99@example.com/x", "hunter99"),
    ] {
        assert_eq!(dsn(text, secret), Judgement::Reject, "{text}");
    }
}

#[test]
fn encoded_logins() {
    let encode = |pair: &str| STANDARD.encode(pair);
    assert_eq!(adjust(&whole("basic-auth", &encode("pilot:q7Tz!m2Rk9vL"))), Some(Adjust::Same));
    assert_eq!(adjust(&whole("docker-auth", &encode("pilot:q7Tz!m2Rk9vL"))), Some(Adjust::Raise));
    assert!(note(&whole("docker-auth", &encode("AWS:eyJwYXlsb2FkIjoi"))).starts_with("an ECR login"));
    for pair in ["username:password", "nopair", ":x", "\u{1}\u{2}:abcdef", "Aladdin:open sesame"] {
        assert_eq!(whole("basic-auth", &encode(pair)), Judgement::Reject, "{pair}");
    }
    assert_eq!(whole("basic-auth", "not base64!"), Judgement::Reject);
}

#[test]
fn discord_tokens_begin_with_an_id() {
    let tail = ".GmgaMH.nQozUYZdYm4xpOM2N2z3UuxpF6ZNAfI9BCmc9b";
    for id in ["10203040506070809", "482915736028461937", "1187265340918273645"] {
        let token = STANDARD.encode(id).trim_end_matches('=').to_owned() + tail;
        assert_eq!(adjust(&whole("discord-token", &token)), Some(Adjust::Raise), "{id}");
    }
    for head in ["MTA4q3VdT8yWnA2RbZ0xGfUo", "MTA", ""] {
        assert_eq!(whole("discord-token", &format!("{head}{tail}")), Judgement::Reject, "{head}");
    }
}

#[test]
fn keys_between_armour_are_left_to_their_detectors() {
    let key = "MC4CAQAwBQYDK2VwBCIEIKq3VdT8yWnA2RbZ0xGfUoP6sLhEeJc71MvtYaQi9B5x";
    assert_eq!(whole("unarmoured", key), Judgement::keep());
    let armoured = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
    assert_eq!(at("unarmoured", &armoured, key, key), Judgement::Reject);
}

proptest! {
    #[test]
    fn random_tokens_are_no_placeholders(token in "[A-Za-z0-9]{20,64}") {
        prop_assert!(!is_placeholder(token.as_bytes()));
    }

    #[test]
    fn entropy_is_bounded(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let bits = entropy(&bytes);
        prop_assert!((-1e-9..=8.0 + 1e-9).contains(&bits));
        prop_assert!(bits <= (bytes.len().max(1) as f64).log2() + 1e-9);
    }

    #[test]
    fn validators_take_any_bytes(
        before in proptest::collection::vec(any::<u8>(), 0..100),
        head in proptest::collection::vec(any::<u8>(), 0..40),
        secret in proptest::collection::vec(any::<u8>(), 0..120),
        tail in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let haystack = [before.as_slice(), &head, &secret, &tail].concat();
        let start = before.len();
        let matched = &haystack[start..start + head.len() + secret.len()];
        let candidate = Candidate::new(&matched[head.len()..], matched, &haystack, start);
        for (_, validator, _) in ALL {
            let _ = validator(&candidate);
        }
        let _ = is_placeholder(&secret);
    }

    #[test]
    fn judgements_need_a_bounded_context(
        lead in "[ -~\n]{0,40}",
        name in "(password|api_key|token)",
        value in "[A-Za-z0-9!]{8,30}",
        noise in "[ -~\n]{0,200}",
    ) {
        let matched = format!("{name}='{value}");
        let near = format!("{lead}\n{matched}'\n");
        let pad = "y".repeat(CONTEXT) + &noise;
        let far = format!("{noise}{}\n{lead}\n{matched}'\n{pad}", " ".repeat(CONTEXT));
        let judge = |text: &str, start: usize| {
            let haystack = text.as_bytes();
            let matched = &haystack[start..start + matched.len()];
            let secret = &matched[name.len() + 2..];
            by_name("assignment-value").unwrap()(&Candidate::new(secret, matched, haystack, start))
        };
        let far_start = noise.len() + CONTEXT + 1 + lead.len() + 1;
        prop_assert_eq!(judge(&near, lead.len() + 1), judge(&far, far_start));
    }

    #[test]
    fn named_secrets_lie_within_the_value(name in "[A-Z_]{0,12}(PASSWORD|TOKEN|KEY)", value in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Some(found) = judge_assignment(&name, &value) {
            prop_assert!(found.range.start <= found.range.end && found.range.end <= value.len());
        }
    }

    #[test]
    fn notes_never_quote_the_secret(secret in "[A-Za-z0-9!/+]{12,60}") {
        for (name, validator, _) in ALL {
            let text = format!("postgres://berth:{secret}@db.harbour.internal/x");
            let haystack = text.as_bytes();
            let candidate = Candidate::new(&haystack[17..17 + secret.len()], haystack, haystack, 0);
            prop_assert!(!note(&validator(&candidate)).contains(&secret), "{}", name);
        }
    }
}

#[test]
fn what_is_a_placeholder_anywhere() {
    for text in ["", "xxxx", "${TOKEN}", "<token>", "password", "your-password", "changeme123"] {
        assert!(is_plain_placeholder(text.as_bytes()), "{text}");
    }
    for text in ["pass123", "password1", "secret!", "q7Tz!m2Rk9vL"] {
        assert!(!is_plain_placeholder(text.as_bytes()), "{text}");
    }
}

#[test]
fn keys_in_which_no_character_repeats_are_no_alphabets() {
    let judged = |value: &str| {
        let matched = format!("client_secret={value}");
        at("assignment-value", &format!("{matched}\n"), &matched, value) != Judgement::Reject
    };
    assert!(judged("4f7Qa2mZ9xL3vR8kN1sD6wC5hJ0pByTu"));
    assert!(!judged("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"));
    assert!(!judged("ybndrfg8ejkmcpqxot1uwisza345h769"));
    assert!(!judged("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"));
}

#[test]
fn passwords_of_words_and_what_only_looks_like_them() {
    let judged = |name: &str, value: &str| {
        let matched = format!("{name} = \"{value}");
        at("assignment-value", &format!("{matched}\"\n"), &matched, value)
    };
    for value in ["segel-boot-88", "Monsun_2023", "Wolke7Himmel", "blau.kran.1974", "{noop}Monsun-2023"] {
        assert_eq!(adjust(&judged("db_password", value)), Some(Adjust::Raise), "{value}");
    }
    // Terms of code, labels, a version, one word and a digit, words alone.
    for value in [
        "pbkdf2-sha256-2000",
        "Sha512Crypt",
        "user_field_22",
        "Base64Encoder",
        "test-user-01",
        "Passwort2",
        "1.2.3-beta4",
        "step-22-new",
        "kran-blau-rot",
        "Utf8String",
    ] {
        assert_ne!(adjust(&judged("db_password", value)), Some(Adjust::Raise), "{value}");
    }
    // Another name than a password's is given a label as often.
    assert_eq!(judged("client_secret", "segel-boot-88"), Judgement::Reject);
}

#[test]
fn users_of_services_stand_beside_real_passwords() {
    let judged = |text: &str, secret: &str| at("dsn-password", text, text, secret);
    let url = "redis://default:hafenstadt77@cache.harbour.internal:6379";
    assert_ne!(adjust(&judged(url, "hafenstadt77")), None);
    assert_eq!(judged("postgres://user:sample77@db.harbour.internal/x", "sample77"), Judgement::Reject);
}

#[test]
fn what_a_browser_is_given_and_what_never() {
    assert_eq!(name_kind(b"NEXT_PUBLIC_SITE_KEY"), NameKind::Harmless);
    assert_eq!(name_kind(b"NEXT_PUBLIC_API_TOKEN"), NameKind::Harmless);
    assert_ne!(name_kind(b"NEXT_PUBLIC_SUPABASE_SERVICE_ROLE_KEY"), NameKind::Harmless);
    assert_ne!(name_kind(b"NEXT_PUBLIC_ADMIN_TOKEN"), NameKind::Harmless);
}
