//! Texts that Python takes and texts that it refuses.

use super::super::Version;
use super::super::syntax::{SyntaxFault, parse_text};

const VERSION: Option<Version> = Some(Version { major: 3, minor: 11 });

#[test]
fn what_belongs_to_the_scope_around_is_taken() {
    for text in [
        "async def f():\n    def g(x=await h()):\n        pass\n",
        "async def f():\n    @(await d())\n    def g():\n        pass\n",
        "async def f():\n    class A(await b()):\n        pass\n",
        "async def f():\n    return lambda x=await y: x\n",
        "async def f():\n    return [await x async for x in y]\n",
        "def f():\n    def g(x=(yield)):\n        pass\n",
        "try:\n    pass\nexcept ValueError:\n    pass\nexcept:\n    pass\nfinally:\n    pass\n",
        "f(*a, *b, c=1, **d, **e)\n",
        "f(x for x in y)\n",
        "f((x for x in y), 1)\n",
        "*a, b = c\n",
        "a = *b, c\n",
        "for *a, b in c:\n    pass\n",
        "print(*a)\n",
        "\"a\" f\"b\" r\"c\"\n",
        "b\"a\" rb\"b\"\n",
        "x = b\"a\" \\\n    b\"b\"\n",
        "f(a=1, \\\n  b=2)\nf(x for x in y \\\n  )\n",
        "from a import *\n",
        "def f():\n    x = 1\n    def g():\n        nonlocal x\n",
        "async def f():\n    async with a as b, c:\n        async for d in e:\n            await d\n",
        "a = yield_ = 1\n",
        "x: int = 1\n",
        "def f(): yield *a, b\n",
    ] {
        let parsed = parse_text(text, VERSION);
        assert!(parsed.is_ok(), "{text}\n{parsed:?}");
    }
}

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
        "f(a=1, a=2)\n",
        "x =\n",
        "x = y: int\n",
        "async = 1\n",
        "import a,\n",
        "from a import b b\n",
        "None x\n",
        "f\"{x!z}\"\n",
        "f(*x, **y, *z)\n",
        "try:\n    pass\nexcept:\n    pass\nexcept ValueError:\n    pass\n",
        "def f():\n    from a import *\n",
        "nonlocal x\n",
        "def f():\n    async for x in y:\n        pass\n",
        "def f():\n    async with x:\n        pass\n",
        "*a\n",
        "*a = 1\n",
        "*a, *b = c\n",
        "x = *a\n",
        "\"a\" b\"b\"\n",
        "class A:\n    async def f(self):\n        def g():\n            await x\n",
    ] {
        let parsed = parse_text(text, VERSION);
        assert!(matches!(parsed, Err(SyntaxFault::Invalid(_))), "{text}\n{parsed:?}");
    }
}

