//! `[workflow]` and `[[entrypoints]]`: how the image is built, and how it is started.

use std::collections::HashMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::packaging::Family;
use seaworthy_source::Position;

use crate::contract::fault::Fault;
use crate::contract::marked::{Marked, Text};
use crate::contract::names;
use crate::contract::validator::Validator;

/// What builds and publishes the image.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawWorkflow {
    /// The workflows, or the shell scripts, relative to the contract's folder.
    pub files: Option<Vec<Marked<String>>>,
    /// The commands that are agreed on: those of GitHub Actions, or `aws` and `docker` in a script.
    #[schemars(extend("enum" = Family::ALL.map(Family::as_str)), extend("default" = Family::default().as_str()))]
    pub family: Text,
    /// The job that builds and publishes the image. It may be left out where there is only one.
    pub job: Text,
}

/// A way in which the image is started.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawEntrypoint {
    /// The entrypoint's name in this project. Several entries may share one.
    #[schemars(required, regex(pattern = r"^[A-Za-z][A-Za-z0-9_.-]*$"))]
    pub handle: Text,
    /// The command, one word an item, such as `["python", "-m", "orders.cli", "run"]`.
    #[schemars(required)]
    pub command: Option<Vec<Marked<String>>>,
    /// The options that it must know, such as `--profile`.
    pub required_args: Option<Vec<Marked<String>>>,
    /// Options that it may be given, and so must know, too.
    pub optional_args: Option<Vec<Marked<String>>>,
    /// The folder in the image that it starts in. Default: the image's own.
    pub working_dir: Text,
}

/// `[workflow]`: what builds and publishes the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowSection {
    /// The workflows or scripts, joined to the contract's folder; one at least.
    pub files: Vec<PathBuf>,
    /// The commands that are agreed on.
    pub family: Family,
    /// The job that builds and publishes the image.
    pub job: Option<String>,
}

/// One `[[entrypoints]]`: a way in which the image is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntrypointEntry {
    /// Where the entry stands in the contract.
    pub position: Position,
    /// Its name in this project.
    pub handle: String,
    /// The command; one word at least.
    pub command: Vec<String>,
    /// The options that it must know.
    pub required_args: Vec<String>,
    /// Options that it may be given.
    pub optional_args: Vec<String>,
    /// The folder that it starts in, absolute.
    pub working_dir: Option<String>,
}

/// An option: one or two hyphens and a name.
fn option(text: &str) -> Result<String, Fault> {
    let name = text.strip_prefix("--").or_else(|| text.strip_prefix('-')).unwrap_or_default();
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && name.len() <= 128
        && name.bytes().all(part)
    {
        return Ok(text.to_owned());
    }
    Err(Fault::new("is not an option", "write the option alone, without its value, such as `--profile`"))
}

/// A folder in an image: absolute.
fn folder(text: &str) -> Result<String, Fault> {
    let path = names::path(text)?;
    if path.starts_with('/') {
        return Ok(path);
    }
    Err(Fault::new("is not a folder of the image", "write a path from the root, such as `/app`"))
}

