//! `npm start`, `npm run NAME`, `yarn NAME`: the script of `package.json`, in the shell that runs it.
//! <https://docs.npmjs.com/cli/using-npm/scripts>

use serde_json::Value;

use super::super::machine::Machine;
use super::super::{Fault, Started, shells};

/// What a package manager is told to run.
struct Told<'w> {
    name: &'w str,
    /// The words that the script is given.
    rest: Vec<String>,
    directory: Option<&'w str>,
}

/// What the words of a package manager tell it to run; nothing if that is no script.
fn told<'w>(program: &str, words: &'w [String]) -> Option<Told<'w>> {
    let mut directory = None;
    let mut plain = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--prefix" | "-C" | "--cwd" | "--dir" => directory = words.next().map(String::as_str),
            "--" => break,
            option if option.starts_with('-') && !Machine::is_unknown(option) && plain.is_empty() => {}
            _ => plain.push(word),
        }
    }
    let after: Vec<String> = words.cloned().collect();
    let (name, more) = match plain.split_first()? {
        (verb, more) if matches!(verb.as_str(), "run" | "run-script") => more.split_first()?,
        (verb, more) if program != "npm" || matches!(verb.as_str(), "start" | "test") => (verb, more),
        _ => return None,
    };
    // npm keeps options for itself, unless they stand after `--`; yarn and pnpm hand on all.
    let is_kept = |w: &&&String| program == "npm" && w.starts_with('-');
    let own = more.iter().filter(|w| !is_kept(w)).map(|w| (*w).clone());
    Some(Told { name, rest: own.chain(after).collect(), directory })
}

/// Runs the script that a package manager is told to run; nothing if it is told something else.
pub(crate) fn start(
    machine: &Machine<'_>,
    program: &str,
    words: &[String],
    steps: u8,
) -> Option<Result<Started, Fault>> {
    let told = told(program, words)?;
    let directory = told.directory.unwrap_or(".");
    let path = machine.absolute(&format!("{directory}/package.json"));
    let shown = String::from_utf8_lossy(&path).into_owned();
    if machine.filesystem.tree.file(&path).is_none() {
        return Some(Err(Fault::Broken(format!(
            "/{shown}, whose script {program} is to run, is not in the image"
        ))));
    }
    let unclear = |what: &str| Some(Err(Fault::Unclear(format!("/{shown} {what}"))));
    let Some(text) = machine.filesystem.text(&path) else { return unclear("was not kept") };
    let Ok(whole) = serde_json::from_str::<Value>(text) else {
        return Some(Err(Fault::Broken(format!("/{shown} is not JSON"))));
    };
    let script = |name: &str| whole.get("scripts")?.get(name)?.as_str().map(str::to_owned);
    let main = match (script(told.name), told.name) {
        (Some(main), _) => main,
        (None, "start") if program == "npm" => "node server.js".to_owned(),
        // yarn and pnpm run programs by their names, too.
        (None, _) if program != "npm" => return None,
        (None, name) => {
            return Some(Err(Fault::Broken(format!("/{shown} has no script {name}"))));
        }
    };
    // What yarn runs before is not the same in all its versions.
    let before = script(&format!("pre{}", told.name)).filter(|_| program == "npm");
    let text = before.into_iter().chain([format!("{main} \"$@\"")]).collect::<Vec<_>>().join(" && ");
    let mut inner = machine.clone();
    let path = machine.variable("PATH").unwrap_or_default();
    let own =
        String::from_utf8_lossy(&machine.absolute(&format!("{directory}/node_modules/.bin"))).into_owned();
    inner.set("PATH", &format!("/{own}:{path}"));
    let mut all =
        vec!["-c".to_owned(), if directory == "." { text } else { format!("cd {directory} && {text}") }];
    all.push("sh".to_owned());
    all.extend(told.rest);
    let shell = inner.find("sh").map(|found| found.real).unwrap_or_default();
    Some(shells::start(&inner, &shell, &all, steps + 1))
}
