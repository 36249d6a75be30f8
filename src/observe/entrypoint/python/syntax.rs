//! Python's syntax, by the grammar of the image's version.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tree_sitter::{Node, ParseOptions, Parser};

use super::super::filesystem::{Content, Filesystem};
use super::ast::Body;
use super::strict::{self, Declared};
use super::{Version, convert};

/// The first and the last minor version of Python 3 whose grammar is known.
const COVERED: (u8, u8) = (7, 13);

/// How long one file may take.
const MAX_TIME: Duration = Duration::from_secs(10);

/// A module that was parsed.
#[derive(Debug)]
pub(crate) struct Module<'a> {
    /// Its path.
    pub(super) path: Vec<u8>,
    /// Its text.
    pub(super) text: &'a str,
    /// Its statements.
    pub(super) body: Body,
    /// Whether something in it was nested deeper than is followed.
    pub(super) is_cut: bool,
}

/// Why a module was not parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SyntaxFault {
    /// It is not Python: in this line.
    Invalid(u32),
    /// It cannot be told: why.
    Unclear(String),
}

fn line(row: usize) -> u32 {
    u32::try_from(row + 1).unwrap_or(u32::MAX)
}

/// Parses the module at `path` for `version`, if the image tells it.
fn parse<'a>(
    filesystem: &Filesystem<'a>,
    path: &[u8],
    version: Option<Version>,
) -> Result<Module<'a>, SyntaxFault> {
    let unclear = |reason: &str| Err(SyntaxFault::Unclear(reason.to_owned()));
    let Some((_, node)) = filesystem.tree.file(path) else { return unclear("it is not in the image") };
    let bytes = match filesystem.content(node) {
        Content::Whole(bytes) => bytes,
        Content::Head(_) => return unclear("it is larger than what is kept of a file"),
        Content::NotKept => return unclear("its content was not kept"),
    };
    let head = bytes.get(..512).unwrap_or(bytes);
    if memchr::memmem::find(head, b"PK\x03\x04").is_some() {
        return unclear("it is a zip archive, which is not looked into");
    }
    let declared = strict::declared(bytes);
    let text = match (declared, std::str::from_utf8(bytes)) {
        (Declared::Unknown(at), _) => return Err(SyntaxFault::Invalid(at)),
        (Declared::Ascii, Ok(text)) if !text.is_ascii() => return Err(SyntaxFault::Invalid(1)),
        (_, Ok(text)) => text,
        (Declared::Other, Err(_)) => return unclear("it is not UTF-8"),
        (_, Err(error)) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            return Err(SyntaxFault::Invalid(line(before.iter().filter(|b| **b == b'\n').count())));
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (body, is_cut) = parse_text(text, version)?;
    Ok(Module { path: path.to_vec(), text, body, is_cut })
}

/// Parses a text; gives its statements, and whether some were nested too deep.
pub(super) fn parse_text(text: &str, version: Option<Version>) -> Result<(Body, bool), SyntaxFault> {
    if let Some(at) = text.find('\0') {
        return Err(SyntaxFault::Invalid(line(text.get(..at).unwrap_or_default().matches('\n').count())));
    }
    let mut parser = Parser::new();
    if parser.set_language(&tree_sitter_python::LANGUAGE.into()).is_err() {
        return Err(SyntaxFault::Unclear("the grammar of Python does not fit its parser".to_owned()));
    }
    let end = Instant::now() + MAX_TIME;
    let mut is_late = |_: &tree_sitter::ParseState| Instant::now() > end;
    let options = ParseOptions::new().progress_callback(&mut is_late);
    let mut read = |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
    let Some(tree) = parser.parse_with_options(&mut read, None, Some(options)) else {
        let reason = format!("it was not parsed within {} seconds", MAX_TIME.as_secs());
        return Err(SyntaxFault::Unclear(reason));
    };
    let fault = first_fault(tree.root_node(), version)
        .or_else(|| strict::first_fault(tree.root_node(), text, version));
    let is_covered = version.is_none_or(|v| v.major == 3 && (COVERED.0..=COVERED.1).contains(&v.minor));
    match fault {
        Some(at) if is_covered => Err(SyntaxFault::Invalid(at)),
        Some(at) => Err(SyntaxFault::Unclear(format!(
            "line {at} does not parse, and only the grammars of Python 3.{} to 3.{} are known",
            COVERED.0, COVERED.1
        ))),
        None => Ok(convert::module(tree.root_node(), text)),
    }
}

