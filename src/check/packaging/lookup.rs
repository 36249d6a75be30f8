//! Where programs are looked up: a directory of the checkout that comes first may hold another `docker` or `aws`.

use super::act::{Act, At, Stage};
use super::command::Reader;
use super::sequence::Fault;
use super::variables::Variables;
use seaworthy_dockerfile::shell::{Command, Script};

/// What stands for the root of the checkout, or for a directory below it.
const CHECKOUT: [&str; 7] = [
    "$GITHUB_WORKSPACE",
    "${GITHUB_WORKSPACE}",
    "${{ github.workspace }}",
    "${{github.workspace}}",
    "$PWD",
    "${PWD}",
    "$(pwd)",
];

/// The variable itself, after whose value a directory hides nothing.
const PATH: [&str; 4] = ["$PATH", "${PATH}", "${{ env.PATH }}", "${{env.PATH}}"];

/// The first directory of a `PATH` that may be one of the checkout.
fn of_checkout(value: &str) -> Option<String> {
    // `${PATH:-…}` and the like are not divided: what comes before them counts.
    let mut directories =
        value.trim().split(':').take_while(|d| !PATH.contains(d) && !d.starts_with("${PATH"));
    let is_inside = |directory: &&str| {
        let at = CHECKOUT.iter().find_map(|root| directory.strip_prefix(root));
        at.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            || !directory.starts_with(['/', '~', '$', '`'])
    };
    directories.find(is_inside).map(|d| if d.is_empty() { "." } else { d }.to_owned())
}

/// A `PATH` that a file or a script sets, if it begins with a directory of the checkout.
pub(super) fn looked_up(value: &str, at: At) -> Option<Act> {
    let directory = of_checkout(value)?;
    Some(Act { references: vec![directory], ..Act::new(Stage::Lookup, at) })
}

impl Reader<'_, '_> {
    /// The directories that a command puts before those in which programs are looked up: `PATH=…`, and what it writes to
    /// `GITHUB_PATH`.
    pub(super) fn lookups(&mut self, script: &Script, command: &Command, variables: &Variables, at: At) {
        let mut values: Vec<String> = Vec::new();
        for assignment in command.declarations().into_iter().filter(|a| a.name.as_str() == "PATH") {
            values.push(self.written(&assignment.value).replace(['"', '\''], ""));
        }
        if self.writes_to(script, command, "GITHUB_PATH", variables) {
            values.extend(self.lines_written(command, true));
        }
        for value in values {
            // The variable is looked for as it is written: by now it has its value.
            let located = self.located(&value);
            self.done.acts.extend(looked_up(&located, at));
        }
    }
}

/// Directories of the checkout in which the programs of the sequence are looked up first.
pub(super) fn faults(acts: &[Act]) -> Vec<Fault> {
    let is_work = |a: &Act| matches!(a.stage, Stage::Login | Stage::Build | Stage::Push | Stage::Digest);
    let last = acts.iter().rposition(|a| a.never.is_none() && is_work(a)).unwrap_or(0);
    let lookups = acts.iter().take(last).filter(|a| a.never.is_none() && a.stage == Stage::Lookup);
    let unclear = |act: &Act| {
        let directory = act.references.first().map(String::as_str).unwrap_or_default();
        let reason = format!(
            "programs are looked up first in {directory}, a directory of the checkout: whether docker and aws are others there is not known"
        );
        Fault::unclear(act.at, "PATH", reason)
    };
    let mut faults: Vec<Fault> = Vec::new();
    for fault in lookups.map(unclear) {
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_that_come_first() {
        for (value, directory) in [
            ("$PWD/tools:$PATH", Some("$PWD/tools")),
            ("./bin:/usr/bin", Some("./bin")),
            (":/usr/bin", Some(".")),
            ("$GITHUB_WORKSPACE/x", Some("$GITHUB_WORKSPACE/x")),
            ("${{ github.workspace }}/x:$PATH", Some("${{ github.workspace }}/x")),
            ("tools", Some("tools")),
            ("/opt/x:$PATH:./tools", None),
            ("$HOME/.local/bin:$PATH", None),
            ("~/bin", None),
            ("$PATH:$PWD/tools", None),
            ("$PWDX/tools", None),
        ] {
            assert_eq!(of_checkout(value).as_deref(), directory, "{value}");
        }
    }
}
