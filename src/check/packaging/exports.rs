//! What a script writes for those after it: outputs of the step, and variables of the environment.

use super::command::Reader;
use super::resolve;
use super::variables::Variables;
use seaworthy_dockerfile::shell::{Command, RedirectionOperator, Script};

/// Programs that write nothing to their output.
const SILENT: [&str; 24] = [
    "[", "[[", "test", ":", "true", "false", "cd", "export", "set", "unset", "local", "declare", "readonly",
    "sleep", "mkdir", "rm", "cp", "mv", "touch", "exit", "return", "shift", "wait", "read",
];

impl Reader<'_, '_> {
    /// `echo "tag=…" >> "$GITHUB_OUTPUT"`, and the same for `GITHUB_ENV`: what later steps can use.
    pub(super) fn exports(&mut self, script: &Script, command: &Command, variables: &Variables) {
        let index = script.commands.partition_point(|c| c.range.start < command.range.start);
        let reader = script.reader_of(index).and_then(|i| script.commands.get(i));
        let piped_to = |name: &str| {
            reader.is_some_and(|c| c.words.iter().any(|w| names_variable(self.written(w), name)))
        };
        let to = |name: &str| self.writes_to(script, command, name, variables);
        let (output, environment) = (to("GITHUB_OUTPUT"), to("GITHUB_ENV"));
        // `>` takes away what the step wrote before; `tee` without `-a` does, too.
        let is_anew = |name: &str| {
            let is_it = |target| names_variable(self.written(target), name);
            let mut own = command.redirections.iter().filter(|r| is_it(&r.target));
            let appends = |c: &Command| c.words.iter().any(|w| matches!(self.written(w), "-a" | "--append"));
            own.any(|r| matches!(r.operator, RedirectionOperator::Write | RedirectionOperator::Clobber))
                || piped_to(name)
                    && reader.is_some_and(|c| c.program().as_deref() == Some("tee") && !appends(c))
        };
        let (output_anew, environment_anew) = (is_anew("GITHUB_OUTPUT"), is_anew("GITHUB_ENV"));
        if output_anew {
            self.done.outputs.clear();
        }
        if environment_anew {
            self.done.exports.clear();
        }
        let mut lines = self.lines_written(command, output || environment);
        if environment && lines.is_empty() {
            match self.lines_of_files(command, variables) {
                Some(read) => lines = read,
                // Any variable of the steps after it may have another value.
                None => {
                    let program = command.program().unwrap_or_default();
                    let all = variables.names().map(|name| (name.to_owned(), format!("$({program})")));
                    self.done.exports.extend(all.collect::<Vec<_>>());
                }
            }
        }
        for line in lines {
            let old = line.strip_prefix("::set-output name=");
            let Some((name, value)) = old.and_then(|l| l.split_once("::")).or_else(|| line.split_once('='))
            else {
                continue;
            };
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
            if name.is_empty() || !name.bytes().all(plain) {
                continue;
            }
            let known = self.contents(&variables.expand(value), variables);
            let pair = (name.to_owned(), or_default(value, known));
            if environment {
                self.done.exports.push(pair.clone());
            }
            if output || old.is_some() {
                self.done.outputs.push(pair);
            }
        }
    }

    /// The lines that a program writes which writes files of the repository; none for one that writes nothing, and nothing
    /// where that is not known.
    fn lines_of_files(&mut self, command: &Command, variables: &Variables) -> Option<Vec<String>> {
        let program = command.program()?;
        let name = program.rsplit('/').next().unwrap_or_default();
        if SILENT.contains(&name) {
            return Some(Vec::new());
        }
        let words: Vec<String> = command
            .words
            .iter()
            .skip(1)
            .map(|w| variables.expand(&self.written(w).replace(['"', '\''], "")))
            .filter(|w| !w.starts_with('-'))
            .collect();
        let files = match name {
            "cat" => words.as_slice(),
            // Lines of a file that fit a pattern.
            "grep" | "egrep" => words.get(1..)?,
            _ => return None,
        };
        let texts: Vec<(usize, String)> = files.iter().map(|f| self.file(f)).collect::<Option<_>>()?;
        let is_value = |l: &&str| !l.starts_with('#') && l.contains('=');
        let lines = texts.iter().flat_map(|(_, text)| text.lines().map(str::trim).filter(is_value));
        (!files.is_empty()).then(|| lines.map(str::to_owned).collect())
    }

