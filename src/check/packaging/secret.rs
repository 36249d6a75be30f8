//! Which variables and expressions of a build hold secrets, and where they leave it: as a build argument, or in a log.

use std::collections::BTreeSet;

use super::act::At;
use super::tool;
use seaworthy_detect::validate::is_secret_name;
use seaworthy_dockerfile::shell::{Command, Word};

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
    /// It stands in a label, an annotation or the name of the image.
    InConfiguration,
    /// It is written to the log.
    Printed,
    /// The shell writes the command to the log, with the secret in it.
    Traced,
    /// It is written to the summary of the run.
    Summary,
    /// It is written to the outputs of a step.
    Output,
    /// It is written into a file that is kept as an artifact of the run.
    Artifact,
    /// It is written into a file that the builder is sent.
    InContext,
    /// It is written into a file of which it is not known whether the builder is sent it.
    PerhapsInContext,
}

/// The variables that hold secrets.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    names: BTreeSet<String>,
    /// Those that a file sets, so that any program can read them.
    set: BTreeSet<String>,
    /// Variables that have the name of one for their value.
    pointers: BTreeSet<String>,
    /// Those that are kept out of the log.
    masked: BTreeSet<String>,
    /// Whether a build is given all of them by who starts it, and no file sets them.
    pub(super) are_given: bool,
}

