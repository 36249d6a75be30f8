//! Secrets that stand in commands as they are. What a variable brings is not looked at here.

mod options;
mod texts;

use std::collections::BTreeMap;
use std::ops::Range;

use super::rendered::Rendered;
use super::script::scripts;
use crate::check::{Context, NAMED, TextSecret, examine_assignment, examine_text};
use crate::finding::{Confidence, SecretMark, Severity};
use crate::observe::secret_file::{by_word, word_name};
use seaworthy_detect::validate::{Likelihood, NameKind, judge_assignment, name_kind};
use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell::{CommandKind, Script, Word};
use seaworthy_source::Span;

/// A secret in a command.
pub(super) struct Literal {
    /// The secret. Its span is in the text of its word and of no use here.
    pub(super) secret: TextSecret,
    /// Where its value stands in the file.
    pub(super) span: Span,
    /// Where it stands in the command, such as `in a header`.
    pub(super) how: &'static str,
    /// A name for the secret when it is handed over in another way.
    pub(super) variable: String,
    /// Whether it stands in single quotes.
    pub(super) single_quoted: bool,
    /// How bad it is.
    pub(super) severity: Severity,
}

/// All secrets in the commands of a script. `text` is what the script was read from, to look over what is in no
/// word.
pub(super) fn literals(context: &Context<'_>, script: &Script, text: Option<&Text>) -> Vec<Literal> {
    let mut reader = Reader { context, found: Vec::new(), places: BTreeMap::new() };
    for script in scripts(script) {
        for index in 0..script.commands.len() {
            reader.command(script, index);
        }
    }
    if let Some(text) = text {
        reader.by_form(&Rendered::text(text), "in the command");
    }
    reader.found.sort_by_key(|l| l.span);
    reader.found
}

/// The secrets in a shell command that comes from elsewhere than a Dockerfile, such as an image's history. Their spans
/// are in `command`.
pub(in crate::check) fn in_command(context: &Context<'_>, command: &str) -> Vec<TextSecret> {
    let text = Text::of(command);
    literals(context, &seaworthy_dockerfile::shell::parse(&text), Some(&text))
        .into_iter()
        .map(|literal| {
            let mut secret = literal.secret;
            secret.span = literal.span.start..literal.span.end;
            secret.severity = literal.severity;
            // What the shell's words tell is as good as the severity that they give.
            secret.confidence = secret.confidence.max(Confidence::Medium);
            secret.name = secret.name.or(Some(literal.variable).filter(|_| secret.by_name));
            secret
        })
        .collect()
}

/// The secrets in a text that is written to a file of this path.
pub(super) fn in_written_text(context: &Context<'_>, text: &Rendered, path: &str) -> Vec<Literal> {
    let mut reader = Reader { context, found: Vec::new(), places: BTreeMap::new() };
    reader.lone(text, path, "in the text");
    reader.written(text, "in the text");
    reader.by_form(text, "in the text");
    reader.found.sort_by_key(|l| l.span);
    reader.found
}

/// The secrets in a URL: its userinfo and its query.
pub(super) fn in_url(context: &Context<'_>, text: &Rendered) -> Vec<Literal> {
    let mut reader = Reader { context, found: Vec::new(), places: BTreeMap::new() };
    reader.urls(text);
    reader.by_form(text, "in the URL");
    reader.found
}

/// The tokens in a text that is neither a command nor a URL: a path, a name.
pub(super) fn in_text(context: &Context<'_>, text: &Rendered) -> Vec<Literal> {
    let mut reader = Reader { context, found: Vec::new(), places: BTreeMap::new() };
    reader.by_form(text, "in the text");
    reader.found
}

struct Reader<'a> {
    context: &'a Context<'a>,
    found: Vec<Literal>,
    /// Where each begins.
    places: BTreeMap<usize, usize>,
}

