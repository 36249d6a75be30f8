//! Programs that ask for a variable by a call, an index or a property, and say there what to take if it is not set.

use super::cursor::{
    assigned, at, back, byte, default_at, ends, is_path, is_refused, line_end, line_start, name_before, skip,
    text,
};
use super::language::Language;
use super::{Form, Seen, Value, yaml};

/// How a language asks for variables.
struct Grammar {
    /// Calls with the name as the first argument.
    calls: &'static [&'static str],
    /// Those of them whose second argument is a default.
    with_default: &'static [&'static str],
    /// What is indexed by the name.
    indexed: &'static [&'static str],
    /// What has the name as a property.
    properties: &'static [&'static str],
    /// What stands between the variable and its default.
    operators: &'static [&'static str],
    argument: &'static Form,
    operator: &'static Form,
}

static PYTHON: Grammar = Grammar {
    calls: &["getenv", "environ.get", "environ.setdefault", "environ.pop"],
    with_default: &["getenv", "environ.get", "environ.setdefault", "environ.pop", "env.str", "env.get"],
    indexed: &["environ"],
    properties: &[],
    operators: &["or "],
    argument: &Form {
        name: "Python, default of a look-up",
        fix: "Write `os.environ[\"NAME\"]`, which raises KeyError when it is missing.",
    },
    operator: &Form {
        name: "Python `or`",
        fix: "Write `os.environ[\"NAME\"]`, which raises KeyError when it is missing.",
    },
};

const JS_FIX: &str =
    "Write `const value = process.env.NAME; if (!value) throw new Error(\"NAME is not set\");`.";

static JAVASCRIPT: Grammar = Grammar {
    calls: &["Deno.env.get"],
    with_default: &[],
    indexed: &["process.env", "import.meta.env", "Bun.env"],
    properties: &["process.env", "import.meta.env", "Bun.env"],
    operators: &["||=", "??=", "||", "??"],
    argument: &Form { name: "JavaScript, default of a look-up", fix: JS_FIX },
    operator: &Form { name: "JavaScript `||` or `??`", fix: JS_FIX },
};

const JVM_FIX: &str = "Write `Objects.requireNonNull(System.getenv(\"NAME\"), \"NAME is not set\")`.";

static JVM: Grammar = Grammar {
    calls: &["getenv", "getOrDefault", "requireNonNullElse"],
    with_default: &["getOrDefault", "getenv.getOrElse"],
    indexed: &[],
    properties: &[],
    operators: &["?:", ".orElse(", ".getOrElse(", ".orElseGet(() ->"],
    argument: &Form { name: "Java `getOrDefault`", fix: JVM_FIX },
    operator: &Form { name: "Java `orElse`, or Kotlin `?:`", fix: JVM_FIX },
};

static GO: Grammar = Grammar {
    calls: &["os.Getenv"],
    with_default: &["viper.SetDefault"],
    indexed: &[],
    properties: &[],
    operators: &[],
    argument: &Form { name: "Go, default of a look-up", fix: super::go::FIX },
    operator: &Form { name: "Go `cmp.Or`", fix: super::go::FIX },
};

const RUBY_FIX: &str = "Write `ENV.fetch(\"NAME\")`, which raises KeyError when it is missing.";

static RUBY: Grammar = Grammar {
    calls: &["ENV.fetch"],
    with_default: &["ENV.fetch"],
    indexed: &["ENV"],
    properties: &[],
    operators: &["||=", "||", "{"],
    argument: &Form { name: "Ruby, default of `ENV.fetch`", fix: RUBY_FIX },
    operator: &Form { name: "Ruby `||`", fix: RUBY_FIX },
};

const PHP_FIX: &str = "Write `getenv('NAME') ?: throw new RuntimeException('NAME is not set')`.";

static PHP: Grammar = Grammar {
    calls: &["getenv", "env"],
    with_default: &["env"],
    indexed: &["$_ENV", "$_SERVER"],
    properties: &[],
    operators: &["?:", "??=", "??"],
    argument: &Form { name: "PHP, default of `env`", fix: PHP_FIX },
    operator: &Form { name: "PHP `?:` or `??`", fix: PHP_FIX },
};

const CSHARP_FIX: &str = "Write `Environment.GetEnvironmentVariable(\"NAME\") ?? throw new InvalidOperationException(\"NAME is not set\")`.";

static CSHARP: Grammar = Grammar {
    calls: &["GetEnvironmentVariable"],
    with_default: &["GetValue"],
    indexed: &[],
    properties: &[],
    operators: &["??"],
    argument: &Form { name: "C#, default of a look-up", fix: CSHARP_FIX },
    operator: &Form { name: "C# `??`", fix: CSHARP_FIX },
};

