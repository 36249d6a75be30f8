//! The grammar of every name, pattern and date that a contract holds: text in, checked value or fault out. No fault
//! repeats the text: it may be a secret in the wrong place.

pub(super) mod aws;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use jiff::civil::Date;

use crate::finding::Fingerprint;
use seaworthy_source::PhaseId;

use super::fault::Fault;

/// The longest text of a field that has no limit of its own, in bytes.
const LONGEST: usize = 1024;

/// The shortest reason, in characters: enough for two words.
const SHORTEST_REASON: usize = 10;

/// A name of an environment variable in a container: letters, digits and underscores, no digit at the start (POSIX
/// calls this a name).
pub(super) fn variable(text: &str) -> Result<String, Fault> {
    let tail = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let head = text.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    if head && text.len() <= LONGEST && text.bytes().all(tail) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not a valid variable name",
        "use letters, digits and underscores, and no digit at the start, such as `DB_PASSWORD`",
    ))
}

/// The name of the variable that holds the fingerprints' key. Stricter than [`variable`], because the key itself may
/// have been put here: only capitals, digits and underscores, and a long name needs an underscore.
pub(super) fn key_variable(text: &str) -> Result<String, Fault> {
    let capital = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let readable = text.len() < 16 || (text.len() <= 128 && text.contains('_'));
    if variable(text).is_ok() && text.bytes().all(capital) && readable {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "must be the name of an environment variable, and never the key itself",
        "write a name in capitals, such as `SEAWORTHY_FINGERPRINT_KEY`; if this was the key, make a new one",
    ))
}

/// A secret's handle: letters, digits, `_`, `-` and `.`, beginning with a letter.
pub(super) fn handle(text: &str) -> Result<String, Fault> {
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let head = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    if head && text.len() <= 128 && text.bytes().all(part) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not a valid handle",
        "use letters, digits, `_`, `-` and `.`, a letter first, 128 at most, such as `DB_PASSWORD`",
    ))
}

/// A detector's ID: words of lowercase letters and digits, joined by hyphens.
pub(super) fn detector(text: &str) -> Result<String, Fault> {
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if text.len() <= 128 && text.split('-').all(word) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not a valid detector ID",
        "use lowercase words joined by hyphens, such as `private-key`; `seaworthy rules list` shows all",
    ))
}

/// A check's ID: `SW` and three digits.
pub(super) fn check(text: &str) -> Result<String, Fault> {
    let digits = text.strip_prefix("SW").filter(|d| d.len() == 3 && d.bytes().all(|b| b.is_ascii_digit()));
    if digits.is_some() {
        return Ok(text.to_owned());
    }
    Err(Fault::new("is not a valid check ID", "write `SW` and three digits, such as `SW301`"))
}

/// A calendar date, `YYYY-MM-DD` (RFC 3339 full-date).
pub(super) fn date(text: &str) -> Result<Date, Fault> {
    let shape = |(i, b): (usize, u8)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() };
    if text.len() != 10 || !text.bytes().enumerate().all(shape) {
        return Err(Fault::new("is not a date", "write the date as `YYYY-MM-DD`, such as `2027-01-31`"));
    }
    text.parse().map_err(|_| Fault::new("is not a day of the calendar", "check the month and the day"))
}

/// A reason: it says something.
pub(super) fn reason(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    if text.chars().count() >= SHORTEST_REASON && text.len() <= LONGEST {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "does not say enough, or too much",
        "say in 10 characters or more, and 1,024 bytes at most, why this is safe; a reviewer reads it",
    ))
}

/// A finding's fingerprint.
pub(super) fn fingerprint(text: &str) -> Result<Fingerprint, Fault> {
    Fingerprint::parse(text).ok_or_else(|| {
        Fault::new(
            "is not a valid fingerprint",
            "copy the 32 lowercase hex digits from the finding in the report",
        )
    })
}

