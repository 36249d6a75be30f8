//! What ends a program before its arguments are parsed, on every way through its start: `sys.exit(1)`, an exception, a
//! condition that does not hold.

use super::super::super::machine::Machine;
use super::super::ast::{Argument, Expr, ExprKind, Stmt, StmtKind};
use super::super::imports::{Problem, Target};
use super::expression::Arguments;
use super::namespace::code_of_literal;
use super::value::{Scope, Value};
use super::{Evaluator, Flow, Root};

/// Most that are told of one program.
const MAX_PROBLEMS: usize = 20;

/// Calls that go on for as long as the program runs.
pub(super) const LASTING: [&str; 12] = [
    "run",
    "serve",
    "serve_forever",
    "main",
    "start",
    "run_forever",
    "mainloop",
    "loop_forever",
    "consume",
    "join",
    "wait",
    "execute",
];

/// How a program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Good,
    Bad,
    Unknown,
}

/// What a function gives back that the program may end with, and where.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    code: Code,
    scope: Scope,
    line: u32,
}

/// The code that `sys.exit(VALUE)` ends with.
pub(super) fn code_of(value: Option<&Value>) -> Code {
    match value {
        None | Some(Value::None | Value::Int(0) | Value::Bool(false)) => Code::Good,
        Some(Value::Int(_) | Value::Bool(true) | Value::Text(_)) => Code::Bad,
        Some(_) => Code::Unknown,
    }
}

impl Evaluator<'_, '_> {
    /// Whether what is looked at now is run whatever happens, and nothing takes what fails in it.
    pub(super) fn is_sure(&self) -> bool {
        self.maybe == 0
            && self.caught == 0
            && self.root.is_none()
            && self.known_before.is_empty()
            && !self.doubt.of_function
            && !self.doubt.of_program
    }

    /// Tells of what fails here, if it is run whatever happens. Gives whether it is.
    pub(super) fn fails(&mut self, what: &str, scope: &Scope, line: u32, is_certain: bool) -> bool {
        if !self.is_sure() {
            return false;
        }
        let written = self.written(scope, line);
        let what = format!("line {line} {what}");
        let problem = Problem { file: written.file, line, what, is_certain };
        if self.problems.len() < MAX_PROBLEMS && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
        true
    }

    /// `sys.exit(…)`, `raise SystemExit(…)`. Gives whether the program is known to end here.
    pub(super) fn exits(&mut self, arguments: &Arguments, scope: &Scope, line: u32) -> bool {
        // A module that is imported ends the program for the one that imports it, with whatever code.
        let is_import = scope.parent.is_none() && scope.module != 0;
        match code_of(arguments.positional.first().filter(|_| !arguments.is_open)) {
            Code::Bad => self.fails("ends the program with a code that is not 0", scope, line, true),
            Code::Good if is_import => self.fails("ends the program while it is imported", scope, line, true),
            // What follows is not reached, and its end is not the program's.
            Code::Good | Code::Unknown => true,
        }
    }

    /// Notes what a function gives back after the arguments are parsed, if it is known.
    pub(super) fn note_answer(&mut self, rest: &[Stmt], scope: &Scope) {
        if self.answer.is_some() {
            return;
        }
        for statement in rest {
            let code = match &statement.kind {
                StmtKind::Return(None) => Code::Good,
                StmtKind::Return(Some(value)) => code_of_literal(value),
                StmtKind::Raise(_) => Code::Unknown,
                kind if kind.bodies().into_iter().flatten().any(may_return) => Code::Unknown,
                _ => continue,
            };
            self.answer = Some(Answer { code, scope: Scope::clone(scope), line: statement.line });
            return;
        }
    }

    /// Looks at the rest of a statement in which the arguments were parsed.
    pub(super) fn parsed_by(&mut self, statement: &Stmt, scope: &Scope) {
        self.take_answer(statement, scope);
        // `run(parser.parse_args())`
        let is_plain =
            matches!(statement.kind, StmtKind::Expr(_) | StmtKind::Return(_) | StmtKind::Assign { .. });
        if is_plain && self.parsed_in == self.frames.len() && matches!(self.root, Some(Root::Parser(_))) {
            self.calls_afterwards(std::slice::from_ref(statement), scope);
        }
    }

