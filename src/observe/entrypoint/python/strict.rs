//! What Python refuses although its grammar in tree-sitter, which is made for editors, takes it: indentation, blocks
//! without statements, and the order of parameters and arguments.
//! <https://docs.python.org/3/reference/lexical_analysis.html#indentation>

use tree_sitter::Node;

use super::Version;

/// The line of the first part of a tree that Python refuses. Goes through the tree without recursion.
pub(super) fn first_fault(root: Node<'_>, text: &str, version: Option<Version>) -> Option<u32> {
    let mut cursor = root.walk();
    let mut above: Vec<Node<'_>> = Vec::new();
    loop {
        let node = cursor.node();
        if let Some(at) = fault(node, &above, text, version) {
            return Some(u32::try_from(at.start_position().row + 1).unwrap_or(u32::MAX));
        }
        if cursor.goto_first_child() {
            above.push(node);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
            above.pop();
        }
    }
}

/// The part that is wrong with a node, if something is.
fn fault<'n>(node: Node<'n>, above: &[Node<'n>], text: &str, version: Option<Version>) -> Option<Node<'n>> {
    let is_wrong = match node.kind() {
        "module" => return misplaced(node, Some(0), text),
        "block" => return block(node, above, text),
        "try_statement" => {
            let ends =
                |n: &Node<'_>| matches!(n.kind(), "except_clause" | "except_group_clause" | "finally_clause");
            !children(node).iter().any(ends)
        }
        "else_clause" | "elif_clause" | "except_clause" | "except_group_clause" | "finally_clause" => {
            let owner = above.last().and_then(|o| column(*o, text));
            let is_moved = column(node, text).zip(owner).is_some_and(|(own, owner)| own != owner);
            is_moved || node.kind() == "except_clause" && lists(node) && is_before(version, 14)
        }
        "parameters" | "lambda_parameters" => {
            return parameter_out_of_order(node).or_else(|| parameter_twice(node, text));
        }
        "keyword_separator" => {
            above.last().is_some_and(|list| children(*list).last().is_some_and(|last| last.id() == node.id()))
        }
        "augmented_assignment" => node.child_by_field_name("left").is_some_and(|left| is_list(left)),
        "raise_statement" => children(node).first().is_some_and(|n| n.kind() == "expression_list"),
        "delete_statement" => deleted(node).iter().any(|n| n.kind() == "call"),
        "argument_list" => return argument_out_of_order(node),
        "integer" => is_octal(text.get(node.byte_range()).unwrap_or_default()),
        "await" => !is_in_async(above),
        "return_statement" | "yield" => {
            let around = above.iter().rev().map(Node::kind);
            let mut around =
                around.filter(|k| matches!(*k, "function_definition" | "class_definition" | "lambda"));
            !matches!(around.next(), Some("function_definition" | "lambda"))
        }
        "break_statement" | "continue_statement" => {
            let mut around = above.iter().rev().map(Node::kind).filter(|k| {
                let kinds = ["for_statement", "while_statement", "function_definition", "class_definition"];
                kinds.contains(k)
            });
            !matches!(around.next(), Some("for_statement" | "while_statement"))
        }
        _ => false,
    };
    is_wrong.then_some(node)
}

fn is_before(version: Option<Version>, minor: u8) -> bool {
    version.is_none_or(|v| v.minor < minor)
}

/// The named children of a node, comments left out.
fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|n| n.kind() != "comment").collect()
}

/// The column at which a node stands in bytes, if nothing but blanks is before it in its line, and the line does not go
/// on from the one before.
fn column(node: Node<'_>, text: &str) -> Option<usize> {
    let before = text.get(..node.start_byte())?;
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let indent = before.get(start..)?;
    let is_continued = before.get(..start)?.trim_end_matches(['\n', '\r']).ends_with('\\');
    let is_blank = indent.bytes().all(|b| b == b' ' || b == b'\t');
    (is_blank && !is_continued).then_some(indent.len())
}

/// The first statement of a list that does not stand where the others do.
fn misplaced<'n>(list: Node<'n>, column_of_all: Option<usize>, text: &str) -> Option<Node<'n>> {
    let mut expected = column_of_all;
    children(list).into_iter().find(|statement| {
        let own = column(*statement, text);
        own.is_some_and(|own| *expected.get_or_insert(own) != own)
    })
}