impl Secrets {
    /// Notes a variable that is set to `value`, if that holds a secret.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        if self.held_by(value).is_some() {
            self.names.insert(name.to_owned());
        }
        if self.names.contains(name) {
            self.set.insert(name.to_owned());
        }
    }

    /// Notes a variable of a script that is set to `value`, if that holds a secret or is asked for one.
    pub(super) fn assign(&mut self, name: &str, value: &str) {
        if self.names.contains(value) {
            self.pointers.insert(name.to_owned());
        }
        if self.held_by(value).is_some() {
            self.names.insert(name.to_owned());
        }
    }

    /// Notes an input of an action that is given `value`, if that holds a secret: `inputs.NAME`.
    pub(super) fn set_input(&mut self, name: &str, value: &str) {
        if self.held_by(value).is_some() {
            self.names.insert(name.to_owned());
        }
    }

    /// Notes the secrets that a command keeps out of the log.
    pub(super) fn mask(&mut self, words: &[String]) {
        for word in words.iter().filter(|w| w.contains("::add-mask::")) {
            self.masked.extend(self.held_by(word));
        }
    }

    pub(super) fn is_masked(&self, what: &str) -> bool {
        self.masked.contains(what)
    }

    /// Whether a variable that was set holds a secret, so that any program can read it.
    pub(super) fn in_environment(&self) -> bool {
        !self.set.is_empty()
    }

    /// A secret that any program can read from its environment.
    fn in_reach(&self) -> Option<&String> {
        self.set.first().or_else(|| self.names.first().filter(|_| self.are_given))
    }

    /// Notes a variable that holds a secret.
    pub(super) fn add(&mut self, name: &str) {
        self.names.insert(name.to_owned());
    }

    /// The secret in the message with which a shell ends where a variable is not set: `${X:?$SECRET}`.
    pub(super) fn in_message(&self, text: &str) -> Option<String> {
        text.match_indices("${").find_map(|(at, _)| {
            let inner = text.get(at + 2..)?;
            let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
            let (name, rest) = inner.split_at(end);
            let message = rest.strip_prefix(":?").or_else(|| rest.strip_prefix('?'))?;
            // Its own value is empty then.
            self.held_by(message).filter(|held| held != name)
        })
    }

    /// The secret that a text holds, if it holds one: `${{ secrets.NAME }}`, `$NAME`, `${{ env.NAME }}`.
    pub(super) fn held_by(&self, text: &str) -> Option<String> {
        if let Some(store) = asked_for(text) {
            return Some(store);
        }
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            rest = rest.get(at + 1..).unwrap_or_default();
            if let Some(inner) = rest.strip_prefix("{{") {
                let inner = inner.split("}}").next().unwrap_or_default();
                if let Some(name) = secret_of(inner) {
                    return Some(name);
                }
                let name = inner.trim();
                let of_context = name.starts_with("inputs.") || name.starts_with("steps.");
                let name = name.strip_prefix("env.").or_else(|| of_context.then_some(name));
                if let Some(name) = name.filter(|name| self.names.contains(*name)) {
                    return Some(name.to_owned());
                }
                continue;
            }
            let inner = rest.strip_prefix('{').unwrap_or(rest);
            // `${!X}`: the variable that `X` names.
            let is_indirect = inner.starts_with('!') && inner.len() < rest.len();
            let inner = inner.strip_prefix('!').filter(|_| is_indirect).unwrap_or(inner);
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let name = inner.split(|c| !is_name(c)).next().unwrap_or_default();
            // `${X:+…}` and `${#X}` show that it is set, and not what it is.
            let after = inner.get(name.len()..).unwrap_or_default();
            let holds = if is_indirect { self.pointers.contains(name) } else { self.names.contains(name) };
            if holds && !after.starts_with(":+") && !after.starts_with('+') {
                return Some(name.to_owned());
            }
        }
        None
    }

    /// Secrets in the build arguments of a command.
    pub(super) fn in_build(&self, words: &[String], at: At) -> Vec<Exposure> {
        let mut found = Vec::new();
        let (all, mut words) = (words, words.iter());
        while let Some(word) = words.next() {
            let argument = match word.strip_prefix("--build-arg") {
                Some("") => words.next().map(String::as_str),
                Some(rest) => rest.strip_prefix('='),
                // `--set target.args.NAME=value` of a bake file's build.
                None => word.split_once(".args.").map(|(_, argument)| argument),
            };
            found.extend(argument.and_then(|a| self.in_argument(a, at)));
        }
        found.extend(self.in_configuration(all, at));
        found
    }

    /// Secrets that a build writes into the configuration or the name of the image: `--label`, `--annotation`, `--tag`.
    fn in_configuration(&self, words: &[String], at: At) -> Vec<Exposure> {
        let plain = tool::without_wrappers(words);
        let is_build =
            plain.first().is_some_and(|w| w.ends_with("docker")) && plain.iter().any(|w| w == "build");
        if !is_build {
            return Vec::new();
        }
        let values = tool::values(plain, &["--label", "--annotation", "--tag", "-t"]);
        let held = values.iter().filter_map(|value| self.held_by(value));
        held.map(|what| Exposure { at, how: How::InConfiguration, what }).collect()
    }

    /// A secret that a command hands to a container, whose program may print it.
    pub(super) fn in_container(&self, words: &[String]) -> Option<String> {
        let plain = tool::without_wrappers(words);
        let runs = |w: &String| matches!(w.as_str(), "run" | "exec" | "create");
        if !plain.first()?.ends_with("docker") || !plain.iter().take(4).any(runs) {
            return None;
        }
        let values = tool::values(plain, &["--env", "-e"]);
        values.iter().find_map(|value| match value.split_once('=') {
            Some((_, value)) => self.held_by(value),
            None => self.names.get(value).cloned(),
        })
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

    /// A secret that `set -x` shows: it stands in a word of the command or is assigned.
    pub(super) fn traced<'w>(
        &self,
        words: &[String],
        command: &Command,
        written: impl Fn(&Word) -> &'w str,
    ) -> Option<String> {
        let assigned = command.declarations();
        let values = assigned.iter().map(|a| written(&a.value));
        words.iter().map(String::as_str).chain(values).find_map(|text| self.held_by(text))
    }

    /// Secrets that a command prints, its here-documents among what it reads.
    pub(super) fn printed(&self, words: &[String], documents: &[String], at: At) -> Vec<Exposure> {
        let words = tool::without_wrappers_but_env(words);
        let Some((program, arguments)) = words.split_first() else { return Vec::new() };
        let shown = |what: String| Exposure { at, how: How::Printed, what };
        let one = |what: Option<&String>| what.cloned().map(shown).into_iter().collect::<Vec<_>>();
        if let Some(store) = store_of(words) {
            return vec![shown(store)];
        }
        match program.rsplit('/').next().unwrap_or_default() {
            name if shows_input(name) => {
                let held = documents.iter().filter_map(|d| self.held_by(d));
                let environment = arguments.iter().chain(documents).any(|a| is_environment(a));
                held.chain(self.in_reach().filter(|_| environment).cloned()).map(shown).collect()
            }
            "declare" | "typeset" | "readonly" | "local" if arguments.iter().any(|a| a.starts_with("-p")) => {
                one(self.in_reach())
            }
            "export" if arguments.iter().all(|a| a.starts_with("-p")) => one(self.in_reach()),
            "set" if arguments.is_empty() => one(self.in_reach()),
            "grep" | "egrep" if !arguments.iter().any(|a| is_silent(a)) => {
                documents.iter().filter_map(|d| self.held_by(d)).map(shown).collect()
            }
            // A program that is run with values of its own, and writes what it makes of them.
            "jq" if arguments.iter().any(|a| reads_environment(a)) => one(self.in_reach()),
            "jq" | "yq" | "logger" => arguments.iter().filter_map(|a| self.held_by(a)).map(shown).collect(),
            // It shows the environment of each process.
            "ps" if arguments.iter().any(|a| !a.starts_with("--") && a.contains('e') && a.contains('w')) => {
                one(self.in_reach())
            }
            // It shows the headers that it sends.
            "curl" if arguments.iter().any(|a| shows_requests(a)) => {
                arguments.iter().filter_map(|a| self.held_by(a)).map(shown).collect()
            }
            // A mask is how a value is kept out of the log.
            "echo" | "printf" if !arguments.iter().any(|a| a.contains("::add-mask::")) => {
                arguments.iter().filter_map(|a| self.held_by(a)).map(shown).collect()
            }
            "printenv" => match arguments.first() {
                Some(name) => self.names.get(name).cloned().map(shown).into_iter().collect(),
                None => one(self.in_reach()),
            },
            "env" if arguments.iter().all(|a| a == "-0" || a == "--null") => one(self.in_reach()),
            // A program text that reads its environment.
            "awk" | "gawk" | "mawk" if arguments.iter().any(|a| a.contains("ENVIRON")) => {
                one(self.in_reach())
            }
            // The environment of a process, as the kernel shows it.
            _ if arguments.iter().chain(documents).any(|a| is_environment(a)) => one(self.in_reach()),
            _ => Vec::new(),
        }
    }
}