    /// Hands on what the call in a statement gave back: to the caller by `return`, or to the system by `sys.exit`.
    fn take_answer(&mut self, statement: &Stmt, scope: &Scope) {
        let given = self.given_back.take();
        match &statement.kind {
            StmtKind::Return(Some(value)) if is_call(value) => {
                self.answer = self.answer.take().or(given);
            }
            StmtKind::Return(_) => {
                let line = statement.line;
                self.answer.get_or_insert(Answer { code: Code::Unknown, scope: Scope::clone(scope), line });
            }
            StmtKind::Expr(value) | StmtKind::Raise(Some(value)) => {
                let ExprKind::Call(function, arguments) = &value.kind else { return };
                let name = function.dotted().unwrap_or_default();
                let is_end =
                    matches!(name.as_str(), "sys.exit" | "exit" | "quit" | "os._exit" | "SystemExit");
                let is_given =
                    matches!(arguments.as_slice(), [Argument::Positional(value)] if is_call(value));
                let Some(answer) = given.filter(|a| is_end && is_given && a.code == Code::Bad) else {
                    return;
                };
                let is_certain = self.maybe == 0 && self.caught == 0;
                let what = "ends with what it gives back here, and that is not 0, once it has its arguments";
                self.end(what, &answer.scope, answer.line, is_certain);
            }
            _ => {}
        }
    }

    /// A `raise`: what is raised, unless it is an end of the program.
    pub(super) fn raises(&mut self, raised: &Value, scope: &Scope, line: u32) {
        let is_end = matches!(raised, Value::External(name) if &**name == "builtins.SystemExit");
        if !is_end {
            self.fails("raises an exception that nothing catches", scope, line, true);
        }
    }

    /// Notes what a statement that may have been run leaves open.
    pub(super) fn doubt_flow(&mut self, flow: &Flow) {
        match flow {
            Flow::Return(_) | Flow::Break => self.doubt.of_function = true,
            Flow::End => self.doubt.of_program = true,
            Flow::Next => {}
        }
    }

    /// Notes that something runs that may not come back.
    pub(super) fn doubt_call(&mut self, name: &str) {
        let last = name.rsplit('.').next().unwrap_or_default();
        if LASTING.contains(&last) {
            self.doubt.of_program = true;
        }
    }

    /// A variable of the environment that must be there.
    pub(super) fn needs_variable(&mut self, name: &str, scope: &Scope, line: u32) {
        if !(self.variables)(name) {
            let what = format!(
                "reads the variable {name} before the arguments are parsed; the image does not set it, and without it even \
                 `--help` fails"
            );
            self.fails(&what, scope, line, false);
        }
    }

    /// An attribute that a module of the project does not have.
    pub(super) fn lacks(&mut self, module: usize, name: &str, scope: &Scope, line: u32) {
        if !self.is_sure() {
            return;
        }
        if let Some(full) = self.lacking(module, name) {
            let what = format!("uses {full}, which the module does not have");
            self.fails(&what, scope, line, true);
        }
    }

    /// The full name of an attribute that a module of the project does not have.
    pub(super) fn lacking(&self, module: usize, name: &str) -> Option<String> {
        let loaded = self.loaded.get(module)?;
        let is_dunder = name.starts_with("__") && name.ends_with("__");
        let is_closed = super::super::names::defined(loaded.module).is_some_and(|all| !all.contains(name));
        let full = format!("{}.{name}", loaded.name);
        let is_module = loaded.name.is_empty() || !matches!(self.finder.find(&full), Target::Missing { .. });
        (is_closed && !is_dunder && !is_module && self.steps < super::MAX_STEPS).then_some(full)
    }

