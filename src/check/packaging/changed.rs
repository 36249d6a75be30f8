//! The files that a command changes, by its words, and how.

use super::changes::{ALTERED, REMOVED, TOUCHED};
use super::programs;
use super::tool;

/// Programs that decrypt, each with a word that tells it to.
const DECRYPTERS: [(&str, &[&str]); 6] = [
    ("sops", &["-d", "--decrypt", "decrypt"]),
    ("ansible-vault", &["decrypt"]),
    ("gpg", &["-d", "--decrypt"]),
    ("gpg2", &["-d", "--decrypt"]),
    ("age", &["-d", "--decrypt"]),
    ("openssl", &["-d"]),
];

/// Options of those that take a value beside the one for the output.
const VALUED: [&str; 10] = [
    "--passphrase",
    "--passphrase-file",
    "-i",
    "-k",
    "-K",
    "-pass",
    "--vault-password-file",
    "--vault-id",
    "--input-type",
    "--output-type",
];

/// Programs that write the sources in their own form, each with the options by which they only look, and those without
/// which they do.
const FORMATTERS: [(&str, &[&str], &[&str]); 14] = [
    ("black", &["--check", "--diff", "--version"], &[]),
    ("isort", &["--check", "--check-only", "-c", "--diff"], &[]),
    ("ruff", &[], &["--fix", "--fix-only"]),
    ("autopep8", &[], &["-i", "--in-place"]),
    ("prettier", &[], &["-w", "--write"]),
    ("eslint", &[], &["--fix"]),
    ("gofmt", &[], &["-w"]),
    ("shfmt", &[], &["-w"]),
    ("yapf", &[], &["-i", "--in-place"]),
    ("clang-format", &[], &["-i"]),
    ("goimports", &[], &["-w"]),
    ("2to3", &[], &["-w", "--write"]),
    ("addlicense", &["-check"], &[]),
    ("biome", &[], &["--write", "--apply"]),
];

fn name_of(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or_default()
}

/// How a command changes files: it takes them away, or puts other content into them; nothing where it makes them.
pub(super) fn kind_of(words: &[String]) -> Option<&'static str> {
    let (program, arguments) = programs::without_runners(words).split_first()?;
    let has = |options: &[&str]| arguments.iter().any(|a| options.contains(&a.as_str()));
    // All that is in a directory, whatever that is.
    let is_whole = |a: &String| a.ends_with("/.") || a.ends_with("/*");
    match name_of(program) {
        "rm" | "unlink" | "shred" | "mv" | "truncate" => Some(REMOVED),
        "touch" => Some(TOUCHED),
        "sed" | "gsed" | "sd" | "perl" | "ruby" | "yq" | "awk" | "gawk" | "patch" | "ed" | "ex" | "vi"
        | "vim" | "nvim" | "scp" | "git" | "svn" | "npm" | "pnpm" | "yarn" | "pip" | "pip3" | "cargo"
        | "go" | "protoc" | "curl" | "wget" | "dd" | "rsync" | "tar" | "bsdtar" | "unzip" | "aws" | "gh"
        | "gsutil" => Some(ALTERED),
        "cp" if arguments.iter().any(|a| is_whole(a) || is_directory_flag(a)) => Some(ALTERED),
        name if FORMATTERS.iter().any(|(n, ..)| *n == name) => Some(ALTERED),
        name if decrypters(name).is_some_and(has) => Some(ALTERED),
        _ => None,
    }
}

/// Whether an option of `cp` says that the target is the directory itself: `-T`, `-rT`.
fn is_directory_flag(option: &str) -> bool {
    option == "--no-target-directory"
        || option.strip_prefix('-').is_some_and(|flags| !flags.starts_with('-') && flags.contains('T'))
}

fn decrypters(name: &str) -> Option<&'static [&'static str]> {
    DECRYPTERS.iter().find(|(n, _)| *n == name).map(|(_, words)| *words)
}