impl Reader<'_> {
    fn command(&mut self, script: &Script, index: usize) {
        let Some(command) = script.commands.get(index) else { return };
        for assignment in command.declarations() {
            let value = Rendered::word(&assignment.value);
            let whole = 0..value.text.len();
            self.value(&value, whole, &assignment.name, "in an assignment", false);
        }
        let bodies = command.redirections.iter().filter_map(|r| r.body.as_ref().or_else(|| here_string(r)));
        for body in bodies {
            let body = Rendered::word(body);
            self.written(&body, "in a here-document");
            self.by_form(&body, "in a here-document");
        }
        if command.words.is_empty() || command.kind != CommandKind::Simple {
            return;
        }
        let words: Vec<Rendered> = command.words.iter().map(Rendered::word).collect();
        self.options(&words);
        let line = Rendered::words(&command.words);
        let program = words.first().map(|w| base_name(&w.text).to_owned()).unwrap_or_default();
        self.fed(script, index, command, &program, &words);
        if matches!(program.as_str(), "echo" | "printf") {
            let text = Rendered::words(command.words.iter().skip(1));
            self.written(&text, "in the output");
            let target = command.redirections.iter().find(|r| r.operator.writes());
            let target = target.map(|r| Rendered::word(&r.target).text).or_else(|| teed(script, index));
            if let Some(path) = target {
                let is_format = |w: &&Word| Rendered::word(w).text.starts_with(['-', '%']);
                let text = Rendered::words(command.words.iter().skip(1).skip_while(is_format));
                self.lone(&text, &path, "in the output");
            }
        } else {
            self.headers(&line);
            self.urls(&line);
            self.sql(&line);
        }
        self.whole(&line, &program);
    }

    /// By form and by name, anywhere in a command.
    fn whole(&mut self, line: &Rendered, program: &str) {
        let keys = ["gpg", "gpg2", "apt-key"].contains(&program);
        for secret in examine_text(self.context, &line.text) {
            let name = secret.name.clone().unwrap_or_default();
            if secret.detector == NAMED && keys && name_kind(name.as_bytes()) == NameKind::Weak {
                continue;
            }
            self.add(line, secret, "in the command", &name, false);
        }
    }

    /// By form alone.
    fn by_form(&mut self, text: &Rendered, how: &'static str) {
        for secret in examine_text(self.context, &text.text).into_iter().filter(|s| s.detector != NAMED) {
            // A detector that goes by names is for files; here the shell's words tell more.
            let generic = self.context.rules.find(&secret.detector).is_some_and(|r| r.generic);
            if !generic {
                self.add(text, secret, how, "", false);
            }
        }
    }

    /// By form, with `\n` read as a line end, as `echo` and `printf` do.
    fn by_form_unescaped(&mut self, text: &Rendered, how: &'static str) {
        if !text.text.contains("\\n") {
            return;
        }
        let plain = text.text.replace("\\n", "\n");
        let ends: Vec<usize> =
            text.text.match_indices("\\n").enumerate().map(|(i, (at, _))| at - i).collect();
        // Each line end before an offset was one byte longer.
        let back = |at: usize| at + ends.partition_point(|end| *end < at);
        for mut secret in examine_text(self.context, &plain).into_iter().filter(|s| s.detector != NAMED) {
            let generic = self.context.rules.find(&secret.detector).is_some_and(|r| r.generic);
            if !generic {
                secret.span = back(secret.span.start)..back(secret.span.end);
                self.add(text, secret, how, "", false);
            }
        }
    }

    /// The bytes `range` of a word, given to `name`. `strict` means that the place alone says that it is a secret.
    fn value(&mut self, text: &Rendered, range: Range<usize>, name: &str, how: &'static str, strict: bool) {
        let Some(value) = text.text.get(range.clone()) else { return };
        let judged = if strict && name_kind(name.as_bytes()) != NameKind::Secret { "password" } else { name };
        for mut secret in assigned(self.context, judged, value) {
            secret.span = secret.span.start + range.start..secret.span.end + range.start;
            self.add(text, secret, how, name, strict);
        }
    }

    /// A text that is written to a file of this path: the name of one that consists of a secret tells.
    fn lone(&mut self, text: &Rendered, path: &str, how: &'static str) {
        let word = text.text.trim().trim_end_matches("\\n");
        let is_secret = by_word(path.as_bytes(), word.as_bytes()).is_some();
        let Some(name) = word_name(path.as_bytes()).filter(|_| is_secret) else { return };
        let start = text.text.len() - text.text.trim_start().len();
        self.value(text, start..start + word.len(), &name, how, false);
    }

    /// A value that is a password whatever it looks like.
    fn password(&mut self, text: &Rendered, range: Range<usize>, how: &'static str) {
        let before = self.found.len();
        self.value(text, range.clone(), "password", how, true);
        let Some(value) = text.text.get(range.clone()) else { return };
        if self.found.len() == before && text.is_literal(&range) && !value.trim().is_empty() {
            let secret = TextSecret {
                detector: NAMED.to_owned(),
                by_name: true,
                what: "literal password".to_owned(),
                severity: Severity::Medium,
                confidence: Confidence::Medium,
                rotate: "Rotate the value wherever it is in use.".to_owned(),
                span: range,
                mark: SecretMark::new(self.context.key, value.as_bytes()),
                name: None,
                notes: vec![
                    "the value may be a default, but anyone who runs the image can log in with it".to_owned(),
                ],
            };
            self.add(text, secret, how, "password", true);
        }
    }

    fn add(&mut self, text: &Rendered, secret: TextSecret, how: &'static str, name: &str, strict: bool) {
        // A form may take in variables; the file does not tell those.
        if !text.is_literal(&secret.span) {
            return;
        }
        let value = text.text.get(secret.span.clone()).unwrap_or_default();
        if secret.by_name && is_build_dummy(value) {
            return;
        }
        let span = text.locate(&secret.span);
        let severity = severity(&secret, name, strict);
        // What is kept does not overlap, so only the last that begins before this one's end can.
        let last = self.places.range(..span.end.max(span.start + 1)).next_back().map(|(_, i)| *i);
        let overlaps = |l: &&mut Literal| span.start < l.span.end || span == l.span;
        if let Some(known) = last.and_then(|i| self.found.get_mut(i)).filter(overlaps) {
            if known.secret.detector == NAMED && secret.detector != NAMED {
                known.secret = secret;
                known.severity = known.severity.max(severity);
            }
            return;
        }
        let variable = variable(name, &secret.detector);
        let single_quoted = text.is_single_quoted(&secret.span);
        self.places.insert(span.start, self.found.len());
        self.found.push(Literal { secret, span, how, variable, single_quoted, severity });
    }
}

