//! The forms that a field's text may have: an allow-list of ASCII for each, compared byte by byte. Nothing is trimmed,
//! folded or normalised, since what two readers repair differently they read differently.

use jiff::Timestamp;

/// What a field's text must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `sha256:` and 64 lowercase hex digits.
    Digest,
    /// A digest or a part of one: lowercase letters, digits and a colon.
    DigestText,
    /// 40 lowercase hex digits.
    GitSha,
    /// RFC 3339 date and time.
    Time,
    /// A tag (OCI distribution specification).
    Tag,
    /// A repository with its host, no scheme, tag or digest.
    Repository,
    /// A relative path of plain characters.
    Path,
    /// One word.
    Word,
    /// The ID of a run: a single directory's name.
    RunId,
    /// The name of a phase: a single directory's name.
    Phase,
    /// One line of printable ASCII.
    Line,
    /// One line of printable ASCII, or null or nothing.
    MaybeLine,
    /// `PASS` or `FAIL`.
    Verdict,
}

/// Longest text of a field, in bytes.
const LONGEST: usize = 1024;

impl Form {
    /// Whether `text` has the form.
    pub fn fits(self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let all =
            |ok: fn(u8) -> bool| !bytes.is_empty() && bytes.len() <= 128 && bytes.iter().all(|b| ok(*b));
        match self {
            Self::Digest => text.strip_prefix("sha256:").is_some_and(|hex| is_hex(hex, 64)),
            Self::DigestText => {
                bytes.len() <= 256 && !bytes.is_empty() && bytes.iter().all(|b| is_digest_byte(*b))
            }
            Self::GitSha => is_hex(text, 40),
            Self::Time => Time::parse(text).is_some(),
            Self::Tag => all(is_tag_byte) && !text.starts_with(['.', '-']),
            Self::Repository => is_repository(text),
            Self::Path => is_path(text),
            Self::Word => all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b)),
            Self::RunId => all(is_run_byte) && !text.contains("..") && text != ".",
            Self::Phase => {
                all(|b| b.is_ascii_alphanumeric() || b"!-_.*'()".contains(&b)) && text != "." && text != ".."
            }
            Self::Line => !text.is_empty() && is_line(text),
            Self::MaybeLine => is_line(text),
            Self::Verdict => matches!(text, "PASS" | "FAIL"),
        }
    }

    /// What is expected, for messages: the rest of a sentence that begins with "must be".
    pub fn expected(self) -> &'static str {
        match self {
            Self::Digest => "`sha256:` and 64 lowercase hex digits",
            Self::DigestText => "lowercase letters, digits and a colon",
            Self::GitSha => "the full commit: 40 lowercase hex digits",
            Self::Time => "a time of RFC 3339 in UTC, such as 2026-02-13T09:30:00Z",
            Self::Tag => "a tag: letters, digits, `_`, `.` and `-`, at most 128",
            Self::Repository => "a repository with its host, such as registry.example.com/team/app",
            Self::Path => {
                "a relative path of letters, digits and ` @ + , = _ . - /`, without `..`, `%` and backslashes"
            }
            Self::Word => "one word of letters, digits, `_`, `.` and `-`",
            Self::RunId => "a run's ID: letters, digits and `_ . : + = @ -`, at most 128, without `..`",
            Self::Phase => "a phase's name, such as P(-1)",
            Self::Line => "one line of printable ASCII without spaces at its ends",
            Self::MaybeLine => "null, or one line of printable ASCII without spaces at its ends",
            Self::Verdict => "PASS or FAIL",
        }
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_digest_byte(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_lowercase() || byte == b':'
}

fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)
}

fn is_run_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.:+=@-".contains(&byte)
}

fn is_line(text: &str) -> bool {
    let ends = text.starts_with(' ') || text.ends_with(' ');
    text.len() <= LONGEST && !ends && text.bytes().all(|b| (0x20..0x7f).contains(&b))
}

fn is_path(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b" @+,=_.-/".contains(&b);
    text.bytes().all(plain)
        && is_line(text)
        && !text.is_empty()
        && !text.starts_with('/')
        && text.split('/').all(|p| p != "..")
}

/// `HOST[:PORT]/NAME`: the host has a dot, a port or is `localhost`, so that it cannot be taken for a part of the name.
fn is_repository(text: &str) -> bool {
    let Some((host, name)) = text.split_once('/') else { return false };
    let (base, port) = match host.strip_prefix('[').and_then(|h| h.split_once(']')) {
        Some((ip, rest)) => {
            let fits = ip.parse::<std::net::Ipv6Addr>().is_ok();
            (if fits { "localhost" } else { "" }, rest.strip_prefix(':'))
        }
        None => host.split_once(':').map_or((host, None), |(base, port)| (base, Some(port))),
    };
    let label = |l: &str| {
        !l.is_empty()
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let part = |p: &str| {
        p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b))
            && p.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
            && p.bytes().last().is_some_and(|b| b.is_ascii_alphanumeric())
            && !p.contains("..")
    };
    let is_host = base == "localhost" || base.contains('.') || port.is_some();
    text.len() <= 512
        && is_host
        && base.split('.').all(label)
        && port.is_none_or(|p| !p.starts_with(['+', '0']) && p.parse::<u16>().is_ok())
        && name.split('/').all(part)
}

