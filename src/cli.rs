//! The command line: the only place that prints.

mod args;
mod attest;
mod audit;
mod context;
mod environment;
mod explain;
mod gate;
mod generate;
mod image;
mod init;
mod output;
mod progress;
mod render;
mod repository;
mod rules;
mod schema;
mod session;
mod simulate;
mod summary;
mod verify;
mod wiring;

use std::ffi::OsString;
use std::fmt;

use clap::{CommandFactory, Parser};

use args::{Arguments, Command};
use output::Terminal;

/// Why a command failed; its text goes to standard error and the exit code is 2.
struct Failure(String);

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: fmt::Display> From<E> for Failure {
    fn from(e: E) -> Self {
        Self(e.to_string())
    }
}

/// Runs one command line; the answer is the process's exit code: 0 pass, 1 fail, 2 could not decide.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(e) => {
            // Help and version are no failures; clap knows where each belongs.
            let code = u8::try_from(e.exit_code()).unwrap_or(2);
            let _ = e.print();
            return code;
        }
    };
    let terminal = Terminal::new(&arguments.global);
    let result = match &arguments.command {
        Command::Context(context) => context::run(context, &terminal),
        Command::Image(image) => image::run(image, &terminal),
        Command::Wiring(wiring) => wiring::run(wiring, &terminal),
        Command::Gate(gate) => gate::run(gate, &terminal),
        Command::Init(init) => init::run(init, &terminal),
        Command::Verify(verify) => verify::run(verify, &terminal),
        Command::Attest(attest) => attest::run(attest, &terminal),
        Command::Audit(audit) => audit::run(audit, &terminal),
        Command::Rules(rules) => rules::run(rules, &terminal),
        Command::Explain(explain) => explain::run(explain, &terminal),
        Command::Simulate(simulate) => simulate::run(simulate, &terminal),
        Command::Schema(schema) => schema::run(schema, &terminal),
        Command::Completions(shell) => generate::completions(shell, Arguments::command(), &terminal),
        Command::Man(man) => generate::man(man, Arguments::command(), &terminal),
    };
    match result {
        Ok(code) => code,
        Err(Failure(message)) => {
            terminal.error(&message);
            2
        }
    }
}
