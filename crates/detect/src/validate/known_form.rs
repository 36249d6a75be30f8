//! Values that are public, encrypted or one-way by their form, and versions.

/// What is public, encrypted or one-way by its form: hashes, ciphertext, publishable keys.
pub(super) fn is_known_form(value: &[u8]) -> bool {
    const STARTS: &[&str] = &[
        // Hashes.
        "$2a$",
        "$2b$",
        "$2y$",
        "$1$",
        "$5$",
        "$6$",
        "$y$",
        "$7$",
        "$gy$",
        "$apr1$",
        "$argon2",
        "$pbkdf2",
        "$scrypt",
        "$P$",
        "$H$",
        "$S$",
        "{SSHA",
        "{SHA",
        "{MD5}",
        "{CRYPT}",
        "{bcrypt}",
        "{noop}",
        "{pbkdf2}",
        "{scrypt}",
        "{argon2}",
        "pbkdf2_sha",
        "pbkdf2:",
        "scrypt:",
        "bcrypt$",
        "bcrypt_sha256$",
        "argon2$",
        "sha1$",
        "sha256$",
        "sha512$",
        "md5$",
        "sha1:",
        "sha256:",
        "sha384:",
        "sha512:",
        "sha1-",
        "sha256-",
        "sha384-",
        "sha512-",
        "SCRAM-SHA-",
        "md5:",
        "blake2b-",
        // Ciphertext.
        "ENC(",
        "ENC[",
        "{cipher}",
        "vault:v",
        "encrypted:",
        "AQICAH",
        "!encrypted",
        "ciphertext:",
        "gpg:",
        "age:",
        "AGE-ENC",
        "{aes}",
        "{AES}",
        "DEC::",
        "$ANSIBLE_VAULT",
        "secure:",
        "enc:",
        // Keys that are made to be published.
        "pk.eyJ",
        "pk_live_",
        "pk_test_",
        "phc_",
        "sb_publishable_",
        "ssh-rsa",
        "ssh-ed25519",
        // SubjectPublicKeyInfo of RSA and of elliptic curves, in base64.
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GN",
        "MIIBIjANBgkqhkiG9w0BAQEFAAOC",
        "MIICIjANBgkqhkiG9w0BAQEFAAOC",
        "MFkwEwYHKoZIzj0CAQ",
        "MHYwEAYHKoZIzj0CAQ",
        "MCowBQYDK2VwAyEA",
        "AAAAB3NzaC1",
        "AAAAC3NzaC1",
        "AIza",
        "npm:",
        "workspace:",
        "pkg:",
        "urn:",
        "did:",
    ];
    let first = value.first().copied();
    let starts = STARTS.iter().any(|s| s.bytes().next() == first && value.starts_with(s.as_bytes()));
    let md5 = value.len() == 35 && value.starts_with(b"md5") && value[3..].iter().all(u8::is_ascii_hexdigit);
    // A point of P-256 in base64 without padding: the public key of web push.
    let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let point = value.len() == 87 && value.starts_with(b"B") && value.iter().all(word);
    // A token that says itself what it is has a detector of its own, which knows its examples.
    let jwt = value.starts_with(b"eyJ") && value.contains(&b'.');
    starts
        || md5
        || point
        || jwt
        || value.ends_with(b"/aws4_request")
        || is_contract_address(value)
        || is_version_range(value)
        || is_package_version(value)
}

/// The address of an account or a contract of Ethereum and its kin: a token's, as often as not.
fn is_contract_address(value: &[u8]) -> bool {
    value.len() == 42 && value.strip_prefix(b"0x").is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
}

/// The version of a Debian or Alpine package: `1:4.13+dfsg1-1`, `0.21.4-r0`.
fn is_package_version(value: &[u8]) -> bool {
    let epoch = value.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = match value.get(epoch) {
        Some(b':') if epoch > 0 => &value[epoch + 1..],
        _ => value,
    };
    let number = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let (number, tail) = rest.split_at(number);
    let parts = number.split(|b| *b == b'.').filter(|part| !part.is_empty()).count();
    let lower = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+~.-".contains(b);
    parts >= 2
        && tail.first().is_none_or(|b| b"+~-".contains(b))
        && tail.len() <= 24
        && tail.iter().all(lower)
}

/// `^4.0.0`, `~1.2`, `>=3.1`.
fn is_version_range(value: &[u8]) -> bool {
    let rest = value.iter().position(|b| !b"^~<>=v ".contains(b)).map_or(&[][..], |at| &value[at..]);
    let mark = rest.len() < value.len();
    let dots = rest.iter().filter(|b| **b == b'.').count();
    mark && dots >= 1
        && rest.first().is_some_and(u8::is_ascii_digit)
        && rest.iter().take_while(|b| **b != b'-').all(|b| b.is_ascii_digit() || *b == b'.')
}