/// The line of the first part of a tree that is no Python of this version. Goes through the tree without recursion.
fn first_fault(root: Node<'_>, version: Option<Version>) -> Option<u32> {
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() || is_from_later(node, version) {
            return Some(line(node.start_position().row));
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
        }
    }
}

/// Whether a construct is none of Python 3, or came later than the version.
fn is_from_later(node: Node<'_>, version: Option<Version>) -> bool {
    let since = match node.kind() {
        // The grammar takes Python 2 as well.
        "print_statement" | "exec_statement" | "chevron" => return version.is_none_or(|v| v.major >= 3),
        "named_expression" => 8,
        "match_statement" => 10,
        "except_group_clause" => 11,
        // `type(x).y = z` is a call, which the grammar takes for an alias.
        "type_alias_statement" if is_call_of_type(node) => return false,
        "type_alias_statement" | "type_parameter" if !is_annotation(node) => 12,
        _ => return false,
    };
    version.is_some_and(|v| v.major == 3 && v.minor < since)
}

/// Whether a node begins with `type(`.
fn is_call_of_type(node: Node<'_>) -> bool {
    let (word, next) = (node.child(0), node.child(1));
    word.zip(next).is_some_and(|(word, next)| word.end_byte() == next.start_byte())
}

/// Whether a node is a part of an annotation, where the grammar has the same words for `list[int]`.
fn is_annotation(node: Node<'_>) -> bool {
    node.parent().is_some_and(|p| p.kind() == "generic_type")
}

/// What parsing a module gave; programs that import the same share it.
type Shared<'a> = Rc<Result<Module<'a>, SyntaxFault>>;

/// The modules of a program that were parsed, by their paths.
#[derive(Default)]
pub(crate) struct Modules<'a>(BTreeMap<Vec<u8>, Shared<'a>>);

impl<'a> Modules<'a> {
    pub(super) fn get(&self, path: &[u8]) -> Option<&Result<Module<'a>, SyntaxFault>> {
        self.0.get(path).map(Rc::as_ref)
    }

    pub(super) fn contains(&self, path: &[u8]) -> bool {
        self.0.contains_key(path)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Result<Module<'a>, SyntaxFault>> {
        self.0.values().map(Rc::as_ref)
    }

    pub(super) fn insert(&mut self, path: Vec<u8>, module: Shared<'a>) {
        self.0.insert(path, module);
    }
}

/// Bytes of text of which the parsed modules are kept for the next program: as syntax they take some ten times as much.
const MAX_KEPT: usize = 6 << 20;

/// The modules of one image that were parsed, for all programs of its entrypoints.
#[derive(Default)]
pub(crate) struct Parsed<'a>(RefCell<Kept<'a>>);

#[derive(Default)]
struct Kept<'a> {
    modules: BTreeMap<(Vec<u8>, Option<Version>), Shared<'a>>,
    /// Bytes of their texts.
    bytes: usize,
}

impl<'a> Parsed<'a> {
    /// What [`parse`] gives, from before if it is still kept.
    pub(super) fn module(
        &self,
        filesystem: &Filesystem<'a>,
        path: &[u8],
        version: Option<Version>,
    ) -> Shared<'a> {
        let key = (path.to_vec(), version);
        if let Some(known) = self.0.borrow().modules.get(&key) {
            return Rc::clone(known);
        }
        let parsed = Rc::new(parse(filesystem, path, version));
        let bytes = parsed.as_ref().as_ref().map_or(0, |module| module.text.len());
        let mut kept = self.0.borrow_mut();
        // Rows of one program stand together: what comes next is worth more than what came first.
        if kept.bytes.saturating_add(bytes) > MAX_KEPT {
            *kept = Kept::default();
        }
        kept.bytes = kept.bytes.saturating_add(bytes);
        kept.modules.insert(key, Rc::clone(&parsed));
        parsed
    }
}
