//! Parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A panic is a fault of the tool: it says nothing of the artifact, so it must not look like a verdict. Its
    // message may quote what was being examined and is not printed; its place is.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!(" at {}:{}", l.file(), l.line())).unwrap_or_default();
        anstream::eprintln!("seaworthy: internal error{place}; please report it. No verdict was reached.");
    }));
    let code = std::panic::catch_unwind(|| seaworthy::cli::run(std::env::args_os())).unwrap_or(2);
    ExitCode::from(code)
}