    /// A file that is opened to be read.
    pub(super) fn opens(&mut self, arguments: &Arguments, scope: &Scope, line: u32) {
        let mode = arguments.positional.get(1).or(arguments.keyword("mode"));
        let is_read =
            mode.is_none_or(|m| matches!(m, Value::Text(m) if m.starts_with('r') && !m.contains('+')));
        let Some(Value::Text(path)) = arguments.positional.first().filter(|_| is_read) else { return };
        let is_absolute = path.starts_with('/')
            && !["/dev/", "/proc/", "/sys/", "/run/", "/tmp/"].iter().any(|d| path.starts_with(d));
        if is_absolute && self.finder.filesystem.tree.file(path.as_bytes()).is_none() {
            let what = format!("reads {path} before the arguments are parsed, which is not in the image");
            self.fails(&what, scope, line, false);
        }
    }

    /// Whether a class is an enumeration.
    pub(super) fn is_enumeration(&self, class: usize) -> bool {
        let kinds = ["enum.Enum", "enum.StrEnum", "enum.IntEnum", "enum.Flag", "enum.IntFlag"];
        kinds.iter().any(|kind| self.derives_from(class, kind))
    }

    /// The members of an enumeration.
    pub(super) fn members(&self, class: usize) -> Option<Value> {
        let scope = &self.classes.get(class).filter(|_| self.is_enumeration(class))?.scope;
        let names = scope.names.borrow();
        let mut all: Vec<(&String, &Value)> = names
            .iter()
            .filter(|(name, value)| !name.starts_with('_') && !matches!(value, Value::Function(_)))
            .collect();
        all.sort_by_key(|(name, _)| *name);
        let members =
            all.into_iter().map(|(name, value)| Value::Member((name.clone(), value.clone()).into()));
        Some(Value::List(members.collect::<Vec<_>>().into()))
    }

    /// How many words the command line has, the program included, if it is known.
    pub(super) fn argv_length(&mut self) -> Option<i64> {
        let length = self.argv_words().and_then(|words| i64::try_from(words.len() + 1).ok());
        self.argv_reads.1 += u32::from(length.is_some());
        length
    }

    /// The words that the program is given, if all are known.
    fn argv_words(&self) -> Option<&[String]> {
        let words = self.script.arguments.as_slice();
        let is_known = !words.iter().any(|w| Machine::is_unknown(w)) && self.altered.is_none();
        is_known.then_some(words)
    }

    /// `sys.argv[1]`
    pub(super) fn argv_word(&mut self, at: i64, scope: &Scope, line: u32) -> Value {
        let own =
            at.checked_sub(1).and_then(|i| self.script.arguments.get(usize::try_from(i).ok()?)).cloned();
        match (own, usize::try_from(at)) {
            (Some(word), Ok(1..)) if !Machine::is_unknown(&word) => {
                self.argv_reads.1 += 1;
                Value::Text(word.into())
            }
            (None, Ok(1..)) if self.argv_words().is_some() => {
                self.fails(&format!("uses sys.argv[{at}], which it is not given"), scope, line, true);
                Value::Unknown
            }
            _ => Value::Unknown,
        }
    }

    /// A call of a function of the project with other arguments than it has parameters for.
    pub(super) fn check_arguments(
        &mut self,
        index: usize,
        arguments: &Arguments,
        has_object: bool,
        scope: &Scope,
        line: u32,
    ) {
        let Some(function) = self.functions.get(index) else { return };
        let syntax = function.syntax;
        if arguments.is_open || !syntax.decorators.is_empty() {
            return;
        }
        let Some(wrong) = super::super::arity::wrong(
            syntax,
            arguments.positional.len() + usize::from(has_object),
            &arguments.keywords.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ) else {
            return;
        };
        let what = format!("calls {} {wrong}", syntax.name);
        self.fails(&what, scope, line, true);
    }
}

/// Whether an expression is a call of a function by its name.
fn is_call(value: &Expr) -> bool {
    matches!(&value.kind, ExprKind::Call(function, _) if function.dotted().is_some())
}

/// Whether a statement may leave the function that it stands in.
fn may_return(statement: &Stmt) -> bool {
    match &statement.kind {
        StmtKind::Return(_) | StmtKind::Raise(_) => true,
        StmtKind::Function(_) | StmtKind::Class { .. } => false,
        kind => kind.bodies().into_iter().flatten().any(may_return),
    }
}
