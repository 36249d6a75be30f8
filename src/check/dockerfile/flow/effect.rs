//! What programs do to files with the secrets that they are given: they write, copy, convert, pack and keep them.

use super::programs::{COPIERS, FILE_OPTIONS, KEEPERS, LOCAL_OPTIONS, is_silent, local_file};
use super::track::Tracker;
use seaworthy_dockerfile::shell::Command;

/// A secret that a program was told to keep.
pub(super) struct Kept {
    program: String,
    /// The setting's name, where the program has such.
    key: String,
    /// Which flow it made.
    flow: usize,
}

impl Tracker {
    /// Programs that put what they are given into files.
    pub(super) fn special(
        &mut self,
        program: &str,
        command: &Command,
        arguments: &[String],
        labels: &[Option<String>],
        input: Option<&String>,
    ) {
        let files: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
        let given = labels.iter().skip(1).flatten().next();
        match program {
            "tee" => {
                for path in &files {
                    if let Some(label) = input {
                        self.wrote(label, path, command);
                    }
                }
            }
            "dd" => {
                let from = arguments.iter().find_map(|a| self.file(a.strip_prefix("if=")?));
                let to = arguments.iter().find_map(|a| a.strip_prefix("of="));
                if let (Some(label), Some(to)) = (from.as_ref().or(input), to) {
                    self.wrote(label, to, command);
                }
            }
            "openssl" | "gpg" | "gpg2" | "age" => self.converted(command, arguments, input),
            "tar" | "zip" => self.packed(program, command, arguments),
            "go" if arguments.iter().any(|a| a.contains("-X ") || a.contains("-X=")) => {
                // `-ldflags "-X main.token=$TOKEN"` puts the value into the program.
                let to = after(arguments, &["-o"]).map_or("the program that go builds", String::as_str);
                if let Some(label) = given {
                    self.wrote(label, to, command);
                }
            }
            "sed" | "perl" if is_silent(program, arguments) => {
                if let (Some(label), Some(path)) = (given, files.last()) {
                    self.wrote(label, path, command);
                }
            }
            _ if COPIERS.contains(&program) => {
                let target = arguments.iter().find_map(|a| a.strip_prefix("--target-directory="));
                let short = after(arguments, &["-t"]);
                let to = target.or(short.map(String::as_str)).or(files.last().map(|f| f.as_str()));
                for path in &files {
                    if let (Some(label), Some(to)) = (self.file(path), to)
                        && path.as_str() != to
                    {
                        let name = path.rsplit('/').next().unwrap_or_default();
                        let inside = to.ends_with('/') || to == "." || target.is_some() || short.is_some();
                        let to = if inside { format!("{to}/{name}") } else { to.to_owned() };
                        self.wrote(&label, &to, command);
                        if program == "mv" {
                            let before = self.flows.len();
                            self.gone(path, before);
                        }
                    }
                }
            }
            _ => {}
        }
        if given.is_none() || arguments.iter().any(|a| a.starts_with("--unset") || a == "--remove-section") {
            self.undo(program, arguments);
        }
        self.keep(program, command, arguments, given, input);
    }

    /// What `openssl -in FILE -out FILE` and its like write: the secret in another form, unless that is public.
    fn converted(&mut self, command: &Command, arguments: &[String], input: Option<&String>) {
        let is_public = arguments.iter().any(|a| {
            matches!(a.as_str(), "-pubout" | "-pubkey" | "--encrypt" | "-e" | "--export" | "req" | "x509")
        });
        if is_public {
            return;
        }
        let last = arguments.last().filter(|a| !a.starts_with('-'));
        let from = after(arguments, &["-in"]).or(last).and_then(|a| self.file(a));
        let to = after(arguments, &["-out", "-o", "--output"]);
        if let (Some(label), Some(to)) = (from.as_ref().or(input), to) {
            self.wrote(label, to, command);
        }
    }

    /// What `tar czf ARCHIVE FILE…` and `zip ARCHIVE FILE…` write.
    fn packed(&mut self, program: &str, command: &Command, arguments: &[String]) {
        let makes = program == "zip"
            || arguments.first().is_some_and(|a| a.contains('c') && !a.contains('x') && !a.starts_with("--"))
            || arguments.iter().any(|a| a == "--create");
        let Some(label) = arguments.iter().find_map(|a| self.file(a)).filter(|_| makes) else { return };
        // The first word of tar is the letters of its options, with or without a dash.
        let skipped = usize::from(program == "tar");
        let mut names = arguments.iter().skip(skipped).filter(|a| !a.starts_with('-'));
        if let Some(to) = names.next().filter(|to| self.file(to).is_none()).cloned() {
            self.wrote(&label, &to, command);
        }
    }