const RUST_FIX: &str = "Return the error of `std::env::var(\"NAME\")`.";

static RUST: Grammar = Grammar {
    calls: &["env::var", "env::var_os"],
    with_default: &[],
    indexed: &[],
    properties: &[],
    operators: &[".unwrap_or(", ".unwrap_or_else(|_|", ".unwrap_or_default("],
    argument: &Form { name: "Rust, default of a look-up", fix: RUST_FIX },
    operator: &Form { name: "Rust `unwrap_or`", fix: RUST_FIX },
};

fn grammar(language: Language) -> Option<&'static Grammar> {
    Some(match language {
        Language::Python => &PYTHON,
        Language::JavaScript => &JAVASCRIPT,
        Language::Jvm => &JVM,
        Language::Go => &GO,
        Language::Ruby => &RUBY,
        Language::Php => &PHP,
        Language::CSharp => &CSHARP,
        Language::Rust => &RUST,
        _ => return None,
    })
}

/// How the name at `start..end` is used.
enum Access<'b> {
    Call(&'b str),
    Index,
    Property,
}

/// A variable that is asked for.
struct Asked<'b> {
    access: Access<'b>,
    /// Where the expression begins.
    start: usize,
    /// After the name and its quote.
    end: usize,
}

/// Reads a name at `start..end`.
pub(super) fn seen_at(language: Language, bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    let grammar = grammar(language)?;
    // Spring's `@Value("${NAME:default}")`.
    if language == Language::Jvm && ends(bytes, start, "${") {
        return yaml::placeholder(bytes, start, end);
    }
    let merged = || (language == Language::Python).then(|| merged(bytes, start, end)).flatten();
    let Some(asked) = asked(grammar, bytes, start, end) else { return merged() };
    let (form, value, after) = match asked.access {
        Access::Call(callee) => match call(language, grammar, bytes, &asked, callee) {
            Some(given) => given,
            None if language == Language::Python && grammar.calls.iter().any(|c| is_path(callee, c)) => {
                return replaced(grammar, bytes, &asked);
            }
            None => return None,
        },
        Access::Index if language == Language::Python => {
            let given = conditional(bytes, skip(bytes, asked.end));
            let seen = given.map(|(value, _)| Seen { form: grammar.operator, value });
            let seen = seen.or_else(|| set_if_missing(grammar, bytes, &asked));
            return seen
                .or_else(|| caught(grammar, bytes, &asked))
                .or_else(|| preset(grammar, bytes, &asked));
        }
        Access::Index | Access::Property => operated(language, grammar, bytes, &asked, asked.end)?,
    };
    (!is_harmless(language, bytes, &asked, value, after)).then_some(Seen { form, value })
}

fn asked<'b>(grammar: &Grammar, bytes: &'b [u8], start: usize, end: usize) -> Option<Asked<'b>> {
    let known = |list: &[&str], name: &str| list.iter().any(|path| is_path(name, path));
    let quote = start.checked_sub(1).map_or(0, |i| byte(bytes, i));
    if quote == b'.' {
        // `process.env?.NAME` is the same.
        let head = if ends(bytes, start - 1, "?") { start - 2 } else { start - 1 };
        let owner = name_before(bytes, head);
        let from = head - owner.len();
        return known(grammar.properties, owner).then_some(Asked {
            access: Access::Property,
            start: from,
            end,
        });
    }
    if !matches!(quote, b'"' | b'\'' | b'`') || byte(bytes, end) != quote {
        return None;
    }
    let open = back(bytes, start - 1);
    let name = name_before(bytes, open.checked_sub(1)?);
    let from = open - 1 - name.len();
    let (name, from) = of_copy(grammar, bytes, name, from);
    match byte(bytes, open - 1) {
        b'(' => Some(Asked { access: Access::Call(name), start: from, end: end + 1 }),
        b'[' if known(grammar.indexed, name) => {
            let close = skip(bytes, end + 1);
            (byte(bytes, close) == b']').then_some(Asked {
                access: Access::Index,
                start: from,
                end: close + 1,
            })
        }
        _ => None,
    }
}

/// A method of a copy of Python's environment, such as `dict(os.environ).pop`, as one of the environment itself.
fn of_copy<'b>(grammar: &Grammar, bytes: &[u8], name: &'b str, from: usize) -> (&'b str, usize) {
    let copies =
        ["dict(os.environ)", "os.environ.copy()", "dict(environ)", "environ.copy()", "{**os.environ}"];
    let own = grammar.calls.iter().find(|call| call.strip_prefix("environ") == Some(name));
    let copy = copies.iter().find(|copy| ends(bytes, from, copy));
    own.zip(copy).map_or((name, from), |(own, copy)| (*own, from - copy.len()))
}

