//! `seaworthy completions` and `seaworthy man`.

use clap::Command;

use super::Failure;
use super::args::Completions;
use super::output::Terminal;

pub(super) fn completions(
    arguments: &Completions,
    mut command: Command,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "seaworthy", &mut out);
    terminal.print(&out)?;
    Ok(0)
}

pub(super) fn man(command: Command, terminal: &Terminal) -> Result<u8, Failure> {
    let mut out = Vec::new();
    clap_mangen::Man::new(command).render(&mut out)?;
    terminal.print(&out)?;
    Ok(0)
}
