//! Which variables and expressions of a build hold secrets, and where they leave it: as a build argument, or in a log.

use std::collections::BTreeSet;

use super::act::At;
use seaworthy_detect::validate::is_secret_name;

/// A secret that leaves its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exposure {
    pub(super) at: At,
    pub(super) how: How,
    /// The secret: `secrets.NAME`, or a variable's name.
    pub(super) what: String,
}

/// How a secret leaves its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// A build argument carries it into the image's history.
    BuildArgument,
    /// A build argument has a secret's name, and a value that is known only when it runs.
    NamedArgument,
    /// It is written to the log.
    Printed,
}

/// The variables that hold secrets.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    names: BTreeSet<String>,
    in_environment: bool,
}

impl Secrets {
    /// Notes a variable that is set to `value`, if that holds a secret.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        if self.held_by(value).is_some() {
            self.names.insert(name.to_owned());
        }
        self.in_environment |= self.names.contains(name);
    }

    /// Whether a variable that was set holds a secret, so that any program can read it.
    pub(super) fn in_environment(&self) -> bool {
        self.in_environment
    }

    /// Notes a variable that holds a secret.
    pub(super) fn add(&mut self, name: &str) {
        self.names.insert(name.to_owned());
    }

    /// The secret that a text holds, if it holds one: `${{ secrets.NAME }}`, `$NAME`, `${{ env.NAME }}`.
    pub(super) fn held_by(&self, text: &str) -> Option<String> {
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            rest = rest.get(at + 1..).unwrap_or_default();
            if let Some(inner) = rest.strip_prefix("{{") {
                let inner = inner.split("}}").next().unwrap_or_default();
                if let Some(name) = secret_of(inner) {
                    return Some(name);
                }
                let named = inner.trim().strip_prefix("env.").filter(|n| self.names.contains(*n));
                if let Some(name) = named {
                    return Some(name.to_owned());
                }
                continue;
            }
            let inner = rest.strip_prefix('{').unwrap_or(rest);
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let name = inner.split(|c| !is_name(c)).next().unwrap_or_default();
            // `${X:+…}` and `${#X}` show that it is set, and not what it is.
            let after = inner.get(name.len()..).unwrap_or_default();
            if self.names.contains(name) && !after.starts_with(":+") && !after.starts_with('+') {
                return Some(name.to_owned());
            }
        }
        None
    }

    /// Secrets in the build arguments of a command.
    pub(super) fn in_build(&self, words: &[String], at: At) -> Vec<Exposure> {
        let mut found = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let argument = match word.strip_prefix("--build-arg") {
                Some("") => words.next().map(String::as_str),
                Some(rest) => rest.strip_prefix('='),
                // `--set target.args.NAME=value` of a bake file's build.
                None => word.split_once(".args.").map(|(_, argument)| argument),
            };
            found.extend(argument.and_then(|a| self.in_argument(a, at)));
        }
        found
    }

    /// The secret in one build argument: `NAME=value`, or a name whose value is that of the variable.
    pub(super) fn in_argument(&self, argument: &str, at: At) -> Option<Exposure> {
        let (name, held) = match argument.split_once('=') {
            Some((name, value)) => (name, self.held_by(value)),
            None => (argument, self.names.get(argument).cloned()),
        };
        if let Some(what) = held {
            return Some(Exposure { at, how: How::BuildArgument, what });
        }
        // Without a value it is that of the variable of its name.
        let is_open = argument.split_once('=').is_none_or(|(_, value)| value.contains(['$', '`']));
        let shows_alone = argument.contains(":+");
        let is_named = is_open && !shows_alone && is_secret_name(name);
        is_named.then(|| Exposure { at, how: How::NamedArgument, what: name.to_owned() })
    }

    /// Secrets that a command prints.
    pub(super) fn printed(&self, words: &[String], at: At) -> Vec<Exposure> {
        let Some((program, arguments)) = words.split_first() else { return Vec::new() };
        let shown = |what: String| Exposure { at, how: How::Printed, what };
        match program.rsplit('/').next().unwrap_or_default() {
            // A mask is how a value is kept out of the log.
            "echo" | "printf" if !arguments.iter().any(|a| a.contains("::add-mask::")) => {
                arguments.iter().filter_map(|a| self.held_by(a)).map(shown).collect()
            }
            "printenv" => match arguments.first() {
                Some(name) => self.names.get(name).cloned().map(shown).into_iter().collect(),
                None => self.names.first().cloned().map(shown).into_iter().collect(),
            },
            "env" if arguments.is_empty() => self.names.first().cloned().map(shown).into_iter().collect(),
            _ => Vec::new(),
        }
    }
}

/// The secret that an expression names: `secrets.NAME`, `secrets['NAME']`, `github.token`.
fn secret_of(expression: &str) -> Option<String> {
    if expression.contains("github.token") {
        return Some("github.token".to_owned());
    }
    let at = expression.find("secrets.").or_else(|| expression.find("secrets["))?;
    let name = expression.get(at + "secrets.".len()..).unwrap_or_default().trim_start_matches(['\'', '"']);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = name.split(|c| !is_name(c)).next().unwrap_or_default();
    Some(format!("secrets.{name}"))
}

/// Whether a program writes what it reads, in whatever form, so that a log can be read back.
pub(super) fn passes_on(program: &str) -> bool {
    let filters = [
        "tee", "cat", "base64", "base32", "xxd", "od", "hexdump", "rev", "sed", "tr", "awk", "cut", "head",
        "tail", "jq", "grep", "sort", "fold", "column", "gzip",
    ];
    filters.contains(&program)
}

#[cfg(test)]
mod tests {
    use super::*;
    use seaworthy_source::Position;

    const AT: At = At { file: 0, position: Position { line: 1, column: 1 } };

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    fn secrets() -> Secrets {
        let mut secrets = Secrets::default();
        secrets.set("TOKEN", "${{ secrets.MAIL_TOKEN }}");
        secrets.set("REGION", "eu-west-1");
        secrets
    }

    #[test]
    fn build_arguments() {
        for text in [
            "docker build --build-arg TOKEN .",
            "docker build --build-arg X=$TOKEN .",
            "docker build --build-arg=X=${TOKEN} .",
            "docker build --build-arg X=${{secrets.OTHER}} .",
            "docker buildx bake --set *.args.X=$TOKEN",
            // Known by their names alone.
            "docker build --build-arg NPM_TOKEN=$NPM_TOKEN .",
            "docker build --build-arg DB_PASSWORD .",
        ] {
            assert_eq!(secrets().in_build(&words(text), AT).len(), 1, "{text}");
        }
        for text in [
            "docker build --secret id=x,env=TOKEN .",
            "docker build --build-arg REGION .",
            "docker build --build-arg REGION=$REGION .",
            "docker build --build-arg HAS=${TOKEN:+yes} .",
        ] {
            assert_eq!(secrets().in_build(&words(text), AT), [], "{text}");
        }
    }

    #[test]
    fn printing() {
        for text in ["echo $TOKEN", "printf %s ${{ secrets['X'] }}", "printenv TOKEN", "printenv", "env"] {
            let all = if text.contains('[') {
                vec!["printf".to_owned(), "${{ secrets['X'] }}".to_owned()]
            } else {
                words(text)
            };
            assert_eq!(secrets().printed(&all, AT).len(), 1, "{text}");
        }
        for text in ["echo $REGION", "echo ::add-mask::$TOKEN", "env X=1 make", "printenv REGION"] {
            assert_eq!(secrets().printed(&words(text), AT), [], "{text}");
        }
    }
}