/// A moment, and whether it was written as UTC asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// The moment.
    pub at: Timestamp,
    /// Whether it ends in `Z`.
    pub is_utc: bool,
}

impl Time {
    /// Reads a date and time of RFC 3339, with `T` and `Z` in capitals and no leap second.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let shape = b"dddd-dd-ddTdd:dd:dd";
        let digits = |(b, s): (&u8, &u8)| if *s == b'd' { b.is_ascii_digit() } else { b == s };
        let (head, mut rest) = (bytes.get(..shape.len())?, bytes.get(shape.len()..)?);
        if !head.iter().zip(shape).all(digits) || bytes.get(17) == Some(&b'6') {
            return None;
        }
        if let Some(fraction) = rest.strip_prefix(b".") {
            let count = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            rest = fraction.get(count..).filter(|_| (1..=9).contains(&count))?;
        }
        let is_utc = rest == b"Z";
        let is_offset = rest.len() == 6
            && rest.iter().zip(b"+dd:dd").skip(1).all(digits)
            && matches!(rest.first(), Some(b'+' | b'-'));
        if !is_utc && !is_offset {
            return None;
        }
        text.parse().ok().map(|at| Self { at, is_utc })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn check(form: Form, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(form.fits(text), "{form:?} {text:?}");
        }
        for text in bad {
            assert!(!form.fits(text), "{form:?} {text:?}");
        }
    }

    #[test]
    fn digests_and_commits_are_whole_and_lowercase() {
        let hex = "0123456789abcdef".repeat(4);
        let [digest, upper, long] =
            [format!("sha256:{hex}"), format!("sha256:{}", hex.to_uppercase()), format!("sha256:{hex}0")];
        let spaced = format!(" sha256:{hex}");
        check(Form::Digest, &[&digest], &[&upper, &long, &spaced, &hex, "sha256:", "sha512:00", "SHA256:00"]);
        let sha = hex.get(..40).unwrap_or_default();
        check(
            Form::GitSha,
            &[sha],
            &[
                hex.get(..7).unwrap_or_default(),
                hex.get(..39).unwrap_or_default(),
                hex.get(..41).unwrap_or_default(),
                &sha.to_uppercase(),
                &format!("{sha}\n"),
                "",
            ],
        );
    }

    #[test]
    fn times_are_rfc_3339() {
        check(
            Form::Time,
            &["2026-02-13T09:30:00Z", "2026-02-13T09:30:00.123456789Z", "2026-02-13T09:30:00+00:00"],
            &[
                "2026-02-13T09:30:00",
                "2026-02-13 09:30:00Z",
                "2026-02-13t09:30:00z",
                "2026-02-30T09:30:00Z",
                "2026-02-13T24:00:00Z",
                "2026-02-13T09:30:60Z",
                "2026-02-13T09:30Z",
                "20260213T093000Z",
                "2026-02-13T09:30:00.Z",
                "2026-02-13T09:30:00Z[UTC]",
                "+002026-02-13T09:30:00Z",
                "1739439000",
                "",
                "2026-02-13T09:30:00\u{ff3a}",
                "2026-02-13T09:30:00+0000",
            ],
        );
        assert!(!Time::parse("2026-02-13T09:30:00+00:00").unwrap().is_utc);
    }

    #[test]
    fn names_of_directories_do_not_lead_elsewhere() {
        let bad = [
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "a%2fb",
            "a\0",
            "a\n",
            "a b",
            "../x",
            "x..y",
            "\u{e4}",
            &"a".repeat(129),
        ];
        check(Form::RunId, &["platform_20260101T000000Z", "run-1.2", "a:b"], &bad);
        check(Form::Phase, &["P(-1)", "image"], &["", ".", "..", "a/b", "P%28-1%29", "P (1)"]);
        check(
            Form::Path,
            &["Dockerfile", "docker/app.Dockerfile", "."],
            &["/etc", "../x", "a/../b", "a%2e", "a\\b", "", " a"],
        );
    }

    #[test]
    fn repositories_have_a_host() {
        check(
            Form::Repository,
            &[
                "123456789012.dkr.ecr.eu-west-2.amazonaws.com/app",
                "localhost/a",
                "127.0.0.1:5000/a/b",
                "[::1]:5000/a",
            ],
            &[
                "app",
                "team/app",
                "https://h.example/a",
                "h.example/a:1",
                "h.example/a@sha256:0",
                "H.example/a",
                "h.example/",
                "h.example/../a",
                "u:p@h.example/a",
                "h.example:99999/a",
                "[x]/a",
                "-h.example/a",
            ],
        );
        check(Form::Tag, &["git-0a", "v1.0_x"], &["", ".a", "-a", "a b", "a:b", "\u{e4}"]);
        check(Form::Line, &["ci:release@example"], &["", " a", "a ", "a\0", "a\nb", "\u{202e}a", "\x7f"]);
    }
}
