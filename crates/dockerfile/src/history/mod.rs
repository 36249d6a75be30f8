//! Which instruction made which entry of an image's history.
//!
//! The builders write what they did into the image's configuration, each in its own way (the classic builder,
//! BuildKit, and buildah with podman). An entry is matched to an instruction only if the kind of the instruction and
//! its text agree; a doubtful entry stays without one.

mod agree;
mod compare;
mod config;
mod entry;

#[cfg(test)]
mod tests;

use super::file::Dockerfile;
use super::instruction::{Instruction, Kind};
use super::keyword::Keyword;
use super::syntax::LineRange;
use agree::Candidate;
pub use compare::{HistoryDifference, history_difference};
pub use config::{ConfigDifference, ProcessConfig, config_difference};
use entry::Entry;

/// Most entries of a history in which a file is looked for elsewhere than at the end. Docker makes 127 layers at most.
const MAX_PLACES: usize = 1024;

/// One entry of an image's history, as the configuration has it.
#[derive(Clone, Copy)]
pub struct HistoryLine<'a> {
    /// What made it.
    pub created_by: &'a str,
    /// Whether it made no layer. Not used to tell entries apart: buildah sets it for all but the last instruction.
    pub empty_layer: bool,
}

/// An instruction that made a history entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstructionRef {
    /// Its number in [`Dockerfile::instructions`]. For a trigger that a parent stage left, its `ONBUILD`.
    pub instruction: usize,
    /// Its lines.
    pub lines: LineRange,
}

/// Finds the instruction behind each history entry of an image that was built from `dockerfile`, for its last stage
/// or for `target`. The result has one element for each entry, in order; the entries of the base image, and those
/// that agree with no instruction, have none.
///
/// Entries and instructions are laid side by side from the end. Where texts differ (the file has changed since, or
/// a value came from outside), the entry stays without an instruction; where the kinds of instructions differ, so do
/// all entries before it. When the end of the history is not from this file (something was added later), but the
/// whole file stands in one place of it and only one, that place is taken.
pub fn match_history(
    dockerfile: &Dockerfile,
    target: Option<&str>,
    history: &[HistoryLine<'_>],
) -> Vec<Option<InstructionRef>> {
    let entries: Vec<Entry<'_>> = history.iter().map(|line| Entry::read(line.created_by)).collect();
    let mut found = vec![None; history.len()];
    let Ok(instructions) = in_order(dockerfile, target) else { return found };
    let candidates = candidates(dockerfile, &instructions);
    let reference = |i: usize| {
        let (instruction, _) = *instructions.get(i)?;
        Some(InstructionRef { instruction, lines: dockerfile.instructions.get(instruction)?.lines })
    };

    let required = required(&candidates, &entries);
    let whole = |pairs: &[Pair]| pairs.iter().all(|p| p.agrees) && pairs.len() == required;
    let mut pairs = aligned(&entries, &candidates, false);
    if !whole(&pairs) && entries.len() <= MAX_PLACES {
        let mut places = (1..entries.len())
            .map(|cut| aligned(entries.get(..cut).unwrap_or_default(), &candidates, true))
            .filter(|pairs| !pairs.is_empty() && whole(pairs));
        if let (Some(only), None) = (places.next(), places.next()) {
            pairs = only;
        }
    }
    for pair in pairs.into_iter().filter(|p| p.agrees) {
        if let Some(place) = found.get_mut(pair.entry) {
            *place = reference(pair.candidate);
        }
    }
    found
}

/// What the entries of instructions may be.
fn candidates(dockerfile: &Dockerfile, instructions: &[(usize, &Instruction)]) -> Vec<Candidate> {
    let resolution = dockerfile.resolve();
    let mut shell: Option<String> = None;
    let candidate = |(number, instruction): &(usize, &Instruction)| {
        if let Kind::Shell(words) = &instruction.kind {
            shell = Some(agree::joined(words));
        }
        Candidate::new(&resolution, *number, instruction, shell.as_deref())
    };
    instructions.iter().map(candidate).collect()
}

/// The instructions that can make history entries of a target's image, in the order in which a builder carries them
/// out, with their numbers; triggers with the number of their `ONBUILD`.
fn in_order<'d>(
    dockerfile: &'d Dockerfile,
    target: Option<&str>,
) -> Result<Vec<(usize, &'d Instruction)>, super::UnknownTarget> {
    let mut all = Vec::new();
    for stage in dockerfile.chain(target)? {
        all.extend(dockerfile.triggers(stage));
        let own = stage.instructions.clone().skip(1);
        all.extend(own.filter_map(|i| Some((i, dockerfile.instructions.get(i)?))));
    }
    Ok(all)
}

/// An entry and an instruction that stand at the same place.
struct Pair {
    entry: usize,
    candidate: usize,
    agrees: bool,
}

/// Lays instructions beside entries from the end, as far as their kinds agree; if `strict`, as far as their texts do.
/// BuildKit writes no entry for `ONBUILD`; the other builders do.
fn aligned(entries: &[Entry<'_>], candidates: &[Candidate], strict: bool) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut entry = entries.len();
    for (candidate, instruction) in candidates.iter().enumerate().rev() {
        let Some(read) = entry.checked_sub(1).and_then(|i| entries.get(i)) else { break };
        if read.keyword != instruction.keyword {
            if instruction.keyword == Keyword::Onbuild {
                continue;
            }
            break;
        }
        entry -= 1;
        let agrees = instruction.agrees(read);
        if strict && !agrees {
            break;
        }
        pairs.push(Pair { entry, candidate, agrees });
    }
    pairs
}

/// How many entries the whole file makes.
fn required(candidates: &[Candidate], entries: &[Entry<'_>]) -> usize {
    let writes_triggers = entries.iter().any(|e| e.keyword == Keyword::Onbuild);
    candidates.iter().filter(|c| c.keyword != Keyword::Onbuild || writes_triggers).count()
}
