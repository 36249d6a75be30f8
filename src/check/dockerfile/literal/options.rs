//! Secrets in the options and arguments of programs that are known to take them.

use super::super::rendered::Rendered;
use super::{Reader, base_name};
use seaworthy_detect::validate::{NameKind, name_kind};
use seaworthy_dockerfile::shell::{Command, Script};

/// An option of known programs whose value is a password.
struct SecretOption {
    programs: &'static [&'static str],
    name: &'static str,
    /// Whether the value may follow without a blank, and whether it may follow with one.
    attached: bool,
    separate: bool,
}

const fn option(
    programs: &'static [&'static str],
    name: &'static str,
    attached: bool,
    separate: bool,
) -> SecretOption {
    SecretOption { programs, name, attached, separate }
}

const MYSQL: &[&str] =
    &["mysql", "mysqldump", "mysqladmin", "mysqlimport", "mariadb", "mariadb-dump", "mariadb-admin"];
const REGISTRY: &[&str] =
    &["docker", "podman", "buildah", "skopeo", "nerdctl", "helm", "oras", "crane", "az", "oc", "cf"];

const OPTIONS: &[SecretOption] = &[
    option(&["sshpass"], "-p", true, true),
    option(MYSQL, "-p", true, false),
    option(REGISTRY, "-p", false, true),
    option(&["redis-cli"], "-a", false, true),
    option(&["mongo", "mongosh", "mongodump", "mongorestore", "cqlsh", "twine", "rpk"], "-p", false, true),
    option(&["cypher-shell", "elasticsearch-users", "snowsql", "influx"], "-p", false, true),
    option(&["slappasswd"], "-s", false, true),
    option(&["ipa-client-install"], "-w", false, true),
    option(&["kadmin"], "-w", false, true),
    option(&["isql", "tsql", "ipmitool"], "-P", false, true),
    option(&["add-user.sh", "nexus3"], "-p", false, true),
    option(&["doctl"], "-t", false, true),
    option(&["ssh-keygen"], "-N", false, true),
    option(&["ssh-keygen"], "-P", false, true),
    option(&["useradd", "usermod"], "-p", false, true),
    option(&["ldapsearch", "ldapadd", "ldapmodify", "ldappasswd"], "-w", true, true),
    option(&["zip", "unzip", "sqlcmd", "bcp", "mosquitto_pub", "mosquitto_sub"], "-P", true, true),
    option(&["7z", "7za"], "-p", true, false),
    option(&["openssl"], "-k", false, true),
    option(&["keytool", "jarsigner"], "-storepass", false, true),
    option(&["keytool", "jarsigner"], "-keypass", false, true),
    option(&["nuget", "dotnet"], "-Password", false, true),
    option(&["nuget", "dotnet"], "-p", false, true),
];

/// Options whose value is `user:password`.
const LOGINS: &[(&[&str], &[&str])] = &[
    (&["curl"], &["-u", "--user", "-U", "--proxy-user"]),
    (&["http", "https", "httpie"], &["-a", "--auth"]),
    (&["wget"], &["--user"]),
    (&["smbclient"], &["-U"]),
    (&["java"], &["-auth"]),
];

/// Commands that take a secret as an argument: the program, words that follow in this order, and how many arguments
/// stand before the secret after these.
const ARGUMENTS: &[(&str, &[&str], usize)] = &[
    ("vault", &["login"], 0),
    ("mysqladmin", &["password"], 0),
    ("mariadb-admin", &["password"], 0),
    ("snyk", &["auth"], 0),
    ("ngrok", &["authtoken"], 0),
    ("ngrok", &["config", "add-authtoken"], 0),
    ("cargo", &["login"], 0),
    ("rabbitmqctl", &["add_user"], 1),
    ("rabbitmqctl", &["change_password"], 1),
    ("htpasswd", &[], 2),
    ("cf", &["auth"], 1),
    ("neo4j-admin", &["set-initial-password"], 0),
    ("wpa_passphrase", &[], 1),
    ("mc", &["alias", "set"], 3),
    ("mc", &["config", "host", "add"], 3),
    ("wandb", &["login"], 0),
    ("grafana-cli", &["admin", "reset-admin-password"], 0),
    ("grafana", &["admin", "reset-admin-password"], 0),
    ("cloudflared", &["service", "install"], 0),
    ("openssl", &["passwd"], 0),
    ("add-user.sh", &[], 1),
];