type Given = (&'static Form, Value, usize);

/// A call: a second argument, or an operator after it.
fn call(
    language: Language,
    grammar: &'static Grammar,
    bytes: &[u8],
    asked: &Asked<'_>,
    callee: &str,
) -> Option<Given> {
    let known = |list: &[&str]| list.iter().any(|path| is_path(callee, path));
    let next = skip(bytes, asked.end);
    if byte(bytes, next) == b',' && (known(grammar.with_default) || is_helper(callee)) {
        let mut argument = skip(bytes, next + 1);
        for keyword in ["default=", "default =", "default:", "fallback=", "defaultValue ="] {
            if at(bytes, argument, keyword) {
                argument = skip(bytes, argument + keyword.len());
            }
        }
        if let Some((value, after)) = default_at(bytes, argument) {
            return Some((grammar.argument, value, after));
        }
        // `get("NAME", None) or "x"`.
        let close = bytes.get(argument..)?.iter().take(64).position(|b| *b == b')')? + argument;
        return operated(language, grammar, bytes, asked, close + 1);
    }
    if byte(bytes, next) == b')' && known(grammar.calls) {
        return operated(language, grammar, bytes, asked, next + 1);
    }
    None
}

/// Whether a function's name says that it looks a variable up and takes a default: `getEnv`, `env_or`, `envString`.
pub(super) fn is_helper(callee: &str) -> bool {
    let name: String =
        callee.rsplit(['.', ':']).next().unwrap_or_default().replace('_', "").to_ascii_lowercase();
    let starts =
        ["getenv", "envor", "lookupenv", "readenv", "fetchenv", "envdefault", "envstr", "envwithdefault"];
    let plain = matches!(name.as_str(), "env" | "envvar");
    let demands = ["must", "require", "check", "set", "need"].iter().any(|w| name.contains(w));
    !demands && (plain || starts.iter().any(|s| name.starts_with(s)))
}

/// An operator at `from` and its default.
fn operated(
    language: Language,
    grammar: &'static Grammar,
    bytes: &[u8],
    asked: &Asked<'_>,
    from: usize,
) -> Option<Given> {
    let mut after = skip(bytes, from);
    // `Optional.ofNullable(System.getenv("NAME")).orElse("x")`, `(process.env.NAME) || "x"`, `process.env.NAME!`.
    for _ in 0..2 {
        if byte(bytes, after) == b')' || byte(bytes, after) == b'!' && byte(bytes, after + 1) != b'=' {
            after = skip(bytes, after + 1);
        }
    }
    if language == Language::Rust && at(bytes, after, ".unwrap_or_default(") {
        return Some((grammar.operator, Value::Empty, after));
    }
    // `requireNonNullElse(System.getenv("NAME"), "x")`, `cmp.Or(os.Getenv("NAME"), "x")`.
    let around = back(bytes, asked.start);
    let outer = name_before(bytes, around.saturating_sub(1));
    if ends(bytes, around, "(")
        && byte(bytes, after) == b','
        && (is_path(outer, "requireNonNullElse")
            || is_path(outer, "cmp.Or")
            || is_path(outer, "firstNonNull"))
    {
        let (value, end) = default_at(bytes, skip(bytes, after + 1))?;
        return Some((grammar.operator, value, end));
    }
    // `process.env.NAME ? process.env.NAME : "x"`.
    let line = text(bytes, line_start(bytes, asked.start), asked.start);
    let ternary = matches!(language, Language::JavaScript | Language::Jvm | Language::Php)
        && byte(bytes, after) == b':'
        && line.contains('?')
        && line.contains(text(bytes, asked.start, asked.end));
    // `os.environ["NAME"] if "NAME" in os.environ else "x"`.
    if language == Language::Python && at(bytes, after, "if ") {
        return conditional(bytes, after).map(|(value, end)| (grammar.operator, value, end));
    }
    let operator = grammar.operators.iter().find(|o| at(bytes, after, o));
    let skipped = if ternary { 1 } else { operator?.len() };
    let (value, end) = default_at(bytes, skip(bytes, after + skipped))?;
    Some((grammar.operator, value, end))
}

/// `… if "NAME" in os.environ else "x"`, from its `if`.
fn conditional(bytes: &[u8], from: usize) -> Option<(Value, usize)> {
    let rest = text(bytes, from, line_end(bytes, from));
    let other = rest.strip_prefix("if ")?.find(" else ")? + "if  else ".len();
    default_at(bytes, skip(bytes, from + other))
}

/// `if "NAME" not in os.environ: os.environ["NAME"] = "x"`. An assignment without the test is no fallback.
fn set_if_missing(grammar: &'static Grammar, bytes: &[u8], asked: &Asked<'_>) -> Option<Seen> {
    let equals = skip(bytes, asked.end);
    if byte(bytes, equals) != b'=' || byte(bytes, equals + 1) == b'=' {
        return None;
    }
    let (value, _) = default_at(bytes, skip(bytes, equals + 1))?;
    let own = line_start(bytes, asked.start);
    let above = line_start(bytes, own.saturating_sub(1));
    let test = text(bytes, above, asked.start);
    let tested = test.contains("not in os.environ") || test.contains("not in environ");
    let name = text(bytes, asked.start, asked.end);
    let name = name.split(['"', '\'']).nth(1).unwrap_or_default();
    (tested && test.contains(name)).then_some(Seen { form: grammar.argument, value })
}

/// Most lines between a variable that is asked for and the default that is taken where it is missing.
const TAKEN_WITHIN: usize = 12;

/// What a variable is asked into: a name, or the answer of a function.
struct Target<'b> {
    /// The name; nothing for `return`.
    name: Option<&'b str>,
    indent: usize,
}