/// What is wrong with a block: it is empty, or its statements do not stand where they must.
fn block<'n>(node: Node<'n>, above: &[Node<'n>], text: &str) -> Option<Node<'n>> {
    let statements = children(node);
    let Some(first) = statements.first() else { return above.last().copied().or(Some(node)) };
    let owner = above.iter().rev().find_map(|n| column(*n, text).filter(|_| n.kind() != "block"));
    if column(*first, text).zip(owner).is_some_and(|(own, owner)| own <= owner) {
        return Some(*first);
    }
    misplaced(node, None, text)
}

/// `except A, b:`
fn lists(clause: Node<'_>) -> bool {
    let mut cursor = clause.walk();
    clause.children(&mut cursor).any(|n| n.kind() == ",")
}

/// A parameter without a default after one that has one.
fn parameter_out_of_order(parameters: Node<'_>) -> Option<Node<'_>> {
    let mut has_default = false;
    for parameter in children(parameters) {
        let is_starred = |n: &Node<'_>| {
            matches!(n.kind(), "list_splat_pattern" | "dictionary_splat_pattern" | "keyword_separator")
        };
        match parameter.kind() {
            "default_parameter" | "typed_default_parameter" => has_default = true,
            "identifier" if has_default => return Some(parameter),
            "typed_parameter" => match children(parameter).first() {
                Some(first) if is_starred(first) => return None,
                _ if has_default => return Some(parameter),
                _ => {}
            },
            // What follows is given by name, in any order.
            _ if is_starred(&parameter) => return None,
            _ => {}
        }
    }
    None
}

/// The second parameter of one name.
fn parameter_twice<'n>(parameters: Node<'n>, text: &str) -> Option<Node<'n>> {
    let mut names = std::collections::BTreeSet::new();
    children(parameters).into_iter().find(|parameter| {
        let name = match parameter.kind() {
            "identifier" => Some(*parameter),
            "typed_parameter" | "list_splat_pattern" | "dictionary_splat_pattern" => {
                children(*parameter).first().copied()
            }
            _ => parameter.child_by_field_name("name"),
        };
        let name = name.filter(|n| n.kind() == "identifier").and_then(|n| text.get(n.byte_range()));
        name.is_some_and(|name| !names.insert(name))
    })
}

/// Whether a target is several, which `+=` does not take.
fn is_list(target: Node<'_>) -> bool {
    matches!(
        target.kind(),
        "pattern_list" | "expression_list" | "tuple_pattern" | "tuple" | "list_pattern" | "list"
    )
}