/// Whether an option of grep keeps it from writing the lines: `-q`, `-c`, `-l`.
fn is_silent(option: &str) -> bool {
    let flags = option.strip_prefix('-').filter(|f| !f.starts_with('-'));
    flags.is_some_and(|f| f.contains(['q', 'c', 'l', 'L']))
        || matches!(option, "--quiet" | "--silent" | "--count")
}

/// Whether a program of jq reads the environment: `env.NAME`, `$ENV`.
fn reads_environment(program: &str) -> bool {
    program == "env" || program.contains("env.") || program.contains("$ENV") || program.contains("env |")
}

/// Whether a program writes what it reads, as it is or in another form.
fn shows_input(program: &str) -> bool {
    // Those that are asked with a program text of their own may write anything else.
    passes_on(program) && !matches!(program, "grep" | "jq" | "awk" | "gzip") || program == "envsubst"
}

/// Whether a path is the environment of a process: `/proc/self/environ`, `/proc/$$/environ`.
fn is_environment(path: &str) -> bool {
    path.starts_with("/proc/") && path.trim_end().ends_with("/environ")
}

/// Whether an option of curl makes it show what it sends.
fn shows_requests(option: &str) -> bool {
    let is_short = option.starts_with('-') && !option.starts_with("--") && option.len() <= 5;
    option == "--verbose" || option.starts_with("--trace") || is_short && option.contains('v')
}