/// The program, if a command decrypts.
pub(super) fn decrypts(words: &[String]) -> Option<&str> {
    let (program, arguments) = tool::without_wrappers(words).split_first()?;
    let name = name_of(program);
    let tells = decrypters(name)?;
    arguments.iter().any(|a| tells.contains(&a.as_str())).then_some(name)
}

/// The operands of a program whose first one is a text of its own language, unless an option has it.
fn after_text(arguments: &[String]) -> Vec<String> {
    let (mut out, mut has_text) = (Vec::new(), false);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let flags = word.strip_prefix('-').filter(|f| !f.starts_with('-'));
        let takes_text = matches!(word.as_str(), "--expression" | "--file" | "-f")
            || flags.is_some_and(|f| f.ends_with('e') && !f.contains('i') || f == "pie" || f == "ie");
        if takes_text {
            has_text = true;
            words.next();
        } else if word.starts_with("--expression=") {
            has_text = true;
        } else if !word.starts_with('-') {
            out.push(word.clone());
        }
    }
    if !has_text && !out.is_empty() {
        out.remove(0);
    }
    out
}

/// The files and directories that a command changes or takes away, by its words.
pub(super) fn changed(words: &[String]) -> Vec<String> {
    let Some((program, arguments)) = programs::without_runners(words).split_first() else {
        return Vec::new();
    };
    let name = name_of(program);
    let operands = || arguments.iter().filter(|a| !a.starts_with('-')).cloned().collect::<Vec<_>>();
    let has = |options: &[&str]| arguments.iter().any(|a| options.contains(&a.as_str()));
    let is_inside = || {
        arguments.iter().any(|a| {
            a.starts_with("--in-place")
                || a == "--inplace"
                || a.strip_prefix('-').is_some_and(|f| !f.starts_with('-') && f.contains('i'))
        })
    };
    match name {
        "sed" | "gsed" | "perl" | "ruby" | "yq" if is_inside() => after_text(arguments),
        "awk" | "gawk" if has(&["inplace"]) => after_text(arguments),
        "sd" => operands().into_iter().skip(2).collect(),
        "ed" | "ex" | "vi" | "vim" | "nvim" => operands(),
        "cp" | "mv" | "install" | "ln" | "rsync" | "scp" => match directory_of(arguments) {
            Some(directory) => {
                let sources = operands().into_iter().filter(|o| *o != directory);
                copied(name, sources.chain([directory.clone()]).collect())
            }
            None => copied(name, operands()),
        },
        "git" | "svn" | "npm" | "pnpm" | "yarn" | "pip" | "pip3" | "cargo" | "go" | "protoc" => {
            programs::made(name, arguments)
        }
        "rm" | "unlink" | "shred" | "truncate" | "tee" | "touch" | "sponge" | "dos2unix" => operands(),
        "patch" => operands().into_iter().next().into_iter().collect(),
        "curl" | "wget" => fetched(name, arguments),
        "dd" => arguments.iter().filter_map(|a| a.strip_prefix("of=").map(str::to_owned)).collect(),
        "tar" | "bsdtar" | "unzip" => unpacked(name, arguments),
        // `aws s3 cp FROM TO`
        "aws" | "gsutil" if has(&["cp", "sync", "rsync", "mv"]) => {
            let all = operands();
            let is_remote = |w: &String| w.contains("://");
            let mut ends = all.iter().skip_while(|w| !is_remote(w));
            let (source, target) = (ends.next(), ends.next().filter(|w| !is_remote(w)));
            let of =
                |(source, target): (&String, &String)| copied("cp", vec![source.clone(), target.clone()]);
            source.zip(target).map(of).unwrap_or_default()
        }
        "gh" if has(&["clone"]) => {
            let all = operands();
            let own = all.get(3).cloned();
            own.or_else(|| all.get(2).map(|r| name_of(r).to_owned())).into_iter().collect()
        }
        "gh" if has(&["download"]) => {
            let own = tool::values(arguments, &["--dir", "-D", "--output", "-O"]);
            vec![own.last().cloned().unwrap_or_else(|| ".".to_owned())]
        }
        "ansible-vault" if has(&["decrypt"]) && value_of(arguments, &["--output"]).is_none() => {
            operands().into_iter().skip(1).filter(|o| !follows_option(arguments, o)).collect()
        }
        "sops" if has(&["-i", "--in-place"]) => operands().pop().into_iter().collect(),
        _ => match FORMATTERS.iter().find(|(n, ..)| *n == name) {
            Some((_, looks, writes)) => {
                let has = |options: &[&str]| arguments.iter().any(|a| is_option(a, options));
                let formats = name == "ruff" && has(&["format"]) && !has(&["--check", "--diff"]);
                let is_writing = formats || !has(looks) && (writes.is_empty() || has(writes));
                let verbs = ["check", "format"];
                operands().into_iter().filter(|o| is_writing && !verbs.contains(&o.as_str())).collect()
            }
            None => value_of(arguments, &["-o", "--output", "-out"]).into_iter().collect(),
        },
    }
}