/// What a `del` deletes.
fn deleted(statement: Node<'_>) -> Vec<Node<'_>> {
    match children(statement).as_slice() {
        [list] if list.kind() == "expression_list" => children(*list),
        all => all.to_vec(),
    }
}

/// A value without a name after one that has one.
fn argument_out_of_order(arguments: Node<'_>) -> Option<Node<'_>> {
    let (mut named, mut unpacked) = (false, false);
    for argument in children(arguments) {
        match argument.kind() {
            "keyword_argument" => named = true,
            "dictionary_splat" => unpacked = true,
            "list_splat" if unpacked => return Some(argument),
            "list_splat" => {}
            _ if named || unpacked => return Some(argument),
            _ => {}
        }
    }
    None
}

/// `0777`, which Python 2 took for a number to the base of eight.
fn is_octal(number: &str) -> bool {
    let is_plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    is_plain && number.starts_with('0') && number.bytes().any(|b| matches!(b, b'1'..=b'9'))
}

/// Whether the function around is one that may wait.
fn is_in_async(above: &[Node<'_>]) -> bool {
    let around = above.iter().rev().find(|n| matches!(n.kind(), "function_definition" | "lambda"));
    around.is_some_and(|function| {
        let mut cursor = function.walk();
        function.children(&mut cursor).next().is_some_and(|first| first.kind() == "async")
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::super::syntax::{SyntaxFault, parse_text};
    use super::Version;

    const VERSION: Option<Version> = Some(Version { major: 3, minor: 11 });

    #[test]
    fn what_python_refuses_is_refused() {
        for text in [
            "def f():\n    x = 1\n  y = 2\nprint(1)\n",
            "if True:\nprint(1)\n",
            "def f():\nprint(1)\n",
            "  print(1)\n",
            "a = 1\n b = 2\nprint(a)\n",
            "def f():\n\tif 1:\n        return 2\nprint(1)\n",
            "def f():\n\treturn 1\n        return 2\n",
            "try:\n  pass\nprint(1)\n",
            "def f(x=1, y): pass\n",
            "f(a=1, 2)\n",
            "f(**a, *b)\n",
            "try:\n  import a\nexcept ImportError, e:\n  pass\n",
            "x = 08\n",
            "x = 0777\n",
            "def f(): return\nawait f()\n",
            "def f():\n    await g()\n",
            "return 5\n",
            "continue\n",
            "class A:\n    yield 1\n",
            "def f(self, *):\n pass\n",
            "def f(a, a): pass\n",
            "def f(a, *, b, **a): pass\n",
            "a, b += 1\n",
            "raise E, \"x\"\n",
            "del f()\n",
        ] {
            let parsed = parse_text(text, VERSION);
            assert!(matches!(parsed, Err(SyntaxFault::Invalid(_))), "{text}\n{parsed:?}");
        }
    }

    #[test]
    fn what_python_takes_is_taken() {
        for text in [
            "def f(a, /, b=1, *, c, d=2, **e): pass\n",
            "def f(a: int = 1, *b: int, c: str) -> int: return 1\n",
            "f(1, *a, b=2, *c, **d)\nf(x for x in y)\nclass A(B, metaclass=C): pass\n",
            "if a: x = 1; y = 2\nelif b:\n  pass\nelse: z = 3\n",
            "x = 1; \\\n  y = 2\n",
            "if (a and\n    b):\n  # c\n\n  x = 0; y = 00; z = 0x1f + 0o17\n# end\n",
            "async def f():\n    await g()\n    return [await x async for x in y]\n",
            "try:\n    pass\nfinally:\n    pass\ntry: a()\nexcept (A, B) as e: pass\nexcept C: pass\nelse: pass\n",
            "for x in y:\n    if x: continue\n    break\nelse:\n    pass\n",
            "@a\n@b(1)\nclass A:\n    '''t\n  u'''\n    def f(self): return (yield)\n",
            "match x:\n    case 1:\n        pass\n    case _: pass\n",
            "del a, b[1], c.d\nraise E(1, 2) from e\na += 1, 2\nlambda *, k: k\n",
            "x = [\n1,\n  2]\nwith a as b, \\\n     c as d:\n    pass\n",
            "def f():\n    x = lambda: (yield)\n    while 1:\n        try:\n            break\n        except A:\n            continue\n",
            "\u{c}\nclass A:\n\tx = 1\n\n\n\ty = 2\nif 1:\n  pass\n",
        ] {
            assert!(parse_text(text, VERSION).is_ok(), "{text}\n{:?}", parse_text(text, VERSION));
        }
    }

    /// The standard library of the Python of this machine, where there is one.
    #[test]
    fn the_standard_library_parses() {
        let python = std::process::Command::new("python3")
            .args(["-c", "import os, sys; print(sys.version_info[1], os.path.dirname(os.__file__))"])
            .output();
        let Ok(output) = python else { return };
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let Some((minor, folder)) = said.trim().split_once(' ') else { return };
        let version = Version { major: 3, minor: minor.parse().unwrap() };
        if version.minor > 13 {
            return;
        }
        let mut wrong = Vec::new();
        for part in ["", "asyncio", "json", "logging", "importlib", "email", "unittest", "concurrent/futures"]
        {
            let Ok(entries) = std::fs::read_dir(std::path::Path::new(folder).join(part)) else { continue };
            for path in
                entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "py"))
            {
                let Ok(text) = std::fs::read_to_string(&path) else { continue };
                if let Err(fault) = parse_text(&text, Some(version)) {
                    wrong.push(format!("{}: {fault:?}", path.display()));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
