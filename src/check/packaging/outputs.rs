//! What a job writes to its outputs: the immutable tag and the resolved digest, by their values and not by their names
//! alone.

use super::act::At;
use super::reading::Work;
use super::resolve;
use super::sequence::Fault;
use super::surface::ExpectedBuild;
use super::tagging::{Tagging, tagging};

const FIX: &str = "Write `tag=…` and `digest=…` to `$GITHUB_OUTPUT`, and name both in the job's `outputs`.";

/// What is known of an output's value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Right,
    /// It cannot be traced.
    Unclear,
    Wrong(&'static str),
}

/// What an output is, its name in the contract, the words of such a name, and how its value is judged.
type Wanted<'w> = (&'w str, &'w Option<String>, &'w [&'w str], &'w dyn Fn(&str) -> Verdict);

/// What is wrong with the outputs of a job.
pub(super) fn output_faults(expected: &ExpectedBuild, work: &Work, at: At) -> Vec<Fault> {
    let mut faults = Vec::new();
    let of_tag = |value: &str| tag(value, expected);
    let of_digest = |value: &str| digest(value, expected);
    let wanted: [Wanted<'_>; 2] = [
        ("the resolved digest", &expected.digest_output, &["digest"], &of_digest),
        ("the immutable tag", &expected.tag_output, &["tag", "image"], &of_tag),
    ];
    for (what, named, words, verdict) in wanted {
        let values = values(work, named.as_deref(), words);
        let name = named.as_ref().map(|n| format!(" as `{n}`")).unwrap_or_default();
        let verdicts: Vec<Verdict> = values.iter().map(|v| v.map_or(Verdict::Unclear, verdict)).collect();
        if verdicts.contains(&Verdict::Right) {
            continue;
        }
        let unread = || !values_of(&work.unread_outputs, named.as_deref(), words).is_empty();
        if verdicts.is_empty() && unread() {
            let message = format!(
                "{what} is written to an output of a step{name}, and neither the job's outputs nor a later step hands it on"
            );
            faults.push(Fault::deviates(at, message, FIX));
            continue;
        }
        let wrong = verdicts.iter().find_map(|v| if let Verdict::Wrong(why) = v { Some(*why) } else { None });
        if verdicts.contains(&Verdict::Unclear) {
            let reason =
                format!("whether {what} is what is written to the job's outputs{name} cannot be traced");
            faults.push(Fault::unclear(at, "job output", reason));
        } else if let Some(why) = wrong {
            faults.push(Fault::deviates(at, format!("the job's output{name} is not {what}: {why}"), FIX));
        } else {
            faults.push(Fault::deviates(
                at,
                format!("{what} is not written to the job's outputs{name}"),
                FIX,
            ));
        }
    }
    faults
}

/// The values of the outputs that may hold something. A value that is nothing is in a file whose text is not followed.
fn values<'w>(work: &'w Work, named: Option<&str>, words: &[&str]) -> Vec<Option<&'w str>> {
    let known = |value: &'w String| Some(value.as_str()).filter(|v| !v.is_empty());
    let has = |text: &str| words.iter().any(|w| text.to_ascii_lowercase().contains(w));
    let is_it = |name: &str| named.map_or_else(|| has(name), |own| own == name);
    // What the job names is what others get, whatever its steps put out besides.
    let of_job: Vec<_> = work.job_outputs.iter().filter(|(name, _)| is_it(name)).collect();
    if !of_job.is_empty() {
        return of_job.into_iter().filter(|(_, value)| !value.is_empty()).map(|(_, v)| known(v)).collect();
    }
    values_of(&work.outputs, named, words).into_iter().map(known).collect()
}

/// The values of those among outputs that may hold something, by their names, else by what they hold.
fn values_of<'w>(outputs: &'w [(String, String)], named: Option<&str>, words: &[&str]) -> Vec<&'w String> {
    let has = |text: &str| words.iter().any(|w| text.to_ascii_lowercase().contains(w));
    let is_it = |name: &str| named.map_or_else(|| has(name), |own| own == name);
    let by_name = named.is_some() || outputs.iter().any(|(name, _)| is_it(name));
    let is_asked = |(name, value): &&(String, String)| if by_name { is_it(name) } else { has(value) };
    outputs.iter().filter(is_asked).map(|(_, value)| value).collect()
}