/// Whether a word is one of some options; those of one letter may stand among others: `-ri`.
fn is_option(word: &str, options: &[&str]) -> bool {
    let among = |option: &&str| {
        let letter = option.strip_prefix('-').filter(|o| o.len() == 1);
        letter
            .zip(word.strip_prefix('-'))
            .is_some_and(|(l, flags)| !flags.starts_with('-') && flags.contains(l))
    };
    options.contains(&word) || options.iter().any(among)
}

/// The directory that `cp -t DIRECTORY` and its like are told.
fn directory_of(arguments: &[String]) -> Option<String> {
    let named = || arguments.iter().find_map(|a| a.strip_prefix("--target-directory=").map(str::to_owned));
    value_of(arguments, &["-t", "--target-directory"]).or_else(named)
}

/// Whether a word is the value of an option that takes one.
fn follows_option(arguments: &[String], word: &str) -> bool {
    let mut pairs = arguments.iter().zip(arguments.iter().skip(1));
    pairs.any(|(option, value)| value == word && VALUED.contains(&option.as_str()))
}

fn value_of(arguments: &[String], names: &[&str]) -> Option<String> {
    let mut words = arguments.iter();
    words.find(|w| names.contains(&w.as_str())).and_then(|_| words.next().cloned())
}

/// What a program that copies or moves writes: below its target, if that is a directory, or the target itself.
fn copied(program: &str, mut all: Vec<String>) -> Vec<String> {
    let Some(target) = all.pop() else { return Vec::new() };
    let name = |source: &String| source.rsplit('/').next().unwrap_or_default().to_owned();
    let below = |s: &String| format!("{}/{}", target.trim_end_matches('/'), name(s));
    let mut out: Vec<String> = all.iter().map(below).collect();
    if program == "mv" {
        out.extend(all);
    }
    out.push(target);
    out
}

/// What a program that downloads writes.
fn fetched(program: &str, arguments: &[String]) -> Vec<String> {
    let is_curl = program == "curl";
    let operands = || arguments.iter().filter(|a| !a.starts_with('-')).cloned().collect::<Vec<_>>();
    let names: &[&str] = if is_curl { &["-o", "--output"] } else { &["-O", "--output-document"] };
    let directory = if is_curl { &["--output-dir"][..] } else { &["-P", "--directory-prefix"] };
    if let Some(directory) = value_of(arguments, directory) {
        let url = operands().pop().unwrap_or_default();
        return vec![format!("{}/{}", directory.trim_end_matches('/'), name_of(&url)), directory];
    }
    // `-fsSLo FILE`
    let joined = || {
        let ends = |w: &&String| {
            let flags = w.strip_prefix('-').filter(|f| !f.starts_with('-') && f.len() > 1);
            flags.is_some_and(|f| f.ends_with(if is_curl { 'o' } else { 'O' }))
        };
        let mut words = arguments.iter();
        words.find(ends).and_then(|_| words.next().cloned())
    };
    let attached = || arguments.iter().find_map(|a| a.strip_prefix("--output=").map(str::to_owned));
    let by_address = || operands().pop().and_then(|url| url.rsplit('/').next().map(str::to_owned));
    let keeps = |a: &String| a.starts_with("--remote-name") || a.starts_with('-') && a.contains('O');
    let keeps_name = !is_curl || arguments.iter().any(keeps);
    let named = value_of(arguments, names).or_else(joined).or_else(attached);
    named.or_else(|| keeps_name.then(by_address).flatten()).into_iter().collect()
}

