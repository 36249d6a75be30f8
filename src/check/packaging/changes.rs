//! What a script changes before a build: the Dockerfile, the ignore file, the sources; and the secrets that it writes
//! into files, hands to a build or prints.

use super::act::{Act, At, Stage};
use super::changed::{changed, decrypts, kind_of};
use super::command::{MAX_ROUNDS, Reader};
use super::programs;
use super::resolve;
use super::secret::{self, Exposure, How};
use super::surface::joined;
use super::tagging;
use super::tool;
use super::variables::Variables;
use seaworthy_dockerfile::shell::{Command, RedirectionOperator, Script};

/// Verbs of git that put other sources in place of those of the commit, each with whether they make the place a
/// commit's.
const SOURCES: [(&str, bool); 16] = [
    ("checkout", true),
    ("switch", true),
    ("pull", true),
    ("merge", true),
    ("reset", true),
    ("rebase", true),
    ("cherry-pick", true),
    ("revert", true),
    ("am", true),
    ("apply", false),
    ("restore", false),
    ("submodule", false),
    ("stash", false),
    ("read-tree", false),
    ("bisect", true),
    ("subtree", true),
];

/// The source of a change that leaves nothing of a file.
pub(super) const REMOVED: &str = "nothing";

/// The source of a change that puts other content in the place of what the commit has.
pub(super) const ALTERED: &str = "other content";

/// The source of a change that may replace files, and makes others.
pub(super) const REPLACED: &str = "files of an artifact";

/// The source of a change by a program that is told the path, and may do anything with it.
pub(super) const NAMED: &str = "what a program makes of it";

/// The source of a change that leaves the content as it is.
pub(super) const TOUCHED: &str = "its own content";

/// Where a redirection shows what is written to it.
const LOGS: [&str; 4] = ["/dev/stdout", "/dev/stderr", "/dev/tty", "/proc/self/fd/1"];

impl Reader<'_, '_> {
    /// Files that a command changes, and sources that git puts in place of others.
    pub(super) fn changes(
        &mut self,
        script: &Script,
        command: &Command,
        words: &[String],
        variables: &mut Variables,
        at: At,
    ) {
        let targets = self.targets(script, command, variables);
        self.keep(words, &targets, variables);
        for path in changed(words).into_iter().chain(targets.iter().map(|(t, _)| t.clone())) {
            let path = joined(&self.directory, &path);
            let source = kind_of(words).map(str::to_owned);
            if let Some(program) = decrypts(words) {
                let secret = Stage::Writes(format!("what {program} decrypts"));
                self.done.acts.push(Act { references: vec![path.clone()], ..Act::new(secret, at) });
            }
            self.done.acts.push(Act { references: vec![path], source, ..Act::new(Stage::Change, at) });
        }
        for path in programs::named(words, self.input(script, command, variables).as_deref()) {
            let path = joined(&self.directory, &path);
            let source = Some(NAMED.to_owned());
            self.done.acts.push(Act { references: vec![path], source, ..Act::new(Stage::Change, at) });
        }
        let plain = tool::without_wrappers(words);
        if names_commit(plain) {
            self.done.acts.push(Act::new(Stage::Commit, at));
        }
        if let Some(commits) = changes_sources(plain) {
            self.done.acts.push(Act::new(Stage::Sources { commits }, at));
        }
    }

    /// The files that a command's output is written to, and whether it is added to them.
    fn targets(&self, script: &Script, command: &Command, variables: &Variables) -> Vec<(String, bool)> {
        let index = script.commands.partition_point(|c| c.range.start < command.range.start);
        let writes = script.redirections_of(index).filter(|r| r.operator.writes() && r.descriptor != Some(2));
        let target = |r: &seaworthy_dockerfile::shell::Redirection| {
            let path = variables.expand(&self.written(&r.target).replace(['"', '\''], ""));
            let path = self.located(&path);
            (path, r.operator == RedirectionOperator::Append)
        };
        writes.map(target).filter(|(path, _)| !path.starts_with('&')).collect()
    }

    /// Notes what a file holds: a text, or a digest.
    fn keep(&self, words: &[String], targets: &[(String, bool)], variables: &mut Variables) {
        let [(path, false)] = targets else { return };
        let is_text = words.first().is_some_and(|w| w == "echo" || w == "printf");
        let text = words.iter().skip(1).filter(|w| !matches!(w.as_str(), "-n" | "%s" | "%s\\n"));
        let value = if is_text {
            text.cloned().collect::<Vec<_>>().join(" ")
        } else if resolve::asks(&words.join(" ")) {
            format!("$({})", words.join(" "))
        } else {
            return;
        };
        variables.set_file(&joined(&self.directory, path), &value);
    }