impl Reader<'_> {
    /// Options and arguments of one command; the first word is the program.
    pub(super) fn options(&mut self, words: &[Rendered]) {
        let Some(program) = words.first().map(|w| base_name(&w.text).to_owned()) else { return };
        let program = program.as_str();
        // `sudo`, `env`, `exec` and the like run what follows.
        if ["sudo", "env", "exec", "time", "nohup", "command", "sshpass", "gosu", "su-exec"]
            .contains(&program)
        {
            let start = words.iter().skip(1).position(|w| !w.text.starts_with('-') && !w.text.contains('='));
            if let Some(start) = start.filter(|_| program != "sshpass") {
                self.options(&words[start + 1..]);
            }
        }
        for (i, word) in words.iter().enumerate().skip(1) {
            let next = words.get(i + 1);
            self.known_option(program, words, word, next);
            self.login(program, word, next);
            self.long_option(word, next);
            for prefix in ["pass:", "PASS:"] {
                if program == "openssl" && word.text.starts_with(prefix) {
                    self.value(word, prefix.len()..word.text.len(), "password", "in an option", true);
                }
            }
        }
        self.arguments(program, words);
        self.settings(program, words);
        self.edits(program, words);
    }

    fn known_option(&mut self, program: &str, words: &[Rendered], word: &Rendered, next: Option<&Rendered>) {
        let known = OPTIONS.iter().filter(|o| o.programs.contains(&program));
        for option in known {
            if REGISTRY.contains(&program) && !words.iter().any(|w| w.text == "login") {
                continue;
            }
            if word.text == option.name
                && option.separate
                && let Some(next) = next
            {
                self.value(next, 0..next.text.len(), "password", "in an option", true);
            } else if option.attached
                && word.text.len() > option.name.len()
                && word.text.starts_with(option.name)
            {
                self.value(word, option.name.len()..word.text.len(), "password", "in an option", true);
            }
        }
    }

    fn login(&mut self, program: &str, word: &Rendered, next: Option<&Rendered>) {
        for (programs, names) in LOGINS {
            if !programs.contains(&program) {
                continue;
            }
            for name in *names {
                if word.text == *name
                    && let Some(next) = next
                {
                    self.user_and_password(next, 0);
                } else if let Some(rest) = word.text.strip_prefix(name) {
                    let joined =
                        if name.starts_with("--") { rest.starts_with('=') } else { !rest.is_empty() };
                    if joined {
                        self.user_and_password(word, word.text.len() - rest.trim_start_matches('=').len());
                    }
                }
            }
        }
    }

    /// `user:password` (for SMB `user%password`) from `start` on.
    fn user_and_password(&mut self, word: &Rendered, start: usize) {
        let Some(colon) = word.text.get(start..).and_then(|t| t.find([':', '%'])) else { return };
        self.value(
            word,
            start + colon + 1..word.text.len(),
            "password",
            "in an option as user:password",
            true,
        );
    }

    /// `--api-token=x`, `--password x`, `-Dsonar.token=x`: what the option's name tells.
    fn long_option(&mut self, word: &Rendered, next: Option<&Rendered>) {
        let Some(name) = word.text.strip_prefix("--").or_else(|| word.text.strip_prefix('-')) else { return };
        let skipped = word.text.len() - name.len();
        // `-p"$PW"` is a short option with its value.
        if !name
            .split('=')
            .next()
            .unwrap_or_default()
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        {
            return;
        }
        if let Some((name, value)) = name.split_once('=') {
            let name = name.strip_prefix('D').filter(|_| !word.text.starts_with("--")).unwrap_or(name);
            if name_kind(name.as_bytes()) == NameKind::Secret && !takes_no_secret(name) {
                let start = word.text.len() - value.len();
                self.value(word, start..word.text.len(), name, "in an option", true);
            }
            return;
        }
        let long = skipped == 2 || name.len() > 3;
        let Some(next) = next.filter(|n| !n.text.starts_with('-')) else { return };
        if long && name_kind(name.as_bytes()) == NameKind::Secret && !takes_no_secret(name) {
            self.value(next, 0..next.text.len(), name, "in an option", true);
        }
        if name == "oauth2-bearer" || name == "passphrase" {
            self.value(next, 0..next.text.len(), "token", "in an option", true);
        }
    }

    fn arguments(&mut self, program: &str, words: &[Rendered]) {
        for (name, path, skip) in ARGUMENTS.iter().filter(|(name, ..)| *name == program) {
            // Only `htpasswd -b` takes the password as an argument.
            let b =
                |w: &Rendered| w.text.starts_with('-') && !w.text.starts_with("--") && w.text.contains('b');
            if *name == "htpasswd" && !words.iter().any(b) {
                continue;
            }
            // `cargo login --registry corp`, `vault login -method=aws role=ci` name none.
            let named = |at: usize| words.get(at - 1).is_some_and(|w| w.text == "--registry");
            let all =
                words.iter().enumerate().skip(1).filter(|(at, w)| !w.text.starts_with('-') && !named(*at));
            let mut rest = all.map(|(_, w)| w).filter(|w| *name != "vault" || !w.text.contains('='));
            // `-u root password x`: an option's value may stand before.
            if path.iter().all(|p| rest.any(|w| w.text == *p)) {
                let printed = *name == "htpasswd" && words.iter().any(|w| b(w) && w.text.contains('n'));
                let skip = if printed { skip - 1 } else { *skip };
                if let Some(word) = rest.nth(skip) {
                    self.value(word, 0..word.text.len(), "password", "in an argument", true);
                }
            }
        }
    }

    /// `npm config set KEY VALUE` and its like.
    fn settings(&mut self, program: &str, words: &[Rendered]) {
        const PROGRAMS: &[&str] = &[
            "npm", "pnpm", "yarn", "git", "aws", "poetry", "composer", "bundle", "pip", "pip3", "conda",
            "gcloud", "gem", "helm", "hub", "glab", "gh", "uv", "pdm", "nuget", "dotnet", "kubectl",
        ];
        if !PROGRAMS.contains(&program) {
            return;
        }
        let mut rest = words.iter().skip(1).filter(|w| !w.text.starts_with('-'));
        if !rest.any(|w| matches!(w.text.as_str(), "config" | "configure" | "set-credentials")) {
            return;
        }
        let rest: Vec<&Rendered> = rest.filter(|w| !matches!(w.text.as_str(), "set" | "add")).collect();
        let Some((key, values)) = rest.split_first() else { return };
        let lower = key.text.to_ascii_lowercase();
        let last = lower.rsplit(['.', ':', '/']).next().unwrap_or_default();
        let secret = name_kind(last.as_bytes()) == NameKind::Secret
            || ["_auth", "pypi-token", "github-oauth", "gitlab-token", "http-basic", "bearer"]
                .iter()
                .any(|k| last == *k || lower.starts_with(k) || lower.ends_with(k));
        if !secret && program != "bundle" {
            return;
        }
        let Some(value) = values.last() else { return };
        // `bundle config HOST TOKEN`; its other settings are words.
        if program == "bundle" && is_host(&lower) && !value.text.contains(':') {
            self.value(value, 0..value.text.len(), "token", "in a setting", false);
        } else if program == "bundle" || lower.starts_with("http-basic") && values.len() == 1 {
            self.user_and_password(value, 0);
        } else {
            let name = if name_kind(last.as_bytes()) == NameKind::Secret { last } else { "auth_token" };
            self.value(value, 0..value.text.len(), name, "in a setting", true);
        }
    }

    /// Answers that are kept for packages: `owner question password VALUE` (debconf-set-selections(1)).
    fn selections(&mut self, text: &Rendered) {
        for (start, line) in super::texts::lines(&text.text) {
            let line = line.trim_end_matches(['"', '\'']);
            let mut fields = line.split_ascii_whitespace();
            let (Some(_), Some(_), Some("password"), Some(value)) =
                (fields.next(), fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let from = start + line.rfind(value).unwrap_or_default();
            self.value(text, from..from + value.len(), "password", "in an answer to a package", true);
        }
    }

    /// Programs that edit files: `sed s/OLD/NEW/`, `crudini --set FILE SECTION KEY VALUE`, `augtool set PATH VALUE`,
    /// `xmlstarlet ed -u PATH -v VALUE`. The name that the value gets tells.
    fn edits(&mut self, program: &str, words: &[Rendered]) {
        let begins = |word: &str| words.get(1).is_some_and(|w| w.text == word);
        let (name, value) = match program {
            "crudini" if begins("--set") => (4, 5),
            "augtool" if begins("set") => (2, 3),
            "xmlstarlet" if begins("ed") => (3, 5),
            "sed" => return words.iter().skip(1).for_each(|word| self.replaced(word)),
            _ => return,
        };
        if let (Some(name), Some(value)) = (words.get(name), words.get(value)) {
            let name = name.text.rsplit(['/', '.']).next().unwrap_or_default();
            self.value(value, 0..value.text.len(), name, "in a setting", false);
        }
    }

    /// `s/DB_PASSWORD_HERE/value/`: what stands in the place of a secret's name. A replacement with a name of its own is
    /// read as the setting that it is.
    fn replaced(&mut self, word: &Rendered) {
        let Some(rest) = word.text.strip_prefix('s') else { return };
        let Some(sign) = rest.chars().next().filter(|c| c.is_ascii_punctuation()) else { return };
        let mut parts = rest.split(sign).skip(1);
        let (Some(old), Some(new), Some(_)) = (parts.next(), parts.next(), parts.next()) else { return };
        let name: String = old
            .trim_matches(|c: char| !c.is_ascii_alphanumeric())
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let name = ["_HERE", "_PLACEHOLDER", "_VALUE"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(&name);
        let is_value = !new.contains(['=', ':', ' ', '&', '<', '\\']);
        if is_value && name_kind(name.as_bytes()) == NameKind::Secret {
            let start = 2 + old.len() + sign.len_utf8();
            self.value(word, start..start + new.len(), name, "in a setting", false);
        }
    }

    /// What a command's input holds: `echo user:password | chpasswd`, `echo c2VjcmV0 | base64 -d`.
    pub(super) fn fed(
        &mut self,
        script: &Script,
        index: usize,
        command: &Command,
        program: &str,
        words: &[Rendered],
    ) {
        let reader = match program {
            "echo" | "printf" => script.reader_of(index).and_then(|r| script.commands.get(r)),
            _ => Some(command),
        };
        let Some(reader) = reader else { return };
        let name = reader.program().unwrap_or_default();
        let arguments: Vec<String> = reader.words.iter().filter_map(|w| w.literal()).collect();
        let has = |options: &[&str]| arguments.iter().any(|a| options.contains(&a.as_str()));
        let inputs: Vec<Rendered> = if std::ptr::eq(reader, command) {
            let bodies =
                command.redirections.iter().filter_map(|r| r.body.as_ref().or_else(|| super::here_string(r)));
            bodies.map(Rendered::word).collect()
        } else {
            vec![Rendered::words(command.words.iter().skip(1))]
        };
        match base_name(&name) {
            "chpasswd" => inputs.iter().for_each(|text| {
                for (start, line) in super::texts::lines(&text.text) {
                    let is_hash = has(&["-e", "--encrypted"]);
                    if let Some(colon) = line.find(':').filter(|_| !is_hash) {
                        let line = line.trim_end_matches(['"', '\'']);
                        self.password(
                            text,
                            start + colon + 1..start + line.len(),
                            "as the password of a user",
                        );
                    }
                }
            }),
            "debconf-set-selections" => inputs.iter().for_each(|text| self.selections(text)),
            "kinit" | "vncpasswd" | "sudo" | "su" | "kadmin" | "cryptsetup" => {
                inputs.iter().for_each(|text| {
                    let first =
                        super::texts::lines(&text.text).into_iter().find(|(_, l)| !l.starts_with(['-', '%']));
                    if let Some((start, line)) = first {
                        self.value(
                            text,
                            start..start + line.len(),
                            "password",
                            "as the input of a login",
                            true,
                        );
                    }
                });
            }
            "passwd" | "smbpasswd" => inputs.iter().for_each(|text| {
                if let Some((start, line)) =
                    super::texts::lines(&text.text).into_iter().find(|(_, l)| !l.starts_with('-'))
                {
                    self.password(text, start..start + line.len(), "as the password of a user");
                }
            }),
            "base64" if has(&["-d", "-D", "--decode", "-di"]) => self.encoded(words, &inputs),
            "openssl" if has(&["base64", "enc"]) && has(&["-d"]) => self.encoded(words, &inputs),
            _ if has(&["--password-stdin", "--with-token", "--pass-stdin"]) => {
                for text in &inputs {
                    let start = text.text.rfind(' ').map_or(0, |i| i + 1);
                    let end = text.text.trim_end().len();
                    self.value(text, start..end.max(start), "password", "as the input of a login", true);
                }
            }
            _ => {}
        }
    }
}

/// Whether a setting's name is a host's.
fn is_host(name: &str) -> bool {
    name.contains('.')
        && !name.ends_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

/// Options whose name is a secret's and whose value is none.
fn takes_no_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let mut parts = lower.split(['-', '_', '.']);
    let first = parts.next().unwrap_or_default();
    let last = lower.rsplit(['-', '_', '.']).next().unwrap_or_default();
    let switches = [
        "disabled", "disable", "no", "without", "with", "allow", "empty", "skip", "require", "ask", "use",
        "enable", "generate", "rotate", "only", "mount",
    ];
    let about = ["stdin", "fd", "env", "prompt", "command", "cmd", "expression", "secret", "secrets"];
    switches.contains(&first)
        || about.contains(&last) && lower != "client-secret" && !lower.ends_with("client_secret")
}
