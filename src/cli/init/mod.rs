//! `seaworthy init`.

use super::Failure;
use super::args::Init as Arguments;
use super::output::Terminal;

pub(super) fn run(_arguments: &Arguments, _terminal: &Terminal) -> Result<u8, Failure> {
    Err(Failure("not yet".to_owned()))
}
