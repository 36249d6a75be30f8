//! Whether an image reference names a tag that stays: one made of the commit.

use std::collections::BTreeMap;

/// What is known of a reference's tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tagging {
    /// It is made of the commit, or is a digest.
    Immutable,
    /// It will name another image some day.
    Mutable,
    /// It comes from where the file does not say.
    Unknown,
}

/// What the variables of a workflow or a script stand for: `NAME`, `env.NAME`, `steps.ID.outputs.NAME`.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Notes a value; the last one holds.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// A text with all variables that are known put in. Bounded: what is nested deeper, or grows longer, stays.
    pub(super) fn expand(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..6 {
            let next = self.once(&text);
            if next == text || next.len() > 16_384 {
                break;
            }
            text = next;
        }
        text
    }

    fn once(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let (name, length) = reference(from);
            match name.and_then(|n| self.0.get(n)) {
                Some(value) => out.push_str(value),
                None => out.push_str(from.get(..length).unwrap_or(from)),
            }
            rest = from.get(length..).unwrap_or_default();
        }
        out.push_str(rest);
        out
    }
}

/// The variable that a text beginning with `$` names, and the length of the expression.
fn reference(from: &str) -> (Option<&str>, usize) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(inner) = from.strip_prefix("${{") {
        let Some(end) = inner.find("}}") else { return (None, 1) };
        let name = inner.get(..end).unwrap_or_default().trim();
        return (Some(name.strip_prefix("env.").unwrap_or(name)), end + 5);
    }
    if let Some(inner) = from.strip_prefix("${") {
        let name = inner.split(|c| !is_name(c)).next().unwrap_or_default();
        let Some(end) = inner.find('}') else { return (None, 1) };
        return (Some(name), end + 3);
    }
    let inner = from.get(1..).unwrap_or_default();
    let name = inner.split(|c| !is_name(c)).next().unwrap_or_default();
    (Some(name), 1 + name.len())
}

/// What is known of a reference, its variables put in.
pub(super) fn tagging(reference: &str) -> Tagging {
    let text = reference.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    let commit = [
        "github.sha",
        "github_sha",
        "rev-parse",
        "type=sha",
        "@sha256:",
        "head_sha",
        "git_sha",
        "commit_sha",
        "head.sha",
        "immutable",
        "git_commit",
        "short_sha",
    ];
    if commit.iter().any(|c| text.contains(c)) || has_commit(&text) {
        return Tagging::Immutable;
    }
    // Of a rule of the metadata action, only its kind and its value matter.
    if let Some(rule) = text.strip_prefix("type=") {
        let value = rule.split_once("value=").map_or("", |(_, v)| v);
        return if value.contains('$') { Tagging::Unknown } else { Tagging::Mutable };
    }
    let after_slash = text.rsplit('/').next().unwrap_or_default();
    let tag = after_slash.rsplit_once(':').map(|(_, tag)| tag);
    let moves = ["ref_name", "run_number", "run_id", "$(date", "head_ref", "github.ref"];
    match tag {
        _ if moves.iter().any(|m| text.contains(m)) => Tagging::Mutable,
        Some(tag) if tag.contains(['$', '`']) => Tagging::Unknown,
        None if text.contains(['$', '`']) => Tagging::Unknown,
        _ => Tagging::Mutable,
    }
}

/// Whether a word of a text is a commit's ID: 40 hex digits.
fn has_commit(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_hexdigit()).any(|w| w.len() == 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in() {
        let mut variables = Variables::default();
        variables.set("TAG", "git-${{ github.sha }}");
        variables.set("IMAGE", "$REPO:${TAG}");
        variables.set("steps.meta.outputs.tag", "x");
        variables.set("LOOP", "$LOOP$LOOP");
        assert_eq!(variables.expand("\"${IMAGE}\""), "\"$REPO:git-${{ github.sha }}\"");
        assert_eq!(
            variables.expand("${{ steps.meta.outputs.tag }}-${{ env.TAG }}"),
            "x-git-${{ github.sha }}"
        );
        assert_eq!(variables.expand("a$"), "a$");
        assert!(variables.expand("$LOOP").len() < 20_000);
    }

    #[test]
    fn tags() {
        for (reference, expected) in [
            ("$REPO:git-${{ github.sha }}", Tagging::Immutable),
            ("repo:git-$(git rev-parse HEAD)", Tagging::Immutable),
            ("$ECR_REPO_URI:$IMAGE_TAG_IMMUTABLE", Tagging::Immutable),
            ("repo:0123456789abcdef0123456789abcdef01234567", Tagging::Immutable),
            ("type=sha,prefix=git-,format=long", Tagging::Immutable),
            ("repo:latest", Tagging::Mutable),
            ("registry:5000/repo", Tagging::Mutable),
            ("repo:${{ github.ref_name }}", Tagging::Mutable),
            ("type=raw,value=latest", Tagging::Mutable),
            ("$REPO:$TAG", Tagging::Unknown),
            ("$IMAGE", Tagging::Unknown),
        ] {
            assert_eq!(tagging(reference), expected, "{reference}");
        }
    }
}