    /// A program that keeps what it is given in a file of its own.
    fn keep(
        &mut self,
        program: &str,
        command: &Command,
        arguments: &[String],
        given: Option<&String>,
        input: Option<&String>,
    ) {
        let has = |words: &[&str]| arguments.iter().any(|a| words.contains(&a.as_str()));
        let forgets = has(&["-c", "--remove-section", "remove-section", "unset", "--no-auth-cache"])
            || arguments.iter().any(|a| a.starts_with("--unset"));
        let Some(keeper) = KEEPERS.iter().find(|k| k.program == program && has(&[k.word])) else { return };
        let is_read = keeper.word == "--import"
            || keeper.word == "approve"
            || has(&["--password-stdin", "--with-token", "--stdin", "--token-stdin", "-"]);
        let file = self.given_file(keeper.word, arguments);
        let Some(label) = given.or(file.as_ref()).or(input.filter(|_| is_read)).filter(|_| !forgets) else {
            return;
        };
        let is_local = has(LOCAL_OPTIONS);
        let path = match keeper.word {
            "clone" => {
                let files: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
                self.clone_config(&files, keeper.file)
            }
            "config" if program == "git" && !has(&["--global", "--system"]) => ".git/config".to_owned(),
            _ => local_file(program).filter(|_| is_local).unwrap_or(keeper.file).to_owned(),
        };
        let flow = self.flows.len();
        self.wrote(label, &path, command);
        if self.flows.len() > flow {
            let key = setting(arguments).unwrap_or_default().to_owned();
            self.kept.push(Kept { program: program.to_owned(), key, flow });
        }
    }

    /// The secret file that a program keeps a copy of: one that an option for files names, or one to import.
    fn given_file(&self, word: &str, arguments: &[String]) -> Option<String> {
        let mut before = "";
        for argument in arguments {
            let (option, value) = argument.split_once('=').unwrap_or((before, argument));
            let is_taken = FILE_OPTIONS.contains(&option) || word == "--import";
            if let Some(label) = self.file(value).filter(|_| is_taken) {
                return Some(label);
            }
            before = argument;
        }
        None
    }

    /// Commands by which a program forgets what it was told to keep.
    fn undo(&mut self, program: &str, arguments: &[String]) {
        let has = |words: &[&str]| arguments.iter().any(|a| words.contains(&a.as_str()));
        let git = program == "git" && has(&["config"]);
        let section = git && has(&["--remove-section", "remove-section"]);
        let one = has(&["--unset", "--unset-all", "unset", "delete"]);
        let all = has(&["logout"])
            || program == "git" && has(&["remote"]) && has(&["remove", "rm", "set-url"])
            || program == "gem" && has(&["--remove", "-r"]);
        if !(section || one || all) {
            return;
        }
        let named = arguments.iter().rev().find(|a| !a.starts_with('-')).map_or("", String::as_str);
        for kept in self.kept.iter().filter(|k| k.program == program) {
            let below = || kept.key.strip_prefix(named).is_some_and(|rest| rest.starts_with('.'));
            if all || one && kept.key.eq_ignore_ascii_case(named) || section && !named.is_empty() && below() {
                self.undone.push(kept.flow);
            }
        }
    }

    /// Where `git clone URL [DIRECTORY]` keeps the URL; `file` is the one below the directory.
    fn clone_config(&self, files: &[&String], file: &str) -> String {
        let after: Vec<&&String> = files.iter().skip_while(|f| f.as_str() != "clone").skip(1).collect();
        let url = after.iter().position(|f| f.contains("://") || f.contains('@'));
        let directory = url.and_then(|i| after.get(i + 1)).map(|d| d.as_str());
        let name = url.and_then(|i| after.get(i)).map(|u| u.trim_end_matches('/').trim_end_matches(".git"));
        let name = name.map(|u| u.rsplit('/').next().unwrap_or_default()).unwrap_or_default();
        format!("{}/{file}", directory.unwrap_or(name))
    }
}

/// The word behind one of these options.
fn after<'a>(arguments: &'a [String], options: &[&str]) -> Option<&'a String> {
    arguments.get(arguments.iter().position(|a| options.contains(&a.as_str()))? + 1)
}

/// The name of the setting that a command sets: `git config --global NAME VALUE`, `npm config set NAME=VALUE`.
fn setting(arguments: &[String]) -> Option<&str> {
    let mut words = arguments.iter().filter(|a| !a.starts_with('-')).skip_while(|a| *a != "config").skip(1);
    let word = words.find(|a| *a != "set")?;
    // A key of npm may hold `=` in no other way; one of git is a word of its own.
    Some(if arguments.iter().any(|a| a == "set") { word.split('=').next().unwrap_or(word) } else { word })
}