/// CPython 3.11 compiled these.
#[test]
#[rustfmt::skip]
fn what_the_compiler_takes_is_taken() {
    let mut wrong = Vec::new();
    for text in [
        "x = [1, 2]\n",
        "def f(a, b=1, *c, d, e=2, **g): pass\n",
        "def f(*, a): pass\n",
        "def f(a, /): pass\n",
        "def f():\n    global x\n    x = 1\n",
        "x = 1\ndef f():\n    x = 2\n    def g():\n        nonlocal x\n        x = 3\n",
        "from __future__ import annotations\nimport os\n",
        "\"\"\"doc\"\"\"\nfrom __future__ import annotations\n",
        "# c\n\nfrom __future__ import annotations, division\n",
        "x = \"\\N{BULLET}\"\n",
        "x = r\"\\x\"\n",
        "x = \"\\x41\\u0041\\U00000041\\101\"\n",
        "x = b\"\\N{NOPE} \\u12\"\n",
        "x = \"\\d \\.\"\n",
        "for x in y:\n    try:\n        continue\n    finally:\n        pass\n",
        "while True:\n    break\nelse:\n    pass\n",
        "async def f():\n    async with a, b:\n        async for c in d:\n            yield c\n",
        "async def f():\n    return (await x for y in z)\n",
        "def f():\n    return (await x for y in z)\n",
        "async def f():\n    return [[y async for y in x] for x in z]\n",
        "f(a=1, b=2)\n",
        "f(*a, b, *c, d=1, **e)\n",
        "a, *b = c\n",
        "[*a, b] = c\n",
        "(a), b = c\n",
        "a.b, c[0] = d\n",
        "print(*a, sep=\"\")\n",
        "x = {**a, \"b\": 1}\n",
        "x = f\"{a!r:>{b}} {{}} {c=}\"\n",
        "x = f\"{a['b']}\"\n",
        "x = f'{a[\"b\"]:{w}}'\n",
        "match x:\n    case {\"a\": 1, **rest}:\n        pass\n    case [1, *rest]:\n        pass\n    case A(b=c) | B(c):\n        pass\n    case _:\n        pass\n",
        "match = 1\ncase = 2\ntype = 3\nprint(match, case, type)\n",
        "try:\n    pass\nexcept* ValueError:\n    pass\n",
        "if (n := 10) > 5: pass\n",
        "x = [y := 1, y ** 2]\n",
        "[y := x for x in z]\n",
        "with (open(a) as b, open(c) as d):\n    pass\n",
        "@a.b[c]\ndef f(): pass\n",
        "x: int\ny: list[int] = []\n",
        "def f() -> None: ...\n",
        "class A(B, metaclass=C):\n    x: int = 1\n",
        "lambda *a, **b: (a, b)\n",
        "lambda: (yield)\n",
        "def f():\n    x = yield\n    y = yield from z\n    return y\n",
        "del a, b[0], c.d\n",
        "del (a, b)\n",
        "assert x, \"y\"\n",
        "raise A from B\n",
        "global x\n",
        "x = 1 if y else 2\n",
        "if x:\n\tpass\nelse:\n\tpass\n",
        "if x:\n    a = 1\n    # c\n\n    b = 2\n",
        "x = (1,\n     2)\n",
        "x = 1; y = 2\n",
        "x = 0o17 + 0x1F + 0b1 + 1_000 + 1e5 + 1j + 0\n",
        "print(x, end=\"\") ; pass\n",
        "def f(a: int = 1, *args: str, **kwargs: dict) -> int: return 1\n",
        "class A:\n    def f(self):\n        return super().f()\n",
        "try:\n    pass\nexcept (A, B):\n    pass\nelse:\n    pass\nfinally:\n    pass\n",
        "from . import a\nfrom .b import (c, d as e,)\n",
        "def f(x):\n    def g():\n        nonlocal x\n",
        "not x in y\n",
        "x = a if b else c if d else e\n",
        "x = not not a\n",
        "async def f():\n    await a\n    async def g():\n        await b\n",
        "def f(__debug=1): pass\n",
        "print(__debug__)\n",
        "class A:\n    from_ = 1\n",
        "for x, in y: pass\n",
        "for x in *a, b: pass\n",
        "return_ = 1\n",
        "x = \"a\" \"b\" f\"c\"\n",
        "a = b = c\n",
        "a += yield_\n",
        "@(lambda f: f)\ndef f(): pass\n",
        "for x in y:\n    for x in y:\n        for x in y:\n            for x in y:\n                for x in y:\n                    for x in y:\n                        for x in y:\n                            for x in y:\n                                for x in y:\n                                    for x in y:\n                                        for x in y:\n                                            for x in y:\n                                                for x in y:\n                                                    for x in y:\n                                                        for x in y:\n                                                            for x in y:\n                                                                for x in y:\n                                                                    for x in y:\n                                                                        for x in y:\n                                                                            for x in y:\n                                                                                pass\n",
        "if y:\n    if y:\n        if y:\n            if y:\n                if y:\n                    if y:\n                        if y:\n                            if y:\n                                if y:\n                                    if y:\n                                        if y:\n                                            if y:\n                                                if y:\n                                                    if y:\n                                                        if y:\n                                                            if y:\n                                                                if y:\n                                                                    if y:\n                                                                        if y:\n                                                                            if y:\n                                                                                if y:\n                                                                                    if y:\n                                                                                        if y:\n                                                                                            if y:\n                                                                                                if y:\n                                                                                                    if y:\n                                                                                                        if y:\n                                                                                                            if y:\n                                                                                                                if y:\n                                                                                                                    if y:\n                                                                                                                        pass\n",
    ] {
        if let Err(SyntaxFault::Invalid(_)) = parse_text(text, VERSION) {
            wrong.push(text);
        }
    }
    assert!(wrong.is_empty(), "refused: {wrong:#?}");
}