impl Validator<'_> {
    pub(in crate::contract) fn workflow(&mut self, raw: Marked<RawWorkflow>) -> Option<WorkflowSection> {
        let RawWorkflow { files, family, job } = raw.value;
        let files: Vec<PathBuf> =
            files.unwrap_or_default().into_iter().filter_map(|text| self.path("files", Some(text))).collect();
        if files.is_empty() {
            self.report(
                raw.span,
                "[workflow] names no file",
                "add `files = [\".github/workflows/build.yml\"]`, or leave [workflow] out",
            );
        }
        let job = self.text("job", job, names::line);
        let family = family.and_then(|word| Family::from_word(&word.value)).unwrap_or_default();
        (!files.is_empty()).then_some(WorkflowSection { files, family, job })
    }

    pub(in crate::contract) fn entrypoints(
        &mut self,
        raw: Vec<Marked<RawEntrypoint>>,
    ) -> Vec<EntrypointEntry> {
        let mut entries = Vec::new();
        let mut commands = HashMap::new();
        for entry in raw {
            let RawEntrypoint { handle, command, required_args, optional_args, working_dir } = entry.value;
            let handle = self.text("handle", handle, names::handle);
            let given = command.is_some();
            let command = self.each("command", command, names::line);
            if given && command.is_empty() {
                self.report(
                    entry.span,
                    "`command` is empty",
                    "write the command's words, such as `[\"/app/run\"]`",
                );
            }
            let required_args = self.each("required_args", required_args, option);
            let optional_args = self.each("optional_args", optional_args, option);
            let working_dir = self.text("working_dir", working_dir, folder);
            let Some(handle) = handle.filter(|_| !command.is_empty()) else { continue };
            let whole = Marked { span: entry.span, value: format!("{handle}\n{}", command.join("\n")) };
            self.unique(&mut commands, "command of this handle", &whole);
            let position = self.position(entry.span);
            entries.push(EntrypointEntry {
                position,
                handle,
                command,
                required_args,
                optional_args,
                working_dir,
            });
        }
        entries
    }

    fn each(
        &mut self,
        key: &str,
        list: Option<Vec<Marked<String>>>,
        parse: impl Fn(&str) -> Result<String, Fault>,
    ) -> Vec<String> {
        let name = format!("an entry of `{key}`");
        let list = list.unwrap_or_default();
        list.iter().filter_map(|text| self.read(&name, text, &parse)).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::contract::Contract;

    fn parse(text: &str) -> Result<Contract, String> {
        let text = format!("version = 1\n{text}");
        Contract::parse(&text, Path::new("project/seaworthy.toml")).map_err(|e| e.render(false))
    }

    #[test]
    fn both_sections_are_read() {
        let contract = parse(
            "[workflow]\nfiles = [\"ci.yml\"]\njob = \"build\"\n[[entrypoints]]\nhandle = \"RUN\"\n\
             command = [\"python\", \"-m\", \"a.b\"]\nrequired_args = [\"--profile\"]\nworking_dir = \"/app\"\n",
        )
        .unwrap();
        let workflow = contract.workflow.unwrap();
        assert_eq!(workflow.files, [PathBuf::from("project/ci.yml")]);
        assert_eq!((workflow.family, workflow.job.as_deref()), (Family::GithubActions, Some("build")));
        let [entry] = contract.entrypoints.as_slice() else { panic!("one entry") };
        assert_eq!(entry.command, ["python", "-m", "a.b"]);
        assert_eq!(entry.working_dir.as_deref(), Some("/app"));
        assert!(parse("").unwrap().workflow.is_none());
    }

    #[test]
    fn mistakes_are_shown_in_their_line() {
        for (text, said) in [
            ("[workflow]\n", "names no file"),
            ("[workflow]\nfiles = []\n", "names no file"),
            ("[workflow]\nfiles = [\"a\"]\nfamily = \"make\"\n", "unknown value"),
            ("[[entrypoints]]\nhandle = \"A\"\n", "no `command`"),
            ("[[entrypoints]]\nhandle = \"A\"\ncommand = []\n", "`command` is empty"),
            (
                "[[entrypoints]]\nhandle = \"A\"\ncommand = [\"x\"]\nrequired_args = [\"profile\"]\n",
                "is not an option",
            ),
            (
                "[[entrypoints]]\nhandle = \"A\"\ncommand = [\"x\"]\nrequired_args = [\"--a=b\"]\n",
                "is not an option",
            ),
            (
                "[[entrypoints]]\nhandle = \"A\"\ncommand = [\"x\"]\nworking_dir = \"app\"\n",
                "is not a folder",
            ),
            (
                "[[entrypoints]]\nhandle = \"A\"\ncommand = [\"x\"]\n[[entrypoints]]\nhandle = \"A\"\ncommand = [\"x\"]\n",
                "is used already",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