/// One directory's name in the evidence's path. The characters are those that need no escape in an S3 key, so `P(-1)`
/// is one and `a/b` is not.
pub(super) fn phase_id(text: &str) -> Result<String, Fault> {
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"!-_.*'()".contains(&b);
    if !text.is_empty() && text.len() <= 128 && text.bytes().all(safe) && PhaseId::parse(text).is_ok() {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not the name of one directory",
        "use letters, digits and `! - _ . * ' ( )`, 128 at most, no dot first and no `..`, such as `image` or `P(-1)`",
    ))
}

/// A text for people or for another reader, such as a name or an image reference: one line, not blank.
pub(super) fn line(text: &str) -> Result<String, Fault> {
    if !text.trim().is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "must be one line of text",
        "write 1 to 1,024 bytes without control characters, or leave it out",
    ))
}

/// A path of the machine that seaworthy runs on.
pub(super) fn path(text: &str) -> Result<String, Fault> {
    if !text.trim().is_empty() && text.len() <= 4096 && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Fault::new("is not a path", "write a path relative to the contract, or leave it out for the default"))
}

/// A glob on a finding's path; `*` and `?` stop at a slash and `**` does not.
pub(super) fn glob(text: &str) -> Result<GlobSet, Fault> {
    if text.starts_with("../") {
        return Err(Fault::new(
            "can never match: no path in a report begins with `../`",
            "write the path as the report prints it, such as `app/tests/**`",
        ));
    }
    // Reports print files of an image with a leading slash.
    let text = text.strip_prefix("./").or_else(|| text.strip_prefix('/')).unwrap_or(text);
    let bad = || {
        Fault::new("is not a glob", "write a pattern such as `app/tests/**` or `**/*.pem`, 1 to 1,024 bytes")
    };
    if text.trim().is_empty() || text.len() > LONGEST {
        return Err(bad());
    }
    let glob = GlobBuilder::new(text).literal_separator(true).build().map_err(|_| bad())?;
    // A set of one: unlike the matcher of a single glob, it gives an error back when the pattern is too large.
    GlobSetBuilder::new().add(glob).build().map_err(|_| bad())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_taken_for_a_variable_name() {
        assert!(key_variable("SEAWORTHY_FINGERPRINT_KEY").is_ok());
        assert!(key_variable("FPKEY").is_ok());
        for key in ["JBSWY3DPEHPK3PXPJBSWY3DP", "deadbeefdeadbeefdeadbeefdeadbeef", "aGVsbG8=", "", "9A"] {
            assert!(key_variable(key).is_err(), "{key}");
        }
    }

    #[test]
    fn dates_are_whole_days() {
        assert_eq!(date("2028-02-29").unwrap().to_string(), "2028-02-29");
        for text in
            ["2027-02-29", "20270131", "2027-1-31", "2027-01-31T00:00", "31-01-2027", "", "２027-01-3"]
        {
            assert!(date(text).is_err(), "{text}");
        }
    }

    #[test]
    fn globs_stop_at_slashes() {
        assert!(glob("app/*.pem").unwrap().is_match("app/a.pem"));
        assert!(!glob("app/*.pem").unwrap().is_match("app/x/a.pem"));
        assert!(glob("app/**").unwrap().is_match("app/x/a.pem"));
        assert!(glob(".env*").unwrap().is_match(".env.local"));
    }

    #[test]
    fn a_huge_glob_is_a_fault_and_no_panic() {
        let huge = "[!a]{a,b}".repeat(113);
        let _ = glob(&huge);
        assert!(glob(&"[!a]".repeat(400)).is_err());
        assert!(glob("{a,{b,c").is_err());
    }

    #[test]
    fn the_phase_is_one_directory() {
        assert!(phase_id("P(-1)").is_ok());
        for text in ["", "..", "a..b", ".a", "a/b", "a b", "a\\b", "é"] {
            assert!(phase_id(text).is_err(), "{text}");
        }
    }
}
