//! Shell text, cut into simple commands: what a `RUN` runs, which variables and files it uses, and where each word
//! stands in the Dockerfile.
//!
//! This is a lexer with a sense of structure for POSIX shells and bash, not a parser: it never fails, and what it
//! does not understand stays as a word. It expands nothing.

mod glob;
mod lexer;
mod state;
mod test;
pub mod tree;
mod word;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use glob::fits_pattern;
pub use test::compares;

use super::text::Text;
use seaworthy_source::Span;

/// Reads shell text, such as [`Instruction::script`](super::Instruction::script).
pub fn parse(text: &Text) -> Script {
    lexer::Lexer::new(text, 0).script(false)
}

/// A list of simple commands.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// All simple commands in the order in which they stand, those in groups, loops and functions included. The
    /// commands of command substitutions are in the words that hold them: see [`Script::walk`].
    pub commands: Vec<Command>,
    /// Subshells, brace groups and compound commands, in the order in which they open.
    pub groups: Vec<Group>,
    /// Comments, from `#` to the end of the line.
    pub comments: Vec<Span>,
    /// The outermost group that nothing closes before the script ends.
    pub unclosed: Option<GroupKind>,
}

/// A simple command.
#[derive(Clone, Debug)]
pub struct Command {
    /// What kind of command its words make.
    pub kind: CommandKind,
    /// `NAME=value` words before the program.
    pub assignments: Vec<Assignment>,
    /// The program and its arguments.
    pub words: Vec<Word>,
    /// Redirections, in order.
    pub redirections: Vec<Redirection>,
    /// How it is joined to what follows.
    pub link: Link,
    /// The reserved word that it follows, such as `then`.
    pub keyword: Option<Keyword>,
    /// Whether `!` turns its status round.
    pub negated: bool,
    /// The innermost group that holds it: an index of [`Script::groups`].
    pub group: Option<usize>,
    /// Its bytes in the text that was read.
    pub range: Range<usize>,
    /// Its place in the file.
    pub span: Span,
}

/// What the words of a command are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommandKind {
    /// A program with arguments.
    #[default]
    Simple,
    /// `for` or `select`, the variable and its list.
    For,
    /// `case`, its subject and `in`.
    Case,
    /// The patterns of one branch of a `case`.
    Pattern,
    /// `[[ ... ]]`.
    Test,
    /// `(( ... ))`.
    Arithmetic,
    /// The name of a function that is defined here.
    Function,
}

/// How a command or a group is joined to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Nothing follows.
    #[default]
    End,
    /// `;` or a line end.
    Sequence,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`: its standard output is the next one's input.
    Pipe,
    /// `|&`: standard error too.
    PipeBoth,
    /// `&`
    Background,
}

/// Commands that stand together.
#[derive(Clone, Debug)]
pub struct Group {
    /// What holds them together.
    pub kind: GroupKind,
    /// Its commands: indexes of [`Script::commands`].
    pub commands: Range<usize>,
    /// The group around it.
    pub parent: Option<usize>,
    /// Redirections of all of it.
    pub redirections: Vec<Redirection>,
    /// How all of it is joined to what follows.
    pub link: Link,
    /// The reserved word that it follows, such as `then`.
    pub keyword: Option<Keyword>,
    /// Whether `!` turns its status round.
    pub negated: bool,
    /// Its place in the file.
    pub span: Span,
}

/// A reserved word that says what the command after it is for, in `if`, `while` and `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    /// `if`: a condition follows.
    If,
    /// `elif`: a further condition follows.
    Elif,
    /// `then`: what is done if the condition holds.
    Then,
    /// `else`: what is done otherwise.
    Else,
    /// `while`: the condition to go on follows.
    While,
    /// `until`: the condition to stop follows.
    Until,
    /// `do`: what is done in each round.
    Do,
}

/// What holds a group together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// `( ... )`
    Subshell,
    /// `{ ...; }`, the bodies of functions included.
    Brace,
    /// `if ...; fi`
    If,
    /// `for`, `while`, `until` and `select` up to `done`.
    Loop,
    /// `case ... esac`
    Case,
}

