//! `seaworthy simulate`: offline IAM decisions, one JSON line for each case, or one answer for people.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use super::args::Simulate as Arguments;
use super::output::Terminal;
use super::{Failure, environment};
use crate::check::Masker;
use crate::finding::FingerprintKey;
use crate::rule::Rules;
use crate::scan::{self, Progress, Setup, WiringRequest};
use seaworthy_iam::cases::{Case, decide};
use seaworthy_source::{escape_bytes, input};

/// Longest line, in bytes: a dozen policies at their largest.
const LINE: u64 = 16 << 20;

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    match (&arguments.cases, &arguments.role, &arguments.action, &arguments.resource) {
        (Some(path), ..) => cases(path, terminal),
        (None, Some(role), Some(action), Some(resource)) => {
            answer_question(arguments, role, action, resource, terminal)
        }
        _ => Err(Failure(
            "give --cases, or --role, --action and --resource (seaworthy simulate --help)".into(),
        )),
    }
}

/// Answers one question: 0 allowed, 1 denied, 2 unknown.
fn answer_question(
    arguments: &Arguments,
    role: &str,
    action: &str,
    resource: &str,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let contract = environment::read_contract(arguments.contract.as_deref(), Path::new("."), terminal)?;
    let mut given = Vec::new();
    for text in &arguments.context {
        let (key, value) =
            text.split_once('=').ok_or_else(|| Failure("--context: not of the form KEY=VALUE".into()))?;
        given.push((key.to_owned(), value.to_owned()));
    }
    let rules = Arc::new(Rules::load(&[], &[])?);
    terminal.learn(&rules);
    let progress = Progress::default();
    let setup = Setup {
        contract: &contract,
        rules: &rules,
        key: FingerprintKey::PlaceOnly,
        jobs: 1,
        today: environment::today(),
        progress: &progress,
    };
    let request = WiringRequest::open(&(&arguments.files).into(), &contract)?;
    let masker = Masker::new(&rules);
    let shown = |text: &str| escape_bytes(masker.mask(text).as_bytes());
    let answer = scan::ask_role(&setup, request, role, action, resource, &given)
        .map_err(|e| Failure(shown(&e.to_string())))?;
    let (word, code) = match answer.allowed {
        Some(true) => ("allowed", 0),
        Some(false) => ("denied", 1),
        None => ("unknown", 2),
    };
    let mut out = String::new();
    let reason = answer.reason.strip_prefix(word).map_or(answer.reason.as_str(), str::trim_start);
    let _ = writeln!(out, "{word}: {}", shown(reason));
    let _ = writeln!(out, "  who   {}", shown(&answer.principal));
    let _ = writeln!(out, "  what  {} on {}", shown(action), shown(&answer.resource));
    for open in &answer.open {
        let _ = writeln!(out, "  open  {}", shown(open));
    }
    terminal.print(out.as_bytes())?;
    Ok(code)
}

/// Answers every case. A line that is no case does not stop the rest; the exit code is then 2.
fn cases(path: &Path, terminal: &Terminal) -> Result<u8, Failure> {
    let name = path.display();
    let mut input: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let (file, _) = input::open(path).map_err(|e| Failure(format!("{name}: {e}")))?;
        Box::new(BufReader::new(file))
    };
    let mut faults = 0usize;
    let mut answers = Vec::new();
    for number in 1usize.. {
        let mut line = Vec::new();
        let read = io::Read::take(&mut input, LINE).read_until(b'\n', &mut line);
        match read {
            Ok(0) => break,
            Ok(n) if n as u64 == LINE => {
                return Err(Failure(format!("{name}:{number}: the line is over 16 MiB")));
            }
            Ok(_) => {}
            Err(e) => return Err(Failure(format!("{name}:{number}: {e}"))),
        }
        let Ok(text) = std::str::from_utf8(&line) else {
            faults += 1;
            terminal.error(&format!("{name}:{number}: the line is not UTF-8"));
            continue;
        };
        if text.trim().is_empty() {
            continue;
        }
        match Case::read(text.trim_end()) {
            Ok(case) => {
                serde_json::to_writer(&mut answers, &decide(&case))?;
                answers.push(b'\n');
            }
            Err(e) => {
                faults += 1;
                terminal.error(&format!("{name}:{number}: {e}"));
            }
        }
        // Answers appear as they are found: a case file may be a pipe.
        if answers.len() > 64 << 10 {
            terminal.print(&std::mem::take(&mut answers))?;
        }
    }
    terminal.print(&answers)?;
    Ok(if faults == 0 { 0 } else { 2 })
}