/// The directory that a program unpacks an archive into.
fn unpacked(program: &str, arguments: &[String]) -> Vec<String> {
    let is_tar = program != "unzip";
    let flags = |a: &String| {
        let first = arguments.first() == Some(a);
        let short = a.strip_prefix('-').filter(|f| !f.starts_with('-'));
        short.or((first && !a.starts_with('-')).then_some(a.as_str())).is_some_and(|f| f.contains('x'))
    };
    let looks = ["-l", "-t", "-p", "-Z", "-v"];
    let unpacks = if is_tar {
        arguments.iter().any(|a| flags(a) || a == "--extract" || a == "--get")
    } else {
        !arguments.iter().any(|a| looks.contains(&a.as_str()))
    };
    // To its output, and to no file.
    let is_shown = arguments.iter().any(|a| matches!(a.as_str(), "-O" | "--to-stdout"));
    if !unpacks || is_shown {
        return Vec::new();
    }
    let option = if is_tar { &["-C", "--directory"][..] } else { &["-d"] };
    let directory = tool::values(arguments, option).pop();
    vec![directory.unwrap_or_else(|| ".".to_owned())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn files_that_are_changed() {
        for (text, paths) in [
            ("sed -i s/a/b/ Dockerfile", "Dockerfile"),
            ("sed -i -e s/a/b/ -e s/c/d/ a.py b.py", "a.py b.py"),
            ("perl -pi -e s/a/b/ a.py", "a.py"),
            ("yq -i .a=1 chart.yaml", "chart.yaml"),
            ("tar -xzf x.tgz -C src", "src"),
            ("tar xzf x.tgz", "."),
            ("tar -czf x.tgz src", ""),
            ("unzip -o x.zip -d src", "src"),
            ("aws s3 sync s3://bucket/x src", "src/x src"),
            ("aws s3 cp s3://bucket/Dockerfile .", "./Dockerfile ."),
            ("cp -t . docker/Dockerfile", "./Dockerfile ."),
            ("gsed -i s/a/b/ Dockerfile", "Dockerfile"),
            ("busybox sed -i s/a/b/ Dockerfile", "Dockerfile"),
            ("awk -i inplace {x} Dockerfile", "{x} Dockerfile"),
            ("npx prettier --write src", "src"),
            ("autopep8 -ri src", "src"),
            ("git clone https://h/lib src/lib", "src/lib"),
            ("git rm -q src/a.py", "src/a.py"),
            ("aws s3 cp src s3://bucket/x", ""),
            ("wget -P src https://h/x", "src/x src"),
            ("black --check src", ""),
            ("black src", "src"),
            ("ruff check --fix src", "src"),
            ("ruff check src", ""),
            ("gofmt -w .", "."),
            ("ansible-vault decrypt a.yml", "a.yml"),
            ("gpg -o key.pem -d key.gpg", "key.pem"),
            ("sed s/a/b/ Dockerfile", ""),
            ("cp docker/Dockerfile.prod Dockerfile", "Dockerfile/Dockerfile.prod Dockerfile"),
            ("mv .dockerignore x", "x/.dockerignore .dockerignore x"),
            ("rm -f .dockerignore", ".dockerignore"),
            ("curl -fsSL -o Dockerfile https://h/x", "Dockerfile"),
            ("curl -fsSLO https://h/Dockerfile", "Dockerfile"),
            ("curl -fsSLo Dockerfile https://h/x", "Dockerfile"),
            ("wget -qO Dockerfile https://h/x", "Dockerfile"),
            ("curl -fsSL https://h/x", ""),
            ("wget https://h/Dockerfile", "Dockerfile"),
            ("tee -a Dockerfile", "Dockerfile"),
            ("cat Dockerfile", ""),
        ] {
            assert_eq!(changed(&words(text)).join(" "), paths, "{text}");
        }
    }
}