/// `NAME=value`.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The variable, with its subscript if it has one.
    pub name: Text,
    /// Whether it appends (`+=`).
    pub append: bool,
    /// The value; the elements of an array stand in it with a blank between.
    pub value: Word,
    /// The place of all of it.
    pub span: Span,
}

/// A word: parts that stand side by side.
#[derive(Clone, Debug, Default)]
pub struct Word {
    /// Its parts; none for an empty quoted word.
    pub parts: Vec<WordPart>,
    /// Its bytes in the text that was read, quotes included. In a backquoted substitution the offsets are those of
    /// the substitution's own text.
    pub range: Range<usize>,
    /// Its place in the file.
    pub span: Span,
}

/// A part of a word.
#[derive(Clone, Debug)]
pub enum WordPart {
    /// Characters, quotes and escapes taken out.
    Literal {
        /// The characters, with their places.
        text: Text,
        /// How they are quoted.
        quote: Quote,
    },
    /// `$X`, `${X:-word}`.
    Variable {
        /// The name: a variable, a number or a special parameter.
        name: Text,
        /// What is done with it.
        operator: Option<Operator>,
        /// What follows the operator.
        argument: Option<Word>,
        /// Whether it stands in double quotes.
        quoted: bool,
        /// The place of all of it.
        span: Span,
    },
    /// `$(...)`, backquotes, `<(...)` and `>(...)`.
    Substitution {
        /// Its commands.
        script: Script,
        /// Whether it stands in double quotes.
        quoted: bool,
        /// The place of all of it.
        span: Span,
    },
    /// `$((...))`, as written.
    Arithmetic {
        /// All of it.
        text: Text,
    },
}

/// How characters are quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// Not, or by single backslashes.
    None,
    /// `'...'` or `$'...'`
    Single,
    /// `"..."`
    Double,
}

/// What a parameter expansion does with its variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `-` or `:-`: the argument if it is unset (or empty).
    Default,
    /// `=` or `:=`: the same, and assigns it.
    Assign,
    /// `?` or `:?`: fails if it is unset (or empty).
    Require,
    /// `+` or `:+`: the argument if it is set (and not empty).
    Alternative,
    /// `#`, `##`, `%`, `%%`, `/`, `^`, `,`, `:offset`, `@`: something made from the value.
    Transform,
    /// `${#X}`: the value's length.
    Length,
    /// `${!X}`: the value of the variable that it names.
    Indirect,
}

/// A redirection.
#[derive(Clone, Debug)]
pub struct Redirection {
    /// The file descriptor, if one is given.
    pub descriptor: Option<u32>,
    /// The operator.
    pub operator: RedirectionOperator,
    /// The file, the descriptor, the here-string's word, or the here-document's delimiter.
    pub target: Word,
    /// The here-document's lines. Variables in it are parts unless the delimiter is quoted.
    pub body: Option<Word>,
    /// The place of operator and target.
    pub span: Span,
}

/// Redirection operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectionOperator {
    /// `<`
    Read,
    /// `>`
    Write,
    /// `>>`
    Append,
    /// `>|`
    Clobber,
    /// `<>`
    ReadWrite,
    /// `<<`
    HereDocument,
    /// `<<-`
    HereDocumentTabs,
    /// `<<<`
    HereString,
    /// `<&`
    DuplicateInput,
    /// `>&`
    DuplicateOutput,
    /// `&>`
    WriteBoth,
    /// `&>>`
    AppendBoth,
}

impl RedirectionOperator {
    /// Whether it writes to the file that its target names.
    pub fn writes(self) -> bool {
        matches!(
            self,
            Self::Write | Self::Append | Self::Clobber | Self::ReadWrite | Self::WriteBoth | Self::AppendBoth
        )
    }
}