/// `try: x = os.environ["NAME"]`, and below `except KeyError: x = "y"`, or the same with `return`.
fn caught(grammar: &'static Grammar, bytes: &[u8], asked: &Asked<'_>) -> Option<Seen> {
    taken_below(grammar, bytes, asked, &|line, target| {
        let bare = line.trim_start();
        let catches = ["KeyError", "LookupError", "Exception"].iter().any(|e| bare.contains(e));
        bare.starts_with("except") && indent(line) < target.indent && (catches || bare.starts_with("except:"))
    })
}

/// `x = "y"`, and below it a block that may not come to `x = os.environ["NAME"]`, and goes on: `if "NAME" in os.environ:`,
/// `with suppress(KeyError):`, `try:` with an `except` that lets it pass.
fn preset(grammar: &'static Grammar, bytes: &[u8], asked: &Asked<'_>) -> Option<Seen> {
    let own = line_start(bytes, asked.start);
    let before = text(bytes, own, asked.start);
    let target = Target {
        name: Some(assigned(bytes, asked.start)).filter(|name| !name.is_empty()),
        indent: indent(before),
    };
    target.name?;
    let (mut start, mut head): (usize, Option<usize>) = (own, None);
    for _ in 0..TAKEN_WITHIN {
        let end = start.checked_sub(1)?;
        start = line_start(bytes, end);
        let line = text(bytes, start, end);
        let bare = line.trim_start();
        match head {
            _ if bare.is_empty() || bare.starts_with('#') => {}
            None if indent(line) >= target.indent => {}
            None if !goes_on(bytes, bare, asked, &target) => return None,
            None => head = Some(indent(line)),
            Some(outer) if indent(line) < outer => return None,
            Some(outer) if indent(line) == outer => {
                if let Some(value) = taken(bare, &target) {
                    let at = skip(bytes, end.saturating_sub(value.len()));
                    return default_at(bytes, at).map(|(value, _)| Seen { form: grammar.operator, value });
                }
            }
            Some(_) => {}
        }
    }
    None
}

/// Whether what comes after a block is reached where the variable that is asked for in it is missing.
fn goes_on(bytes: &[u8], head: &str, asked: &Asked<'_>, target: &Target<'_>) -> bool {
    let name = text(bytes, asked.start, asked.end);
    let name = name.split(['"', '\'']).nth(1).unwrap_or_default();
    if head.starts_with("if ") {
        let asks = head.contains("\" in ") || head.contains("' in ");
        return asks && head.contains(name) && head.contains("environ");
    }
    if head.starts_with("with ") {
        return head.contains("suppress(") && head.contains("KeyError");
    }
    if head.trim_end() != "try:" {
        return false;
    }
    let mut lines = text(bytes, line_end(bytes, asked.start) + 1, bytes.len()).lines().take(TAKEN_WITHIN);
    let is_handler = |line: &&str| {
        let bare = line.trim_start();
        let catches = ["KeyError", "LookupError", "Exception"].iter().any(|e| bare.contains(e));
        bare.starts_with("except") && indent(line) < target.indent && (catches || bare.starts_with("except:"))
    };
    lines.find(is_handler).is_some() && lines.next().is_some_and(|line| line.trim() == "pass")
}