/// Commands that print a secret of a store: the words that say so, and the store.
const STORES: [(&[&str], &str); 27] = [
    (&["aws", "ssm", "get-parameter", "--with-decryption"], "a parameter of SSM"),
    (&["aws", "ssm", "get-parameters", "--with-decryption"], "a parameter of SSM"),
    (&["aws", "ssm", "get-parameters-by-path", "--with-decryption"], "a parameter of SSM"),
    (&["aws", "secretsmanager", "get-secret-value"], "a secret of Secrets Manager"),
    (&["aws", "secretsmanager", "batch-get-secret-value"], "a secret of Secrets Manager"),
    (&["aws", "ecr", "get-login-password"], "the password of ECR"),
    (&["gcloud", "secrets", "versions", "access"], "a secret of Google's Secret Manager"),
    (&["az", "keyvault", "secret", "show"], "a secret of the key vault"),
    (&["vault", "kv", "get"], "a secret of Vault"),
    (&["vault", "read"], "a secret of Vault"),
    (&["op", "read"], "a secret of 1Password"),
    (&["gh", "auth", "token"], "the token of GitHub"),
    (&["aws", "ecr", "get-authorization-token"], "the password of ECR"),
    (&["aws", "codeartifact", "get-authorization-token"], "the token of CodeArtifact"),
    (&["aws", "rds", "generate-db-auth-token"], "a password of the database"),
    (&["aws", "configure", "export-credentials"], "the credentials of AWS"),
    (&["aws", "configure", "get", "aws_secret_access_key"], "the credentials of AWS"),
    (&["aws", "configure", "get", "aws_session_token"], "the credentials of AWS"),
    (&["aws", "sts", "get-session-token"], "the credentials of AWS"),
    (&["aws", "sts", "assume-role"], "the credentials of AWS"),
    (&["aws", "sts", "assume-role-with-web-identity"], "the credentials of AWS"),
    (&["aws", "iam", "create-access-key"], "the credentials of AWS"),
    (&["aws", "ec2", "get-password-data"], "a password of a machine"),
    (&["aws", "kms", "decrypt"], "what AWS KMS decrypts"),
    (&["gcloud", "auth", "print-access-token"], "the token of Google Cloud"),
    (&["kubectl", "get", "secret", "-o"], "a secret of Kubernetes"),
    (&["kubectl", "get", "secrets", "-o"], "a secret of Kubernetes"),
];

/// The store whose secret a command prints. With `--query` it prints that alone.
fn store_of(words: &[String]) -> Option<String> {
    if let Some(file) = credentials_file(words) {
        return Some(file);
    }
    let (_, name) = STORES.iter().find(|(wanted, _)| {
        let mut words = words.iter();
        let is_it = |w: &str, want: &str| w == want || w.rsplit('/').next() == Some(want);
        let (last, verbs) = wanted.split_last().unwrap_or((&"", &[]));
        let is_option = last.starts_with('-');
        let verbs = if is_option { verbs } else { wanted };
        words.clone().next().is_some_and(|w| verbs.first().is_some_and(|v| is_it(w, v)))
            && verbs.iter().all(|v| words.any(|w| is_it(w, v)))
            && (!is_option || words.any(|w| w.starts_with(last)))
    })?;
    let mut rest = words.iter();
    let query = rest.find(|w| w.starts_with("--query")).and_then(|w| match w.split_once('=') {
        Some((_, query)) => Some(query.to_owned()),
        None => rest.next().cloned(),
    });
    let shows = |q: &String| {
        let values = [
            "Value",
            "SecretString",
            "SecretBinary",
            "*",
            "@",
            "[]",
            "Token",
            "SecretAccessKey",
            "Credentials",
            "AccessKey",
            "Password",
            "Plaintext",
            "authorization",
        ];
        values.iter().any(|v| q.contains(v)) || matches!(q.as_str(), "Parameter" | "Parameters")
    };
    query.as_ref().is_none_or(shows).then(|| (*name).to_owned())
}