impl Script {
    /// Calls `visit` with every command, those of substitutions and here-documents included; a command comes before
    /// the ones inside its words.
    pub fn walk<'s>(&'s self, visit: &mut impl FnMut(&'s Self, &'s Command)) {
        for command in &self.commands {
            visit(self, command);
            for word in command.all_words() {
                word.walk(visit);
            }
        }
        for redirection in self.groups.iter().flat_map(|g| &g.redirections) {
            redirection.walk(visit);
        }
    }

    /// The groups around a command, the innermost first.
    pub fn groups_of(&self, command: usize) -> impl Iterator<Item = &Group> {
        let first = self.commands.get(command).and_then(|c| c.group);
        std::iter::successors(first.and_then(|g| self.groups.get(g)), |group| self.groups.get(group.parent?))
    }

    /// The redirections that hold for a command: its own, then those of the groups around it.
    pub fn redirections_of(&self, command: usize) -> impl Iterator<Item = &Redirection> {
        let own = self.commands.get(command).into_iter().flat_map(|c| &c.redirections);
        own.chain(self.groups_of(command).flat_map(|g| &g.redirections))
    }

    /// The command that reads a command's standard output through a pipe: an index of [`Script::commands`]. Where a
    /// group reads, it is the group's first command.
    pub fn reader_of(&self, command: usize) -> Option<usize> {
        let pipes = |link| matches!(link, Link::Pipe | Link::PipeBoth);
        let next = if pipes(self.commands.get(command)?.link) {
            command + 1
        } else {
            self.groups_of(command).find(|g| pipes(g.link))?.commands.end
        };
        (next < self.commands.len()).then_some(next)
    }
}

impl Command {
    /// The program's name, when it is plain text.
    pub fn program(&self) -> Option<String> {
        self.words.first()?.literal()
    }

    /// All words in it: of assignments, arguments, redirections and here-documents.
    pub fn all_words(&self) -> impl Iterator<Item = &Word> {
        let redirected = self.redirections.iter().flat_map(|r| std::iter::once(&r.target).chain(&r.body));
        self.assignments.iter().map(|a| &a.value).chain(&self.words).chain(redirected)
    }

    /// The variables that it sets: the assignments before the program, and the arguments of `export`, `declare`,
    /// `local`, `readonly`, `typeset` and `env` that are assignments.
    pub fn declarations(&self) -> Vec<Assignment> {
        let mut all = self.assignments.clone();
        let declares = ["export", "declare", "local", "readonly", "typeset", "env"];
        if self.program().is_some_and(|p| declares.contains(&p.as_str())) {
            all.extend(self.words.iter().skip(1).filter_map(Word::assignment));
        }
        all
    }
}

impl Redirection {
    fn walk<'s>(&'s self, visit: &mut impl FnMut(&'s Script, &'s Command)) {
        for word in std::iter::once(&self.target).chain(&self.body) {
            word.walk(visit);
        }
    }
}

impl Word {
    /// The word's text, when it has no variable and no substitution.
    pub fn literal(&self) -> Option<String> {
        let mut out = String::new();
        for part in &self.parts {
            let WordPart::Literal { text, .. } = part else { return None };
            out.push_str(text);
        }
        Some(out)
    }

    /// The literal parts, with their places; defaults in `${X:-word}` included.
    pub fn literals(&self) -> Vec<&Text> {
        let mut all = Vec::new();
        let mut open: Vec<&Self> = vec![self];
        while let Some(word) = open.pop() {
            for part in &word.parts {
                match part {
                    WordPart::Literal { text, .. } | WordPart::Arithmetic { text } => all.push(text),
                    WordPart::Variable { argument, .. } => open.extend(argument),
                    WordPart::Substitution { .. } => {}
                }
            }
        }
        all
    }

    /// The names of the variables that it uses, with the places where they do; those inside command substitutions
    /// not included.
    pub fn variables(&self) -> Vec<(&str, Span)> {
        let mut all = Vec::new();
        let mut open: Vec<&Self> = vec![self];
        while let Some(word) = open.pop() {
            for part in &word.parts {
                if let WordPart::Variable { name, argument, span, .. } = part {
                    all.push((name.as_str(), *span));
                    open.extend(argument);
                }
            }
        }
        all
    }

    fn walk<'s>(&'s self, visit: &mut impl FnMut(&'s Script, &'s Command)) {
        for part in &self.parts {
            match part {
                WordPart::Substitution { script, .. } => script.walk(visit),
                WordPart::Variable { argument: Some(argument), .. } => argument.walk(visit),
                _ => {}
            }
        }
    }
}