/// CPython 3.11 refused these.
#[test]
#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a table of programs")]
fn what_the_compiler_refuses_is_refused() {
    let mut wrong = Vec::new();
    for text in [
        "nonlocal x\n",
        "def f():\n    nonlocal x\n",
        "def f():\n    x = 1\n    global x\n",
        "def f():\n    print(x)\n    global x\n",
        "def f(x):\n    global x\n",
        "def f():\n    x = 1\n    def g():\n        global x\n        nonlocal x\n",
        "x = 1\nfrom __future__ import annotations\n",
        "import os\nfrom __future__ import annotations\n",
        "from __future__ import nonsense\n",
        "from __future__ import braces\n",
        "x = \"\\N\"\n",
        "x = \"\\x4\"\n",
        "x = \"\\u12\"\n",
        "x = \"\\U00110000\"\n",
        "x = b\"\\x4\"\n",
        "return 1\n",
        "class A:\n    return 1\n",
        "break\n",
        "continue\n",
        "def f():\n    break\n",
        "while x:\n    def f():\n        break\n",
        "while x:\n    pass\nelse:\n    break\n",
        "await x\n",
        "def f():\n    await x\n",
        "def f():\n    async for x in y: pass\n",
        "def f():\n    [x async for x in y]\n",
        "lambda: await x\n",
        "class A:\n    yield 1\n",
        "yield 1\n",
        "def f():\n    [(yield x) for x in y]\n",
        "async def f():\n    yield 1\n    return 2\n",
        "async def f():\n    yield from x\n",
        "def f(a, a): pass\n",
        "lambda a, a: 1\n",
        "def f(a, *a): pass\n",
        "f(a=1, a=2)\n",
        "f(a=1, 2)\n",
        "f(**a, 2)\n",
        "f(**a, *b)\n",
        "f(x for x in y, 1)\n",
        "f(a.b=1)\n",
        "f(True=1)\n",
        "*a = b\n",
        "*a\n",
        "x = *a\n",
        "a, *b, *c = d\n",
        "None = 1\n",
        "True = 1\n",
        "__debug__ = 1\n",
        "def f(None): pass\n",
        "def f(True): pass\n",
        "def f(__debug__): pass\n",
        "f() = 1\n",
        "a + b = 1\n",
        "1 = x\n",
        "\"a\" = x\n",
        "f\"{a}\" = 1\n",
        "(a, 1) = b\n",
        "a, f() = b\n",
        "[a, b] += c\n",
        "(a, b) += c\n",
        "f() += 1\n",
        "a: int: str = 1\n",
        "(a, b): int = 1\n",
        "def f(*): pass\n",
        "def f(*, **a): pass\n",
        "def f(a=1, b): pass\n",
        "def f(a, /, b, /): pass\n",
        "def f(*a, *b): pass\n",
        "def f(**a, b): pass\n",
        "lambda a=1, b: 1\n",
        "del f()\n",
        "del 1\n",
        "del a + b\n",
        "del *a\n",
        "del None\n",
        "for f() in x: pass\n",
        "for 1 in x: pass\n",
        "with a as f(): pass\n",
        "with a as 1: pass\n",
        "import a.b as c.d\n",
        "import *\n",
        "from a import\n",
        "from a import (b, c\n",
        "from a import b,\n",
        "def f():\n    from a import *\n",
        "class A:\n    from a import *\n",
        "try:\n    pass\n",
        "try:\n    pass\nexcept:\n    pass\nexcept A:\n    pass\n",
        "try:\n    pass\nexcept A:\n    pass\nexcept* B:\n    pass\n",
        "try:\n    pass\nexcept*:\n    pass\n",
        "try:\n    pass\nexcept A, B:\n    pass\n",
        "try:\n    pass\nelse:\n    pass\n",
        "if x:\n",
        "if x:\npass\n",
        "if x = 1: pass\n",
        "while x\n    pass\n",
        "def f()\n    pass\n",
        "def f(:\n    pass\n",
        "class A\n    pass\n",
        "else:\n    pass\n",
        "x = (1\n",
        "x = 1)\n",
        "x = [1, 2\n",
        "x = {1: 2\n",
        "x = 'abc\n",
        "x = \"\"\"abc\n",
        "x = \"a\n",
        "print \"x\"\n",
        "exec \"x\"\n",
        "x = 08\n",
        "x = 0777\n",
        "x = 1_\n",
        "x = 1__0\n",
        "x = 0b2\n",
        "x = 0x\n",
        "x = 1a\n",
        "x = 1 2\n",
        "x y\n",
        "x = $\n",
        "x = ?\n",
        "x = a ! b\n",
        "x <> y\n",
        "x = `a`\n",
        "x = ur\"a\"\n",
        "f\"{}\"\n",
        "f\"{a b}\"\n",
        "f\"{a\"\n",
        "f\"{a!z}\"\n",
        "f\"}\"\n",
        "f\"{a['b'][\"c\"]}\"\n",
        "[x := 1 for x in y]\n",
        "[y for x in (y := z)]\n",
        "class A:\n    [x := 1 for y in z]\n",
        "x := 1\n",
        "(x.y := 1)\n",
        "(x[0] := 1)\n",
        "f(x := 1, y = z := 2)\n",
        "match x:\n    case a:\n        pass\n    case b:\n        pass\n",
        "match x:\n    case a | b:\n        pass\n",
        "match x:\n    case [a, a]:\n        pass\n",
        "match x:\n    case {\"a\": 1, \"a\": 2}:\n        pass\n",
        "match x:\n    case A(b=1, b=2):\n        pass\n",
        "match x:\n    case {**a, \"b\": 1}:\n        pass\n",
        "match x:\n    case 1 + a:\n        pass\n",
        "match x:\n    case [*a, *b]:\n        pass\n",
        "type X = int\n",
        "def f[T](a): pass\n",
        "class A[T]: pass\n",
        "def f(a):\n    x: int = 1\n    global x\n",
        "def f():\n    global x\n    x: int = 1\n",
        "if x:\n    a = 1\n  b = 2\n",
        "if x:\n    a = 1\n\tb = 2\n",
        "if x:\n\ta = 1\n        b = 2\n",
        "  x = 1\n",
        "x = 1\n  y = 2\n",
        "def f():\npass\n",
        "x = \"a\" b\"b\"\n",
        "b\"é\"\n",
        "raise A, B\n",
        "print x\n",
        "a = lambda: return\n",
        "a = if\n",
        "not\n",
        "x = not\n",
        "a b c\n",
        "async x\n",
        "async def f:\n    pass\n",
        "@a b\ndef f(): pass\n",
        "@a\n",
        "global\n",
        "global x, 1\n",
        "nonlocal\n",
        "pass x\n",
        "assert\n",
        "(yield) = 1\n",
        "(lambda: 1) = 2\n",
        "(a if b else c) = 1\n",
        "{a: b} = 1\n",
        "{a} = 1\n",
        "a < b = 1\n",
        "[a for a in b] = 1\n",
        "x = {1: 2, 3}\n",
        "x = {**a for a in b}\n",
        "[*a for a in b]\n",
        "x = {a: b, **c for c in d}\n",
        "f(*)\n",
        "f(**)\n",
        "f(a for a in b, c for c in d)\n",
        "def f():\n    x = 1\n    def g():\n        nonlocal y\n",
        "def f():\n    class A:\n        nonlocal z\n",
        "def f(a): nonlocal a\n",
        "while 1: while 1: pass\n",
        "if 1: if 2: pass\n",
        "x = 1 if 2\n",
        "x = 1 else 2\n",
        "for x in y:\n    for x in y:\n        for x in y:\n            for x in y:\n                for x in y:\n                    for x in y:\n                        for x in y:\n                            for x in y:\n                                for x in y:\n                                    for x in y:\n                                        for x in y:\n                                            for x in y:\n                                                for x in y:\n                                                    for x in y:\n                                                        for x in y:\n                                                            for x in y:\n                                                                for x in y:\n                                                                    for x in y:\n                                                                        for x in y:\n                                                                            for x in y:\n                                                                                for x in y:\n                                                                                    pass\n",
    ] {
        if !matches!(parse_text(text, VERSION), Err(SyntaxFault::Invalid(_))) {
            wrong.push(text);
        }
    }
    assert!(wrong.is_empty(), "taken: {wrong:#?}");
}

