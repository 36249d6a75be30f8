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
    /// The workflows, or the shell scripts, relative to the contract's directory.
    pub files: Option<Vec<Marked<String>>>,
    /// The commands that are agreed on: those of GitHub Actions, or `aws` and `docker` in a script.
    #[schemars(extend("enum" = Family::ALL.map(Family::as_str)), extend("default" = Family::default().as_str()))]
    pub family: Text,
    /// The job that builds and publishes the image. It may be left out where there is only one.
    pub job: Text,
    /// The platforms that the build must name, such as `linux/amd64`. Default: not compared.
    pub platforms: Option<Vec<Marked<String>>>,
    /// The output that holds the immutable tag. Default: any whose name or value says `tag` or `image`.
    pub tag_output: Text,
    /// The output that holds the resolved digest. Default: any whose name or value says `digest`.
    pub digest_output: Text,
    /// Tools beside docker and aws that may build, copy and push, such as `kaniko`. Default: none.
    pub tools: Option<Vec<Marked<String>>>,
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
    /// What it must be given: options, such as `--profile`, and values without one, such as `<path>`.
    pub required_args: Option<Vec<Marked<String>>>,
    /// Options that it may be given, and so must know, too.
    pub optional_args: Option<Vec<Marked<String>>>,
    /// The directory in the image that it starts in. Default: the image's own.
    pub working_dir: Text,
    /// The user that its task runs it as, where a task names one: a name or a number, with a group after a colon or
    /// without. Default: the image's own.
    pub user: Text,
    /// Arguments with which `--exec` runs it for a trial, beside `--help`: it must end with exit code 0.
    pub dry_run: Option<Vec<Marked<String>>>,
    /// Whether the arguments are given when its task is started; then its task definition may have none. Default:
    /// false.
    pub args_at_start: Option<Marked<bool>>,
    /// Why no task definition runs it, if none does.
    pub unused: Text,
    /// A directory, relative to the contract's directory, that a run with `--exec` gets at `/fixtures`, read-only.
    pub fixtures: Text,
}

/// `[workflow]`: what builds and publishes the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowSection {
    /// The workflows or scripts, joined to the contract's directory; one at least.
    pub files: Vec<PathBuf>,
    /// The commands that are agreed on.
    pub family: Family,
    /// The job that builds and publishes the image.
    pub job: Option<String>,
    /// The platforms that the build must name; not compared if there are none.
    pub platforms: Vec<String>,
    /// The output that holds the immutable tag.
    pub tag_output: Option<String>,
    /// The output that holds the resolved digest.
    pub digest_output: Option<String>,
    /// Tools beside docker and aws that may build, copy and push.
    pub tools: Vec<String>,
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
    /// The options that it must be given, and values without one, as `<path>`.
    pub required_args: Vec<String>,
    /// Options that it may be given.
    pub optional_args: Vec<String>,
    /// The directory that it starts in, absolute.
    pub working_dir: Option<String>,
    /// The user that it runs as.
    pub user: Option<String>,
    /// Arguments of a trial run; nothing if there is none.
    pub dry_run: Option<Vec<String>>,
    /// The directory that a trial run gets, joined to the contract's directory.
    pub fixtures: Option<PathBuf>,
    /// Whether the arguments are given when its task is started.
    pub args_at_start: bool,
    /// Why no task definition runs it, if none does.
    pub unused: Option<String>,
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

/// An option, or a value without one, as `<path>`.
fn option_or_value(text: &str) -> Result<String, Fault> {
    let inner = text.strip_prefix('<').and_then(|t| t.strip_suffix('>'));
    let is_name = |n: &str| {
        !n.is_empty()
            && n.len() <= 64
            && n.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if inner.is_some_and(is_name) { Ok(text.to_owned()) } else { option(text) }
}

/// A word of a command line: a script may have many lines.
fn word(text: &str) -> Result<String, Fault> {
    let is_plain = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    if !text.is_empty() && text.len() <= 16_384 && text.chars().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not a word of a command",
        "write 1 to 16,384 bytes without control characters other than line ends and tabs",
    ))
}

/// A directory in an image: absolute.
/// A user as an image and a task name it.
fn account(text: &str) -> Result<String, Fault> {
    let is_part =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() <= 2 && parts.iter().all(|part| is_part(part)) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not a user",
        "write a name or a number, with a group after a colon or without, such as `10001:10001`",
    ))
}

fn directory(text: &str) -> Result<String, Fault> {
    let path = names::path(text)?;
    if path.starts_with('/') {
        return Ok(path);
    }
    Err(Fault::new("is not a directory of the image", "write a path from the root, such as `/app`"))
}

impl Validator<'_> {
    pub(in crate::contract) fn workflow(&mut self, raw: Marked<RawWorkflow>) -> Option<WorkflowSection> {
        let RawWorkflow { files, family, job, platforms, tag_output, digest_output, tools } = raw.value;
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
        let platforms = self.each("platforms", platforms, names::line);
        let tag_output = self.text("tag_output", tag_output, names::line);
        let digest_output = self.text("digest_output", digest_output, names::line);
        let tools = self.each("tools", tools, names::line);
        let family = family.and_then(|word| Family::from_word(&word.value)).unwrap_or_default();
        (!files.is_empty()).then_some(WorkflowSection {
            files,
            family,
            job,
            platforms,
            tag_output,
            digest_output,
            tools,
        })
    }

    pub(in crate::contract) fn entrypoints(
        &mut self,
        raw: Vec<Marked<RawEntrypoint>>,
    ) -> Vec<EntrypointEntry> {
        let mut entries = Vec::new();
        let mut commands = HashMap::new();
        for entry in raw {
            let RawEntrypoint {
                handle,
                command,
                required_args,
                optional_args,
                working_dir,
                user,
                dry_run,
                fixtures,
                args_at_start,
                unused,
            } = entry.value;
            let handle = self.text("handle", handle, names::handle);
            let given = command.is_some();
            let command = self.each("command", command, word);
            if given && command.is_empty() {
                self.report(
                    entry.span,
                    "`command` is empty",
                    "write the command's words, such as `[\"/app/run\"]`",
                );
            }
            let required_args = self.each("required_args", required_args, option_or_value);
            let optional_args = self.each("optional_args", optional_args, option);
            let working_dir = self.text("working_dir", working_dir, directory);
            let user = self.text("user", user, account);
            let dry_run = dry_run.map(|words| self.each("dry_run", Some(words), word));
            let fixtures = self.path("fixtures", fixtures);
            let unused = self.text("unused", unused, names::reason);
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
                user,
                dry_run,
                fixtures,
                args_at_start: args_at_start.is_some_and(|a| a.value),
                unused,
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
                "is not a directory",
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
