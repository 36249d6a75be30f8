//! Scripts with `$(…)` for backquotes, which are the same to a shell.

use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell::{self, Command, Script, Word, WordPart};

/// A script without backquotes.
pub(super) struct Plain {
    pub(super) text: String,
    /// Where a byte was put in.
    added: Vec<usize>,
}

impl Plain {
    /// Those that hold a backslash stay as they are.
    pub(super) fn of(text: &str) -> Self {
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        if text.contains('`') {
            let script = shell::parse(&Text::of(text));
            script.commands.iter().for_each(|c| of_command(c, text, &mut pairs));
            let groups = script.groups.iter().flat_map(|g| &g.redirections);
            for word in groups.flat_map(|r| std::iter::once(&r.target).chain(&r.body)) {
                of_word(word, text, &mut pairs);
            }
        }
        pairs.sort_unstable();
        let mut plain = Self { text: text.to_owned(), added: Vec::new() };
        for (start, end) in pairs.iter().rev() {
            plain.text.replace_range(*end - 1..*end, ")");
            plain.text.replace_range(*start..*start + 1, "$(");
        }
        plain.added = pairs.iter().enumerate().map(|(nth, (start, _))| start + nth + 1).collect();
        plain
    }

    /// Where a byte stood before.
    pub(super) fn original(&self, at: usize) -> usize {
        at - self.added.partition_point(|added| *added <= at)
    }
}

fn of_command(command: &Command, text: &str, pairs: &mut Vec<(usize, usize)>) {
    command.all_words().for_each(|w| of_word(w, text, pairs));
}

fn of_script(script: &Script, text: &str, pairs: &mut Vec<(usize, usize)>) {
    script.commands.iter().for_each(|c| of_command(c, text, pairs));
}

fn of_word(word: &Word, text: &str, pairs: &mut Vec<(usize, usize)>) {
    for part in &word.parts {
        match part {
            WordPart::Substitution { script, span, .. } => {
                let written = text.get(span.start..span.end).unwrap_or_default();
                if !written.starts_with('`') {
                    of_script(script, text, pairs);
                } else if written.len() > 1 && written.ends_with('`') && !written.contains('\\') {
                    pairs.push((span.start, span.end));
                }
            }
            WordPart::Variable { argument: Some(argument), .. } => of_word(argument, text, pairs),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backquotes_become_parentheses() {
        let plain = Plain::of("a=`b c`; d \"`e`\" '`f`' # `g`\n$(h `i`)");
        assert_eq!(plain.text, "a=$(b c); d \"$(e)\" '`f`' # `g`\n$(h $(i))");
        for (at, original) in [(0, 0), (2, 2), (4, 3), (9, 8), (13, 12)] {
            assert_eq!(plain.original(at), original, "{at}");
        }
        assert_eq!(Plain::of("a=`b \\`c\\``").text, "a=`b \\`c\\``");
    }
}
