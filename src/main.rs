//! Parse, run, exit.

use std::process::ExitCode;

/// Runs before the standard library opens what is closed as `/dev/null`: a report that goes nowhere must not look like one
/// that was written.
extern "C" fn look_at_stdout() {
    let closed = rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err();
    seaworthy::cli::STDOUT_WAS_CLOSED.store(closed, std::sync::atomic::Ordering::Relaxed);
}

#[used]
#[allow(
    unsafe_code,
    reason = "the one way to run before the standard library does; the function is async-signal-safe"
)]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array"))]
static LOOK_AT_STDOUT: extern "C" fn() = look_at_stdout;

fn main() -> ExitCode {
    // A panic is a fault of the tool: it says nothing of the artifact, so it must not look like a verdict. Its
    // message may quote what was being examined and is not printed; its place is. It ends the process here, on
    // whatever thread it is: a release has no tables to unwind the stack with (Cargo.toml).
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!(" at {}:{}", l.file(), l.line())).unwrap_or_default();
        anstream::eprintln!("seaworthy: internal error{place}; please report it. No verdict was reached.");
        std::process::exit(2);
    }));
    ExitCode::from(seaworthy::cli::run(std::env::args_os()))
}