#[test]
fn versions() {
    let mut wrong = Vec::new();
    for (text, minor) in [
        ("x = f\"{a[\"b\"]}\"\n", 12),
        ("type X = int\n", 12),
        ("def f[T](a: T) -> T: return a\n", 12),
        ("class A[T]: pass\n", 12),
        ("try:\n    pass\nexcept* A:\n    pass\n", 11),
        ("match x:\n    case 1:\n        pass\n", 10),
        ("if (n := 1): pass\n", 8),
        ("def f(a, /): pass\n", 8),
        ("@a[0]\ndef f(): pass\n", 9),
    ] {
        let at = |minor| parse_text(text, Some(Version { major: 3, minor }));
        let is_right = matches!(at(minor - 1), Err(SyntaxFault::Invalid(_))) && at(minor).is_ok();
        wrong.extend((!is_right).then_some((text, minor)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
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
    let Some((minor, directory)) = said.trim().split_once(' ') else { return };
    let version = Version { major: 3, minor: minor.parse().unwrap() };
    if version.minor > 13 {
        return;
    }
    let mut wrong = Vec::new();
    for part in ["", "asyncio", "json", "logging", "importlib", "email", "unittest", "concurrent/futures"] {
        let Ok(entries) = std::fs::read_dir(std::path::Path::new(directory).join(part)) else { continue };
        for path in entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "py")) {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            if let Err(fault) = parse_text(&text, Some(version)) {
                wrong.push(format!("{}: {fault:?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