    /// Secrets that a command hands to a build, writes into a file, or prints.
    pub(super) fn exposures(
        &mut self,
        script: &Script,
        command: &Command,
        words: &[String],
        variables: &Variables,
        at: At,
    ) {
        self.done.exposures.extend(self.secrets.in_build(words, at));
        self.secrets.mask(words);
        let messages = command.words.iter().filter_map(|w| self.secrets.in_message(self.written(w)));
        let shown: Vec<Exposure> = messages.map(|what| Exposure { at, how: How::Printed, what }).collect();
        self.done.exposures.extend(shown);
        let traced =
            self.frame.options.xtrace.then(|| self.secrets.traced(words, command, |w| self.written(w)));
        self.done.exposures.extend(traced.flatten().map(|what| Exposure { at, how: How::Traced, what }));
        // What a substitution prints is not in the log.
        if !self.is_whole {
            return;
        }
        let bodies = command.redirections.iter().filter_map(|r| r.body.as_ref());
        let mut bodies: Vec<String> = bodies.map(|b| variables.expand(self.written(b))).collect();
        let inputs = command.redirections.iter().filter(|r| r.operator == RedirectionOperator::Read);
        bodies.extend(inputs.map(|r| self.written(&r.target).replace(['"', '\''], "")));
        let strings = command.redirections.iter().filter(|r| r.operator == RedirectionOperator::HereString);
        bodies.extend(strings.map(|r| variables.expand(self.written(&r.target))));
        // What a file holds that the script wrote.
        let files = words.iter().skip(1).map(|w| joined(&self.directory, w));
        bodies.extend(files.filter_map(|path| variables.literal_file(&path)));
        self.hand_on(words, &bodies, at);
        let printed = self.secrets.printed(words, &bodies, at);
        if printed.is_empty() {
            return;
        }
        for place in self.places(script, command, variables) {
            match place {
                Shown::Nowhere => {}
                Shown::As(how) => {
                    let is_masked = |e: &Exposure| how == How::Output && self.secrets.is_masked(&e.what);
                    let all = printed.iter().filter(|e| !is_masked(e)).map(|e| Exposure { how, ..e.clone() });
                    self.done.exposures.extend(all.collect::<Vec<_>>());
                }
                Shown::File(path) => {
                    let path = joined(&self.directory, &path);
                    for exposure in &printed {
                        let stage = Stage::Writes(exposure.what.clone());
                        let act = Act { references: vec![path.clone()], ..Act::new(stage, at) };
                        self.done.acts.push(act);
                    }
                }
            }
        }
    }

    /// Secrets that a command puts into variables, or into other files: `read X`, `cp FILE TARGET`,
    /// `install /dev/stdin TARGET`.
    fn hand_on(&mut self, words: &[String], bodies: &[String], at: At) {
        let plain = tool::without_wrappers(words);
        let Some((program, arguments)) = plain.split_first() else { return };
        let Some(what) = bodies.iter().find_map(|b| self.secrets.held_by(b)) else { return };
        match program.rsplit('/').next().unwrap_or_default() {
            "read" | "mapfile" | "readarray" => {
                let names = arguments.iter().filter(|a| !a.starts_with('-'));
                names.for_each(|name| self.secrets.add(name));
            }
            "cp" | "mv" | "install" | "ln" | "rsync" => {
                for path in changed(words) {
                    let references = vec![joined(&self.directory, &path)];
                    let stage = Stage::Writes(what.clone());
                    self.done.acts.push(Act { references, ..Act::new(stage, at) });
                }
            }
            _ => {}
        }
    }