/// Files in which tools keep their credentials, each by the end of its path.
const CREDENTIALS: [&str; 6] =
    ["/.docker/config.json", "/.aws/credentials", "/.netrc", "/.git-credentials", "/.npmrc", "/.pypirc"];

/// The file with credentials that a command shows.
fn credentials_file(words: &[String]) -> Option<String> {
    let (program, arguments) = words.split_first()?;
    if !matches!(program.rsplit('/').next().unwrap_or_default(), "cat" | "head" | "tail" | "<") {
        return None;
    }
    let is_it = |a: &&String| {
        let in_home = a.starts_with(['~', '$']) || a.starts_with("/root/") || a.starts_with("/home/");
        a.starts_with("/run/secrets/") || in_home && CREDENTIALS.iter().any(|end| a.ends_with(end))
    };
    arguments.iter().find(is_it).map(|path| format!("what {path} holds"))
}

/// The store that a substitution in a text asks for a secret.
fn asked_for(text: &str) -> Option<String> {
    let starts = text.match_indices("$(").map(|(at, _)| at + 2);
    starts.filter_map(|at| text.get(at..)).find_map(|rest| {
        let inner = rest.get(..closing(rest)).unwrap_or(rest);
        // What comes of it goes through other programs, as in `… | jq -r .Value`.
        inner.split(['|', ';', '&', '\n']).find_map(|part| {
            let words: Vec<String> = part.split_whitespace().map(str::to_owned).collect();
            store_of(&words)
        })
    })
}

/// Where the parenthesis closes in which a text stands.
fn closing(text: &str) -> usize {
    let mut open = 1_usize;
    let found = text.char_indices().find(|(_, c)| {
        match c {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        open == 0
    });
    found.map_or(text.len(), |(at, _)| at)
}

/// The secret that an expression names: `secrets.NAME`, `secrets['NAME']`, `github.token`.
fn secret_of(expression: &str) -> Option<String> {
    if expression.contains("github.token") {
        return Some("github.token".to_owned());
    }
    let bare: String = expression.to_ascii_lowercase().split_whitespace().collect();
    if bare.contains("tojson(secrets)") {
        return Some("secrets".to_owned());
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
        "tail", "jq", "grep", "sort", "fold", "column", "gzip", "envsubst", "nl", "tac", "strings", "uniq",
        "paste", "fmt", "pr", "expand", "more", "less", "bat", "ts", "iconv",
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
            assert_eq!(secrets().printed(&all, &[], AT).len(), 1, "{text}");
        }
        for text in [
            "aws ssm get-parameter --name x --with-decryption --query Parameter.Value",
            "aws secretsmanager get-secret-value --secret-id x",
            "sudo aws ecr get-login-password --region x",
            "echo ${{toJSON(secrets)}}",
            "export -p",
        ] {
            assert_eq!(secrets().printed(&words(text), &[], AT).len(), 1, "{text}");
        }
        assert_eq!(secrets().printed(&words("cat"), &["a $TOKEN".to_owned()], AT).len(), 1);
        assert_eq!(secrets().held_by("a=$(b)\naws ecr get-login-password"), None);
        assert!(secrets().held_by("x$(aws ecr get-login-password | cat)").is_some());
        for text in [
            "echo $REGION",
            "echo ::add-mask::$TOKEN",
            "env X=1 make",
            "printenv REGION",
            "aws ssm get-parameter --name x",
            "aws ssm get-parameter --name x --with-decryption --query Parameter.Version",
            "aws secretsmanager describe-secret --secret-id x",
        ] {
            assert_eq!(secrets().printed(&words(text), &[], AT), [], "{text}");
        }
    }
}
