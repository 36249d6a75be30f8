//! From words to instructions, with the errors that BuildKit gives at this point.

use super::error::{Error, ErrorKind};
use super::flags::Flags;
use super::heredoc;
use super::instruction::{
    Add, ArgDeclaration, CommandLine, Copy, Files, From, Healthcheck, Instruction, Kind, Run, Source,
};
use super::keyword::Keyword;
use super::mount::Mount;
use super::node::{Arguments, Node};
use super::text::{Text, TextBuilder};
use super::words::Value;

/// Understands one node.
pub(super) fn instruction(node: Node, escape: char) -> Result<Instruction, Error> {
    let (line, span) = (node.lines.first, node.span);
    understand(node, escape).map_err(|kind| Error { line, span, kind })
}

fn understand(node: Node, escape: char) -> Result<Instruction, ErrorKind> {
    let Some(keyword) = node.keyword else { return Err(unknown(&node.name)) };
    let name = keyword.as_str();
    if keyword == Keyword::Onbuild {
        return onbuild(node, escape);
    }
    let (mut words, pairs) = match node.arguments {
        Arguments::Words(words) => (words, Vec::new()),
        Arguments::Pairs(pairs) => (Vec::new(), pairs),
        Arguments::Nothing | Arguments::Trigger(_) => (Vec::new(), Vec::new()),
    };
    check_count(keyword, words.len().max(pairs.len()))?;
    let stage = if keyword == Keyword::From { stage_name(&words)? } else { None };
    let flags = Flags::read(keyword, node.flags)?;
    let command =
        |words: Vec<Text>| if node.json { CommandLine::Exec(words) } else { shell(words, &node.text) };
    let kind = match keyword {
        Keyword::From => {
            Kind::From(From { image: first(words), name: stage, platform: flags.one("platform") })
        }
        Keyword::Arg => Kind::Arg(arg(words, escape)?),
        Keyword::Env | Keyword::Label => {
            if pairs.iter().any(|p| p.key.is_empty()) {
                return Err(ErrorKind::BlankName(name));
            }
            if keyword == Keyword::Env { Kind::Env(pairs) } else { Kind::Label(pairs) }
        }
        Keyword::Run => Kind::Run(Run {
            command: command(words),
            mounts: flags.many("mount").map(Mount::read).collect::<Result<_, _>>()?,
            network: flags.one("network"),
            security: flags.one("security"),
        }),
        Keyword::Copy => Kind::Copy(Copy {
            files: files(name, words, &flags, &node.heredocs)?,
            from: flags.one("from").filter(|f| !f.is_empty()),
            parents: flags.boolean("parents") == Some(true),
        }),
        Keyword::Add => Kind::Add(Add {
            files: files(name, words, &flags, &node.heredocs)?,
            checksum: flags.one("checksum"),
            keep_git_dir: flags.boolean("keep-git-dir") == Some(true),
            unpack: flags.boolean("unpack"),
        }),
        Keyword::Cmd => Kind::Cmd(command(words)),
        Keyword::Entrypoint => Kind::Entrypoint(command(words)),
        Keyword::Shell if node.json => Kind::Shell(words),
        Keyword::Shell => return Err(ErrorKind::ShellNotJson),
        Keyword::Healthcheck => {
            let kind = if words.is_empty() { Text::default() } else { words.remove(0) };
            Kind::Healthcheck(if kind.eq_ignore_ascii_case("NONE") {
                if !words.is_empty() {
                    return Err(ErrorKind::HealthcheckNone);
                }
                Healthcheck::None
            } else if !kind.eq_ignore_ascii_case("CMD") {
                return Err(ErrorKind::HealthcheckType);
            } else if words.is_empty() {
                return Err(ErrorKind::HealthcheckCommand);
            } else {
                Healthcheck::Command(command(words))
            })
        }
        Keyword::Volume => {
            if words.iter().any(|v| v.trim().is_empty()) {
                return Err(ErrorKind::EmptyVolume);
            }
            Kind::Volume(words)
        }
        Keyword::Expose => Kind::Expose(words),
        Keyword::User => Kind::User(first(words)),
        Keyword::Workdir => Kind::Workdir(first(words)),
        Keyword::Stopsignal => Kind::Stopsignal(first(words)),
        Keyword::Maintainer => Kind::Maintainer(first(words)),
        Keyword::Onbuild => return Err(ErrorKind::OnbuildChain),
    };
    Ok(Instruction {
        keyword,
        name: node.name,
        span: node.span,
        lines: node.lines,
        text: node.text,
        flags: flags.into_vec(),
        heredocs: node.heredocs,
        kind,
    })
}

