//! All of a script: the scripts in its words, and the variables that it names.

use std::collections::HashSet;

use seaworthy_dockerfile::shell::{Command, Script, Word, WordPart};

/// A script and all scripts inside its words.
pub(super) fn scripts(script: &Script) -> Vec<&Script> {
    let mut all = vec![script];
    let mut at = 0;
    while let Some(script) = all.get(at).copied() {
        at += 1;
        let own = script.commands.iter().flat_map(Command::all_words);
        let grouped = script.groups.iter().flat_map(|g| &g.redirections);
        let words = own.chain(grouped.flat_map(|r| std::iter::once(&r.target).chain(&r.body)));
        words.for_each(|w| substitutions(w, &mut all));
    }
    all
}

fn substitutions<'s>(word: &'s Word, all: &mut Vec<&'s Script>) {
    for part in &word.parts {
        match part {
            WordPart::Substitution { script, .. } => all.push(script),
            WordPart::Variable { argument: Some(argument), .. } => substitutions(argument, all),
            _ => {}
        }
    }
}

/// The names of all variables in a script, each once.
pub(super) fn used(script: &Script) -> HashSet<String> {
    let mut names = HashSet::new();
    for script in scripts(script) {
        let own = script.commands.iter().flat_map(|c| c.all_words());
        let grouped = script.groups.iter().flat_map(|g| &g.redirections);
        let words = own.chain(grouped.flat_map(|r| std::iter::once(&r.target).chain(&r.body)));
        names.extend(words.flat_map(Word::variables).map(|(name, _)| name.to_owned()));
    }
    names
}