    /// Whether what a command writes goes into the file that a variable names.
    pub(super) fn writes_to(
        &self,
        script: &Script,
        command: &Command,
        name: &str,
        variables: &Variables,
    ) -> bool {
        let index = script.commands.partition_point(|c| c.range.start < command.range.start);
        let reader = script.reader_of(index).and_then(|i| script.commands.get(i));
        let is_it = |text: &str| names_variable(text, name);
        reader.is_some_and(|c| c.words.iter().any(|w| is_it(self.written(w))))
            || script.redirections_of(index).any(|r| is_it(&variables.expand(self.written(&r.target))))
    }

    /// The lines that a command writes, as they are written in the script.
    pub(super) fn lines_written(&self, command: &Command, with_documents: bool) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let is_echo = matches!(command.program().as_deref(), Some("echo" | "printf"));
        if is_echo {
            let written: Vec<String> =
                command.words.iter().skip(1).map(|w| without_quotes(self.written(w))).collect();
            // `echo` writes its words into one line; the words of `printf` are put into its first.
            let texts = match command.program().as_deref() {
                Some("echo") => vec![without_options(&written).join(" ")],
                _ => formatted(&written),
            };
            lines.extend(
                texts.iter().flat_map(|text| text.split("\\n")).flat_map(str::lines).map(str::to_owned),
            );
        }
        if with_documents {
            let bodies = command.redirections.iter().filter_map(|r| r.body.as_ref());
            lines.extend(bodies.flat_map(|b| self.written(b).lines().map(|l| l.trim_start().to_owned())));
        }
        lines
    }
}

/// Whether a text names the file that a variable holds: `$NAME`, `${NAME}`, `${{ env.NAME }}`.
fn names_variable(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + name.len()..));
        let next = after.and_then(|rest| rest.chars().next());
        before.ends_with(['$', '{', '.']) && !next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// What a dollar sign is written as that stands for itself.
const DOLLAR: char = '\u{1}';

/// A word without its quotes. In single quotes a dollar sign stands for itself, but before an expression of GitHub,
/// which is put in before the shell reads the script.
fn without_quotes(written: &str) -> String {
    let (mut out, mut open) = (String::with_capacity(written.len()), None);
    for (at, c) in written.char_indices() {
        match (c, open) {
            ('"' | '\'', None) => open = Some(c),
            (c, Some(quote)) if c == quote => open = None,
            ('$', Some('\'')) if !written.get(at..).is_some_and(|rest| rest.starts_with("${{")) => {
                out.push(DOLLAR);
            }
            ('"' | '\'', Some(_)) => {}
            _ => out.push(c),
        }
    }
    out
}

/// A digest that is asked for, unless another text stands in its place where the answer is empty: `${digest:-…}`.
pub(super) fn or_default(written: &str, known: String) -> String {
    let has_default = written.split("${").skip(1).filter_map(|rest| rest.split('}').next()).any(|inner| {
        let default = inner.split_once(":-").or_else(|| inner.split_once(":="));
        default.is_some_and(|(_, text)| !text.is_empty())
    });
    if has_default && resolve::asks(&known) { "$(a digest, or another text)".to_owned() } else { known }
}

/// The words of `echo` that it writes.
pub(super) fn without_options(words: &[String]) -> &[String] {
    let is_option = |w: &String| {
        w.strip_prefix('-')
            .is_some_and(|f| !f.is_empty() && f.bytes().all(|b| matches!(b, b'n' | b'e' | b'E')))
    };
    let start = words.iter().position(|w| !is_option(w)).unwrap_or(words.len());
    words.get(start..).unwrap_or_default()
}

/// What `printf` writes: its first word, once for as many of the others as it has places for.
pub(super) fn formatted(words: &[String]) -> Vec<String> {
    let Some((format, values)) = words.split_first() else { return Vec::new() };
    let pieces: Vec<&str> = format.split("%s").collect();
    let places = pieces.len() - 1;
    if places == 0 || values.is_empty() {
        return words.to_vec();
    }
    let line = |values: &[String]| {
        let mut values = values.iter();
        let mut out = String::new();
        for (at, piece) in pieces.iter().enumerate() {
            if at > 0 {
                out.push_str(values.next().map_or("", String::as_str));
            }
            out.push_str(piece);
        }
        out
    };
    values.chunks(places).map(line).collect()
}
