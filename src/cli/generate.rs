//! `seaworthy completions` and `seaworthy man`.

use clap::Command;

use super::Failure;
use super::args::{Completions, Man};
use super::output::Terminal;

pub(super) fn completions(
    arguments: &Completions,
    mut command: Command,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "seaworthy", &mut out);
    terminal.print_own(&out)?;
    Ok(0)
}

pub(super) fn man(arguments: &Man, mut command: Command, terminal: &Terminal) -> Result<u8, Failure> {
    command.build();
    let page = match &arguments.name {
        None => command,
        Some(name) => {
            let found = command.find_subcommand(name).cloned();
            let found = found.ok_or_else(|| Failure(format!("there is no command {name}")))?;
            found.display_name(format!("seaworthy-{name}"))
        }
    };
    let mut out = Vec::new();
    clap_mangen::Man::new(page).render(&mut out)?;
    // The only text behind the options are the examples; the generator calls that section EXTRA.
    let out = String::from_utf8(out)?;
    let out = out.replacen(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n", 1);
    terminal.print_own(out.as_bytes())?;
    Ok(0)
}
