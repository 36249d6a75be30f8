//! The `--flags` of instructions, checked against what each instruction knows.

use super::error::ErrorKind;
use super::keyword::Keyword;
use super::text::Text;

/// A flag as written.
#[derive(Clone, Debug)]
pub struct Flag {
    /// Its name, without the dashes.
    pub name: Text,
    /// What follows `=`, if it has one.
    pub value: Option<Text>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Boolean,
    One,
    Many,
}

/// The flags of each instruction.
fn known(keyword: Keyword) -> &'static [(&'static str, Takes)] {
    use Takes::{Boolean, Many, One};
    match keyword {
        Keyword::From => &[("platform", One)],
        Keyword::Run => &[("mount", Many), ("network", One), ("security", One), ("device", Many)],
        Keyword::Copy => &[
            ("from", One),
            ("chown", One),
            ("chmod", One),
            ("exclude", Many),
            ("link", Boolean),
            ("parents", Boolean),
        ],
        Keyword::Add => &[
            ("chown", One),
            ("chmod", One),
            ("exclude", Many),
            ("link", Boolean),
            ("checksum", One),
            ("keep-git-dir", Boolean),
            ("unpack", Boolean),
        ],
        Keyword::Healthcheck => &[
            ("interval", One),
            ("timeout", One),
            ("start-period", One),
            ("start-interval", One),
            ("retries", One),
        ],
        _ => &[],
    }
}

/// The flags of one instruction.
pub(super) struct Flags(Vec<(&'static str, Flag)>);

impl Flags {
    /// Checks the flags of an instruction; those of `ARG` and `STOPSIGNAL` go not checked, as in BuildKit.
    pub(super) fn read(keyword: Keyword, words: Vec<Text>) -> Result<Self, ErrorKind> {
        let known = known(keyword);
        let mut flags: Vec<(&'static str, Flag)> = Vec::with_capacity(words.len());
        if matches!(keyword, Keyword::Arg | Keyword::Stopsignal) {
            return Ok(Self(words.iter().map(|word| ("", split(word))).collect()));
        }
        for word in words {
            let flag = split(&word);
            let Some((name, takes)) = known.iter().find(|(name, _)| *name == flag.name.as_str()) else {
                return Err(ErrorKind::UnknownFlag(short_name(&flag.name)));
            };
            if *takes != Takes::Many && flags.iter().any(|(n, _)| n == name) {
                return Err(ErrorKind::DuplicateFlag(name));
            }
            match (&flag.value, takes) {
                (None, Takes::Boolean) => {}
                (None, _) => return Err(ErrorKind::FlagWithoutValue(name)),
                (Some(value), Takes::Boolean) if value.is_empty() => {
                    return Err(ErrorKind::FlagWithoutValue(name));
                }
                (Some(value), Takes::Boolean)
                    if !value.eq_ignore_ascii_case("true") && !value.eq_ignore_ascii_case("false") =>
                {
                    return Err(ErrorKind::FlagNotBoolean(name));
                }
                _ => {}
            }
            flags.push((name, flag));
        }
        Ok(Self(flags))
    }

    pub(super) fn one(&self, name: &str) -> Option<Text> {
        self.many(name).next()
    }

    pub(super) fn many(&self, name: &str) -> impl Iterator<Item = Text> {
        self.0.iter().filter(move |(n, _)| *n == name).filter_map(|(_, f)| f.value.clone())
    }

    /// A boolean flag: `None` when it does not stand there.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        let (_, flag) = self.0.iter().find(|(n, _)| *n == name)?;
        Some(flag.value.as_ref().is_none_or(|v| v.eq_ignore_ascii_case("true")))
    }

    pub(super) fn into_vec(self) -> Vec<Flag> {
        self.0.into_iter().map(|(_, flag)| flag).collect()
    }
}

fn split(word: &Text) -> Flag {
    let start = if word.starts_with("--") { 2 } else { 0 };
    match word.find('=') {
        Some(equals) if equals >= start => {
            Flag { name: word.slice(start..equals), value: Some(word.slice(equals + 1..word.len())) }
        }
        _ => Flag { name: word.slice(start..word.len()), value: None },
    }
}

/// A flag's name for an error text, if it looks like one.
fn short_name(name: &str) -> Option<String> {
    let plain = name.len() <= 16 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    plain.then(|| name.to_owned())
}
