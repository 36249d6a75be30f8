//! `seaworthy simulate`: offline IAM decisions, one JSON line for each case.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use super::Failure;
use super::args::Simulate as Arguments;
use super::output::Terminal;
use crate::iam::cases::{Case, decide};

/// Longest line, in bytes: a dozen policies at their largest.
const LINE: u64 = 16 << 20;

/// Answers every case. A line that is no case does not stop the rest; the exit code is then 2.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let name = arguments.cases.display();
    let mut input: Box<dyn BufRead> = if arguments.cases.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(&arguments.cases).map_err(|e| Failure(format!("{name}: {e}")))?;
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
