//! The command line: the only place that prints.

mod accept;
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
mod mistakes;
mod outgoing;
mod output;
mod progress;
mod reference;
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
pub use output::STDOUT_WAS_CLOSED;
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
    let args: Vec<OsString> = args.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&args) {
        Ok(arguments) => arguments,
        Err(e) => return unread(&e, &args),
    };
    let terminal = Terminal::new(&arguments.global);
    let result = match &arguments.command {
        Command::Context(context) => context::run(context, &terminal),
        Command::Image(image) => image::run(image, &terminal),
        Command::Wiring(wiring) => wiring::run(wiring, &terminal),
        Command::Gate(gate) => gate::run(gate, &terminal),
        Command::Accept(accept) => accept::run(accept, &terminal),
        Command::Init(init) => init::run(init, &terminal),
        Command::Verify(verify) => verify::run(verify, &terminal),
        Command::Attest(attest) => attest::run(attest, &terminal),
        Command::Audit(audit) => audit::run(audit, &terminal),
        Command::Rules(rules) => rules::run(rules, &terminal),
        Command::Explain(explain) => explain::run(explain, &terminal),
        Command::Simulate(simulate) => simulate::run(simulate, &terminal),
        Command::GenerateDocs(docs) => reference::run(docs, &terminal),
        Command::Schema(schema) => schema::run(schema, &terminal),
        Command::Completions(shell) => generate::completions(shell, Arguments::command(), &terminal),
        Command::Man(man) => generate::man(man, Arguments::command(), &terminal),
    };
    match result {
        Ok(code) => code,
        Err(Failure(message)) => {
            terminal.error(&mistakes::plain(&message));
            2
        }
    }
}

/// What becomes of a command line that is no command: help and versions are printed and no failures, mistakes are.
fn unread(error: &clap::Error, args: &[OsString]) -> u8 {
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    if let Some(message) = mistakes::explain(error, args, &Arguments::command()) {
        Terminal::plain().error(&message);
        return 2;
    }
    // clap knows where each belongs. Help that cannot be written is a failure, unless its reader went away.
    let terminal = Terminal::plain();
    match terminal.print_clap(error) {
        Err(Failure(message)) => {
            terminal.error(&mistakes::plain(&message));
            2
        }
        Ok(()) => code,
    }
}
