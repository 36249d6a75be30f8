//! `RUN --mount=type=secret,id=x,env=Y,target=/z`.

use std::ops::Range;

use super::error::ErrorKind;
use super::text::Text;
use seaworthy_source::Span;

/// A `--mount` flag: comma-separated options, variables unexpanded.
#[derive(Clone, Debug)]
pub struct Mount {
    /// The flag's value.
    pub text: Text,
    /// Its options, in order.
    pub options: Vec<MountOption>,
}

/// One option of a mount.
#[derive(Clone, Debug)]
pub struct MountOption {
    /// The key as written; BuildKit reads it in lower case.
    pub key: Text,
    /// What follows `=`, if anything does.
    pub value: Option<Text>,
}

/// The types of mounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountType {
    /// Files of the context, a stage or an image.
    Bind,
    /// A directory that is kept between builds.
    Cache,
    /// An empty directory in memory.
    Tmpfs,
    /// A secret, as a file or a variable.
    Secret,
    /// An SSH agent's socket.
    Ssh,
}

impl Mount {
    /// Splits the flag's value.
    pub(super) fn read(text: Text) -> Result<Self, ErrorKind> {
        let mut options = Vec::new();
        for field in fields(&text)? {
            let option = match text.get(field.clone()).unwrap_or_default().find('=') {
                Some(equals) => MountOption {
                    key: text.slice(field.start..field.start + equals),
                    value: Some(text.slice(field.start + equals + 1..field.end)),
                },
                None => MountOption { key: text.slice(field), value: None },
            };
            let value = option.value.as_deref().unwrap_or_default();
            if option.key.eq_ignore_ascii_case("from") && value.find('$').is_some_and(|i| i + 1 < value.len())
            {
                return Err(ErrorKind::MountFromVariable);
            }
            options.push(option);
        }
        Ok(Self { text, options })
    }

    /// Where the flag's value stands.
    pub fn span(&self) -> Span {
        self.text.span()
    }

    /// The last value of any of `keys`.
    fn last(&self, keys: &[&str]) -> Option<&Text> {
        let named = |o: &&MountOption| keys.iter().any(|k| o.key.eq_ignore_ascii_case(k));
        self.options.iter().rev().find(named)?.value.as_ref()
    }

    /// Its type: `bind` if it names none; `None` for a variable or a type that is not known.
    pub fn mount_type(&self) -> Option<MountType> {
        let Some(name) = self.last(&["type"]) else { return Some(MountType::Bind) };
        Some(match name.to_ascii_lowercase().as_str() {
            "bind" => MountType::Bind,
            "cache" => MountType::Cache,
            "tmpfs" => MountType::Tmpfs,
            "secret" => MountType::Secret,
            "ssh" => MountType::Ssh,
            _ => return None,
        })
    }

    /// `id`.
    pub fn id(&self) -> Option<&Text> {
        self.last(&["id"])
    }

    /// `from`: a stage or an image. Numbers of stages do not count here.
    pub fn from(&self) -> Option<&Text> {
        self.last(&["from"]).filter(|f| !f.is_empty())
    }

    /// `source` or `src`.
    pub fn source(&self) -> Option<&Text> {
        self.last(&["source", "src"])
    }

    /// `target`, `dst` or `destination`.
    pub fn target(&self) -> Option<&Text> {
        self.last(&["target", "dst", "destination"])
    }

    /// `env`: the variable that a secret mount sets.
    pub fn env(&self) -> Option<&Text> {
        self.last(&["env"])
    }

    /// Where a secret mount puts its file: `target`, or `/run/secrets/` and the identity. `None` when the secret
    /// arrives as a variable alone, and for other types.
    pub fn secret_path(&self) -> Option<String> {
        if self.mount_type() != Some(MountType::Secret) {
            return None;
        }
        match self.target() {
            Some(target) if target.starts_with('/') => Some(target.to_string()),
            Some(target) => Some(format!("/run/secrets/{}", target.as_str())),
            None if self.env().is_some() => None,
            None => {
                let id = self.id().or_else(|| self.source())?;
                Some(format!("/run/secrets/{}", id.rsplit('/').next().unwrap_or_default()))
            }
        }
    }
}

/// The comma-separated fields of one CSV record; a field that starts with a quote ends with one.
fn fields(text: &str) -> Result<Vec<Range<usize>>, ErrorKind> {
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let (field, next) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"').ok_or(ErrorKind::MountSyntax)?;
                (at + 1..at + 1 + end, at + end + 2)
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                if rest.get(..end).unwrap_or_default().contains('"') {
                    return Err(ErrorKind::MountSyntax);
                }
                (at..at + end, at + end)
            }
        };
        fields.push(field);
        match text.as_bytes().get(next) {
            None => return Ok(fields),
            Some(b',') => at = next + 1,
            Some(_) => return Err(ErrorKind::MountSyntax),
        }
    }
}
