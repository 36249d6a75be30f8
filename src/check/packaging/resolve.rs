//! Which image a digest is asked for, by the command that asks.

use super::act::Stage;
use super::tool::{self, Use};
use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell;

/// What stands before the path of the file that a build wrote, in the reference of a digest that is read from it.
pub(super) const METADATA: &str = "metadata:";
/// How the digest is written that a push told.
const PUSHED: &str = "$(the digest of the push of ";
/// Where the file of a build has the digest.
const FIELD: &str = "containerimage.digest";

/// The value of a digest that the push of these references told.
pub(super) fn digest_of(references: &[String]) -> String {
    format!("{PUSHED}{})", references.join("\n"))
}

/// The value of an image's ID that a build writes into a file.
pub(super) fn built(path: &str) -> String {
    format!("$(docker build --iidfile {path})")
}

/// The references whose push told a digest.
pub(super) fn pushed(value: &str) -> Option<Vec<String>> {
    let inner = value.trim().strip_prefix(PUSHED)?.strip_suffix(')')?;
    Some(inner.split('\n').filter(|r| !r.is_empty()).map(str::to_owned).collect())
}

/// Whether a command reads the digest from the file that a build wrote.
pub(super) fn asks_metadata(command: &str) -> bool {
    command.contains(FIELD)
}

/// Whether a command asks for a digest.
pub(super) fn asks(command: &str) -> bool {
    command.to_ascii_lowercase().contains("digest") && asked(command).is_some()
}

/// The references whose digest a value is, if commands in it ask for one: `$(aws ecr describe-images …)`.
pub(super) fn asked(value: &str) -> Option<Vec<String>> {
    if let Some(references) = pushed(value) {
        return Some(references);
    }
    let value = value.trim();
    let inner = value.strip_prefix("$(").and_then(|v| v.strip_suffix(')')).unwrap_or(value);
    let inner = without_blanks(&super::command::without_expressions(inner));
    let script = shell::parse(&Text::of(&inner));
    let mut found: Option<Vec<String>> = None;
    script.walk(&mut |_, command| {
        let words: Vec<String> = command
            .words
            .iter()
            .map(|w| value_text(value, w.range.clone()).replace(['"', '\''], ""))
            .collect();
        for one in tool::used(&words, false, &[]) {
            if let Use::Act { stage: Stage::Digest, references, .. } = one {
                found.get_or_insert_default().extend(references);
            }
        }
    });
    found
}

/// A template such as `{{json .Manifest.Digest}}`, whose quotes are taken out, as one word of the same length.
fn without_blanks(text: &str) -> String {
    let mut open = 0_usize;
    let one = |c: char| {
        match c {
            '{' => open += 1,
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > 1 && c == ' ' { '_' } else { c }
    };
    text.chars().map(one).collect()
}

/// The words of the command inside a value, as they are written there.
fn value_text(value: &str, range: std::ops::Range<usize>) -> String {
    let start = if value.starts_with("$(") && value.ends_with(')') { 2 } else { 0 };
    value.get(range.start + start..range.end + start).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_ask() {
        for (value, references) in [
            (
                "$(aws ecr describe-images --repository-name o --image-ids imageTag=git-${{ github.sha }} --query imageDetails[0].imageDigest)",
                Some(":git-${{ github.sha }}"),
            ),
            ("$(crane digest r:1)", Some("r:1")),
            (
                "$(docker buildx imagetools inspect r:1 --format {{json .Manifest.Digest}} | jq -r .)",
                Some("r:1"),
            ),
            ("$(skopeo inspect docker://r:1 | jq -r .Digest)", Some("r:1")),
            ("$(docker images --digests)", None),
            ("$(cat digest.txt)", None),
        ] {
            assert_eq!(asked(value).map(|r| r.join(" ")).as_deref(), references, "{value}");
        }
        let two = ["a:1".to_owned(), "b:2".to_owned()];
        assert_eq!(asked(&digest_of(&two)), Some(two.to_vec()));
    }
}