    /// Where what a command prints goes, through programs that pass it on.
    fn places(&self, script: &Script, command: &Command, variables: &Variables) -> Vec<Shown> {
        let mut index = script.commands.partition_point(|c| c.range.start < command.range.start);
        let mut places = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let Some(current) = script.commands.get(index) else { break };
            let words: Vec<String> = current
                .words
                .iter()
                .map(|w| variables.expand(&self.written(w).replace(['"', '\''], "")))
                .collect();
            if words.first().is_some_and(|w| w.ends_with("tee")) {
                places.extend(words.iter().skip(1).filter(|w| !w.starts_with('-')).map(|w| shown_at(w)));
            }
            if words.first().is_some_and(|w| w.ends_with("sponge")) {
                places.extend(words.iter().skip(1).filter(|w| !w.starts_with('-')).map(|w| shown_at(w)));
                return places;
            }
            let targets = self.targets(script, current, variables);
            if !targets.is_empty() {
                places.extend(targets.iter().map(|(target, _)| shown_at(target)));
                return places;
            }
            let Some(next) = script.reader_of(index) else {
                places.push(Shown::As(How::Printed));
                return places;
            };
            let program = script.commands.get(next).and_then(Command::program).unwrap_or_default();
            let is_sponge = program.ends_with("sponge");
            let echoes = program == "xargs"
                && script
                    .commands
                    .get(next)
                    .is_some_and(|c| c.words.iter().any(|w| self.written(w) == "echo"));
            if !echoes && !is_sponge && !secret::passes_on(program.rsplit('/').next().unwrap_or_default()) {
                return places;
            }
            index = next;
        }
        places
    }
}

/// Where something is shown.
enum Shown {
    Nowhere,
    As(How),
    File(String),
}

fn shown_at(target: &str) -> Shown {
    if LOGS.contains(&target) {
        Shown::As(How::Printed)
    } else if target.contains("GITHUB_STEP_SUMMARY") || target.contains("github.step_summary") {
        Shown::As(How::Summary)
    } else if target.contains("GITHUB_OUTPUT") || target.contains("github.output") {
        Shown::As(How::Output)
    } else if target.starts_with("/dev/") || target.contains("GITHUB_ENV") {
        Shown::Nowhere
    } else {
        Shown::File(target.to_owned())
    }
}

/// Whether a command tells which commit is checked out.
fn names_commit(words: &[String]) -> bool {
    let has = |word: &str| words.iter().any(|w| w == word);
    has("git") && has("rev-parse") && has("HEAD")
}

/// Whether a command of git may change the sources, as `git pull` does and `git checkout "$GITHUB_SHA"` does not; if
/// so, whether they are a commit's afterwards.
fn changes_sources(words: &[String]) -> Option<bool> {
    let (program, rest) = words.split_first()?;
    if program == "patch" {
        return Some(false);
    }
    let mut rest = rest.iter();
    let mut verb = rest.next();
    // `git -C DIRECTORY`, `git -c NAME=VALUE`, and options that are one word.
    while let Some(option) = verb.filter(|word| word.starts_with('-')) {
        if matches!(option.as_str(), "-C" | "-c") {
            rest.next();
        }
        verb = rest.next();
    }
    let (verb, commits) = *SOURCES.iter().find(|(name, _)| verb.is_some_and(|v| v == name))?;
    // `git checkout -b NAME` and `git reset` alone leave the files as they are.
    let operands: Vec<&String> = rest.clone().filter(|w| !w.starts_with('-') || *w == "-").collect();
    let has = |option: &str| rest.clone().any(|w| w == option);
    let keeps = match verb {
        "checkout" if has("-b") => operands.len() == 1,
        "switch" => has("-c") && operands.len() == 1,
        // Files as the commit has them.
        "checkout" if operands.iter().all(|w| matches!(w.as_str(), "." | "HEAD")) => true,
        "read-tree" => !has("-u"),
        "subtree" => operands.first().is_none_or(|w| !matches!(w.as_str(), "pull" | "add" | "merge")),
        "reset" => operands.iter().all(|w| *w == "HEAD"),
        "restore" => !rest.clone().any(|w| w.starts_with("--source") || w == "-s"),
        "submodule" => !has("--remote"),
        "stash" => operands.first().is_some_and(|w| matches!(w.as_str(), "list" | "show")),
        _ => false,
    };
    let is_commit = words.iter().any(|w| tagging::is_commit(w));
    (program == "git" && !keeps && !is_commit).then_some(commits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn commands_of_git_that_change_the_sources() {
        for text in [
            "git pull",
            "git checkout -",
            "git read-tree -u X",
            "git checkout v1",
            "git -C x -c a=b reset --hard HEAD~1",
            "git apply a.diff",
        ] {
            assert!(changes_sources(&words(text)).is_some(), "{text}");
        }
        assert!(changes_sources(&words("git checkout $GITHUB_SHA~1")).is_some());
        for text in [
            "git status",
            "git checkout $GITHUB_SHA",
            "git checkout ${{github.sha}}",
            "git checkout -b release",
            "git checkout -- .",
            "git reset --hard",
            "git restore .",
            "git submodule update --init",
            "git -C pull log",
            "git merge-base a b",
            "pull",
        ] {
            assert!(changes_sources(&words(text)).is_none(), "{text}");
        }
    }
}