/// The error for a word that is no instruction. The word is named only when it cannot be a value.
fn unknown(name: &str) -> ErrorKind {
    const LONGEST: usize = 12;
    let plain = !name.is_empty() && name.len() <= LONGEST && name.bytes().all(|b| b.is_ascii_alphabetic());
    ErrorKind::UnknownInstruction {
        name: plain.then(|| name.to_owned()),
        suggestion: if plain { Keyword::nearest(name).map(Keyword::as_str) } else { None },
    }
}

/// How many arguments each instruction wants.
fn check_count(keyword: Keyword, count: usize) -> Result<(), ErrorKind> {
    let name = keyword.as_str();
    match keyword {
        Keyword::Copy | Keyword::Add if count < 2 => Err(ErrorKind::NoDestination(name)),
        Keyword::User | Keyword::Workdir | Keyword::Stopsignal | Keyword::Maintainer if count != 1 => {
            Err(ErrorKind::ExactlyOneArgument(name))
        }
        Keyword::Arg
        | Keyword::Env
        | Keyword::Label
        | Keyword::Expose
        | Keyword::Volume
        | Keyword::Shell
        | Keyword::Healthcheck
            if count == 0 =>
        {
            Err(ErrorKind::AtLeastOneArgument(name))
        }
        _ => Ok(()),
    }
}

fn onbuild(node: Node, escape: char) -> Result<Instruction, ErrorKind> {
    let Arguments::Trigger(inner) = node.arguments else {
        return Err(ErrorKind::AtLeastOneArgument(Keyword::Onbuild.as_str()));
    };
    let flags = Flags::read(Keyword::Onbuild, node.flags)?;
    match inner.keyword {
        Some(Keyword::Onbuild) => return Err(ErrorKind::OnbuildChain),
        Some(k @ (Keyword::From | Keyword::Maintainer)) => return Err(ErrorKind::OnbuildTrigger(k.as_str())),
        _ => {}
    }
    let mut inner = *inner;
    inner.span.end = node.span.end;
    inner.lines = node.lines;
    inner.heredocs = node.heredocs;
    let inner = understand(inner, escape)?;
    Ok(Instruction {
        keyword: Keyword::Onbuild,
        name: node.name,
        span: node.span,
        lines: node.lines,
        text: node.text,
        flags: flags.into_vec(),
        heredocs: Vec::new(),
        kind: Kind::Onbuild(Box::new(inner)),
    })
}

fn first(words: Vec<Text>) -> Text {
    words.into_iter().next().unwrap_or_default()
}

/// The shell form: the words are one text already; no words are an empty one at the end of the line.
fn shell(words: Vec<Text>, line: &Text) -> CommandLine {
    let end = line.span().end;
    CommandLine::Shell(words.into_iter().next().unwrap_or_else(|| TextBuilder::default().finish(end)))
}

/// `image`, or `image AS name`.
fn stage_name(words: &[Text]) -> Result<Option<Text>, ErrorKind> {
    match words {
        [_] => Ok(None),
        [_, separator, name] if separator.eq_ignore_ascii_case("as") => {
            let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
            let rest = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
            if first && rest { Ok(Some(name.clone())) } else { Err(ErrorKind::InvalidStageName) }
        }
        _ => Err(ErrorKind::FromArguments),
    }
}

fn arg(words: Vec<Text>, escape: char) -> Result<Vec<ArgDeclaration>, ErrorKind> {
    words
        .into_iter()
        .map(|word| match word.find('=') {
            Some(0) => Err(ErrorKind::BlankName(Keyword::Arg.as_str())),
            Some(equals) => Ok(ArgDeclaration {
                name: word.slice(0..equals),
                default: Some(Value::new(word.slice(equals + 1..word.len()), escape)),
            }),
            None => Ok(ArgDeclaration { name: word, default: None }),
        })
        .collect()
}

fn files(
    name: &'static str,
    mut words: Vec<Text>,
    flags: &Flags,
    heredocs: &[heredoc::Heredoc],
) -> Result<Files, ErrorKind> {
    let destination = words.pop().unwrap_or_default();
    if matches!(heredoc::word(&destination), Ok(Some(_))) {
        return Err(ErrorKind::HeredocDestination(name));
    }
    let source = |word: Text| {
        // Heredocs stand in the order of their words.
        let heredoc = heredocs.binary_search_by_key(&word.span().start, |h| h.word.text.span().start).ok();
        heredoc.map_or(Source::Path(word), Source::Heredoc)
    };
    Ok(Files {
        sources: words.into_iter().map(source).collect(),
        destination,
        chown: flags.one("chown"),
        chmod: flags.one("chmod"),
        exclude: flags.many("exclude").collect(),
        link: flags.boolean("link") == Some(true),
    })
}