/// The secrets in a value that is given to `name`. What only a detector for names in files knows is judged again as
/// what it is here: the value of a name.
pub(super) fn assigned(context: &Context<'_>, name: &str, value: &str) -> Vec<TextSecret> {
    let mut found = examine_assignment(context, name, value);
    for secret in &mut found {
        let generic = context.rules.find(&secret.detector).is_some_and(|r| r.generic);
        let Some(judged) = judge_assignment(name, value.as_bytes()).filter(|_| generic) else { continue };
        (secret.confidence, secret.severity) = match judged.confidence {
            Likelihood::Low => (Confidence::Low, Severity::Low),
            Likelihood::Medium => (Confidence::Medium, Severity::High),
            Likelihood::High => (Confidence::High, Severity::High),
        };
        secret.detector = NAMED.to_owned();
        secret.what = "literal secret".to_owned();
    }
    found
}

/// How bad a literal is. Under a name that means nothing but a secret, even a plain word is more than worth knowing.
pub(super) fn severity(secret: &TextSecret, name: &str, strict: bool) -> Severity {
    if secret.confidence > Confidence::Low {
        return secret.severity;
    }
    let strong = strict || name_kind(name.as_bytes()) == NameKind::Secret;
    if strong && secret.detector == NAMED { Severity::Medium } else { secret.severity.lowered() }
}

/// A name for an environment variable that takes over a secret.
pub(super) fn variable(name: &str, detector: &str) -> String {
    let own = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let from = match own {
        "" if detector != NAMED && !detector.is_empty() => detector,
        "" => "secret",
        own => own.rsplit(['.', '/', ':']).next().unwrap_or(own).trim_start_matches('_'),
    };
    let from = if from.eq_ignore_ascii_case("authorization") { "auth_token" } else { from };
    let clean: String = from.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    // `authToken` is `AUTH_TOKEN`.
    let mut out = String::with_capacity(clean.len() + 2);
    let mut lower = false;
    for c in clean.chars() {
        if c.is_ascii_uppercase() && lower {
            out.push('_');
        }
        lower = c.is_ascii_lowercase();
        out.push(c.to_ascii_uppercase());
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) { format!("SECRET_{out}") } else { out }
}

/// Whether a value says that it only lets a build step run, as `SECRET_KEY=build-key` before `collectstatic` does: words
/// about building and standing in, and nothing else.
fn is_build_dummy(value: &str) -> bool {
    const ABOUT: [&str; 17] = [
        "assets",
        "build",
        "building",
        "buildtime",
        "ci",
        "collectstatic",
        "compile",
        "dummy",
        "fake",
        "ignored",
        "irrelevant",
        "precompile",
        "stub",
        "temp",
        "temporary",
        "throwaway",
        "unused",
    ];
    const BESIDE: [&str; 30] = [
        "a", "an", "any", "app", "at", "be", "django", "docker", "during", "for", "image", "insecure", "is",
        "it", "just", "key", "not", "only", "password", "phase", "rails", "replaced", "secret", "static",
        "step", "the", "time", "to", "token", "used",
    ];
    let mut about = false;
    let words = value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    for word in words.map(str::to_ascii_lowercase) {
        about |= ABOUT.contains(&word.as_str());
        let known = ABOUT.contains(&word.as_str()) || BESIDE.contains(&word.as_str());
        if !known && !word.bytes().all(|b| b.is_ascii_digit() && word.len() <= 4) {
            return false;
        }
    }
    about
}

/// The last part of a program's path.
pub(super) fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// The file that `tee` writes what a command prints to.
fn teed(script: &Script, index: usize) -> Option<String> {
    let reader = script.commands.get(script.reader_of(index)?)?;
    let is_tee = reader.program().is_some_and(|p| base_name(&p) == "tee");
    let mut files = reader.words.iter().skip(1).filter_map(Word::literal).filter(|w| !w.starts_with('-'));
    files.next().filter(|_| is_tee)
}

fn here_string(redirection: &seaworthy_dockerfile::shell::Redirection) -> Option<&Word> {
    use seaworthy_dockerfile::shell::RedirectionOperator::HereString;
    (redirection.operator == HereString).then_some(&redirection.target)
}