/// `x = os.environ.get("NAME")`, and below `if x is None: x = "y"`.
fn replaced(grammar: &'static Grammar, bytes: &[u8], asked: &Asked<'_>) -> Option<Seen> {
    taken_below(grammar, bytes, asked, &|line, target| {
        let test = line.trim().strip_prefix("if ").and_then(|rest| rest.strip_suffix(':'));
        let asks = |test: &str| {
            let name = test.strip_prefix("not ").or_else(|| test.strip_suffix(" is None"))?;
            (name.rsplit('.').next() == target.name).then_some(())
        };
        test.and_then(asks).is_some()
    })
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// A default that the block takes whose head is told by `is_head`, below a variable that is asked for.
fn taken_below(
    grammar: &'static Grammar,
    bytes: &[u8],
    asked: &Asked<'_>,
    is_head: &dyn Fn(&str, &Target<'_>) -> bool,
) -> Option<Seen> {
    let before = text(bytes, line_start(bytes, asked.start), asked.start);
    let name = Some(assigned(bytes, asked.start)).filter(|name| !name.is_empty());
    if name.is_none() && before.trim_start() != "return " {
        return None;
    }
    let target = Target { name, indent: indent(before) };
    let mut start = line_end(bytes, asked.start) + 1;
    let mut head: Option<usize> = None;
    for _ in 0..TAKEN_WITHIN {
        let end = line_end(bytes, start);
        let line = text(bytes, start, end);
        let bare = line.trim_start();
        match head {
            _ if bare.is_empty() || bare.starts_with('#') => {}
            None => head = is_head(line, &target).then_some(indent(line)),
            Some(outer) if indent(line) <= outer => return None,
            Some(_) => {
                if let Some(value) = taken(bare, &target) {
                    let at = skip(bytes, end.saturating_sub(value.len()));
                    return default_at(bytes, at).map(|(value, _)| Seen { form: grammar.operator, value });
                }
            }
        }
        start = end + 1;
    }
    None
}

/// The value that a line gives to a target.
fn taken<'l>(line: &'l str, target: &Target<'_>) -> Option<&'l str> {
    let Some(name) = target.name else { return line.strip_prefix("return ") };
    let (left, value) = line.split_once('=')?;
    let left = left.split([':', ' ']).next().unwrap_or_default();
    (left.rsplit('.').next() == Some(name) && !value.starts_with('=')).then_some(value)
}

/// `{"NAME": "x", **os.environ}`, `ChainMap(os.environ, {"NAME": "x"})`.
fn merged(bytes: &[u8], start: usize, end: usize) -> Option<Seen> {
    let quote = start.checked_sub(1).map_or(0, |i| byte(bytes, i));
    if !matches!(quote, b'"' | b'\'') || byte(bytes, end) != quote {
        return None;
    }
    let colon = skip(bytes, end + 1);
    if byte(bytes, colon) != b':' {
        return None;
    }
    let (value, _) = default_at(bytes, skip(bytes, colon + 1))?;
    let rest = bytes.get(end..).unwrap_or_default();
    let close = rest.iter().take(512).position(|b| *b == b'}').map_or(end, |at| end + at);
    let is_below = text(bytes, end, close).contains("**os.environ");
    let line = text(bytes, line_start(bytes, start), start);
    let is_chained = line.contains("ChainMap(") && line.contains("environ");
    (is_below || is_chained).then_some(Seen { form: PYTHON.operator, value })
}

/// Whether the value is only looked at, or an empty one is refused further down.
fn is_harmless(language: Language, bytes: &[u8], asked: &Asked<'_>, value: Value, after: usize) -> bool {
    let next = skip(bytes, after);
    // The end of a call that the default is the last argument of.
    let next = if byte(bytes, next) == b')' { skip(bytes, next + 1) } else { next };
    if ["==", "!=", "is None"].iter().any(|o| at(bytes, next, o)) {
        return true;
    }
    if value != Value::Empty {
        return false;
    }
    let line = text(bytes, line_start(bytes, asked.start), asked.start).trim_start();
    let tests: &[&str] = match language {
        Language::Python => &["if ", "elif ", "while ", "assert ", "if not "],
        _ => &["if ", "if(", "} else if", "while ", "while(", "unless ", "assert", "!"],
    };
    let asks = tests.iter().any(|t| line.starts_with(t));
    let counted = ["bool(", "len(", "Boolean(", "!!"]
        .iter()
        .any(|c| line.ends_with(c) || line.ends_with(&format!("{c}(")));
    asks || counted || is_refused(bytes, after, assigned(bytes, asked.start))
}