/// Whether a value is the digest that a registry told of the immutable tag.
fn digest(value: &str, expected: &ExpectedBuild) -> Verdict {
    let value = value.trim();
    if !value.contains(['$', '`']) {
        return Verdict::Wrong("it is a fixed text");
    }
    let lower = value.to_ascii_lowercase();
    // Something else may stand in its place.
    if value.contains("${{") && value.contains("||") {
        return Verdict::Unclear;
    }
    if lower.contains(".outputs.imageid") {
        return Verdict::Wrong("it is the ID of the image's configuration");
    }
    if lower.contains("config.digest") {
        return Verdict::Wrong("it is the digest of the image's configuration");
    }
    if is_as_json(&lower) {
        return Verdict::Wrong("it is written as JSON, in quotes");
    }
    if let Some(references) = resolve::asked(value) {
        let is = |wanted: &[Tagging]| {
            references.iter().any(|r| wanted.contains(&tagging(r, &expected.tag_pattern)))
        };
        return if !lower.contains("digest") || is_part(&lower) {
            Verdict::Unclear
        } else if references.is_empty()
            || is(&[Tagging::Immutable, Tagging::Shortened, Tagging::OtherPattern])
        {
            Verdict::Right
        } else if is(&[Tagging::Unknown]) {
            Verdict::Unclear
        } else {
            Verdict::Wrong("it is asked for a tag that can name another image")
        };
    }
    // An output of an action that is called so.
    let is_output = lower.contains(".outputs.") && lower.contains("digest");
    if is_output { Verdict::Right } else { Verdict::Unclear }
}

/// Whether a command of aws writes its answer in quotes, and nothing takes them off.
fn is_as_json(command: &str) -> bool {
    let is_json = ["--output json", "--output=json"].iter().any(|option| command.contains(option));
    is_json && command.contains("aws ") && !command.contains('|')
}

/// Whether a command gives a part of a digest alone, or may.
fn is_part(command: &str) -> bool {
    ["cut -c", "cut -b", "head -c", "tail -c", "substr", "colrm"].iter().any(|part| command.contains(part))
}

/// Whether a value is the tag that is made of the commit, or a reference with it.
fn tag(value: &str, expected: &ExpectedBuild) -> Verdict {
    // A rule of docker/metadata-action has commas of its own.
    let ends: &[char] = if value.contains("|type=") { &['\n'] } else { &['\n', ','] };
    let all: Vec<Tagging> = value
        .split(ends)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let is_reference =
                part.contains('/') || part.contains("|type=") || part.contains(':') && !part.contains("${");
            let alone = format!("repository:{part}");
            match tagging(if is_reference { part } else { &alone }, &expected.tag_pattern) {
                // A variable may be the tag or a reference.
                Tagging::Mutable if !is_reference && part.starts_with('$') => Tagging::Unknown,
                other => other,
            }
        })
        .collect();
    let is = |wanted: Tagging| all.contains(&wanted);
    if is(Tagging::Immutable) || value.contains('@') {
        Verdict::Right
    } else if is(Tagging::Shortened) || is(Tagging::OtherPattern) {
        Verdict::Wrong("it is not made by the contract's pattern")
    } else if all.contains(&Tagging::Unknown) || all.is_empty() {
        Verdict::Unclear
    } else {
        Verdict::Wrong("it can name another image some day")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seaworthy_source::Position;

    const AT: At = At { file: 0, position: Position { line: 1, column: 1 } };

    fn faults(job: &[(&str, &str)], steps: &[(&str, &str)]) -> Vec<Fault> {
        let own =
            |all: &[(&str, &str)]| all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let work = Work { outputs: own(steps), job_outputs: own(job), ..Work::default() };
        output_faults(&ExpectedBuild::default(), &work, AT)
    }

    #[test]
    fn values_are_followed() {
        let tag = ("tag", "git-$GITHUB_SHA");
        let digest = (
            "digest",
            "$(aws ecr describe-images --image-ids imageTag=git-$GITHUB_SHA --query imageDetails[0].imageDigest)",
        );
        assert_eq!(faults(&[], &[tag, digest]), []);
        assert_eq!(faults(&[tag, digest], &[]), []);
        assert_eq!(
            faults(
                &[
                    ("image", "h/r:git-$GITHUB_SHA"),
                    ("digest", "$(the digest of the push of h/r:git-$GITHUB_SHA)")
                ],
                &[]
            ),
            []
        );
        let deviates = |all: &[Fault]| matches!(all, [Fault::Deviates { .. }]);
        let unclear = |all: &[Fault]| matches!(all, [Fault::Unclear { .. }]);
        assert!(deviates(&faults(&[], &[tag, ("digest", "sha256:0000")])));
        assert!(unclear(&faults(&[], &[tag, ("digest", "$digset")])));
        assert!(deviates(&faults(&[], &[("tag", "latest"), digest])));
        assert!(deviates(&faults(&[], &[("tag", "$GITHUB_SHA"), digest])));
        assert!(unclear(&faults(&[], &[("tag", "$TAG"), digest])));
        let latest = "$(crane digest h/r:latest)";
        assert!(deviates(&faults(&[], &[tag, ("digest", latest)])));
        assert!(deviates(&faults(&[], &[tag, ("digest", "${{ steps.build.outputs.imageid }}")])));
        assert!(unclear(&faults(&[], &[tag, ("digest", "$(docker images --digests -q)")])));
        // An output of the job that no step writes.
        assert!(deviates(&faults(&[tag, ("digest", "")], &[digest])));
        assert!(deviates(&faults(&[], &[tag])));
    }
}
