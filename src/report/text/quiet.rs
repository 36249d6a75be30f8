//! The quiet report: one line for each finding and each item that was not checked, place first, so that editors, grep
//! and CI can read it.

use std::io;

use super::screen::{BOLD, LINK, OPEN, PLAIN, Screen, of_severity};
use crate::finding::Report;
use crate::report::phrase::{ids, place, printable};

/// Writes `path:line:column: severity ID message` for each finding, by cause; then what was not checked.
pub(super) fn write(report: &Report, screen: &mut Screen<'_>) -> io::Result<()> {
    for finding in report.causes.iter().flat_map(|c| &c.findings).filter_map(|i| report.findings.get(*i)) {
        screen.heading(&[
            (LINK, format!("{}:", place(&finding.origin))),
            (of_severity(finding.severity), finding.severity.to_string()),
            (BOLD, finding.check.to_owned()),
            (PLAIN, printable(&finding.message)),
        ])?;
        // Each place has a line: an editor jumps to it, and grep finds it.
        for further in &finding.places {
            screen.heading(&[
                (LINK, format!("{}:", place(&further.origin))),
                (of_severity(further.severity), further.severity.to_string()),
                (BOLD, finding.check.to_owned()),
                (PLAIN, format!("also here: {}", printable(&finding.message))),
            ])?;
        }
    }
    for item in &report.not_checked {
        let checks = if item.checks.is_empty() { String::new() } else { format!(" ({})", ids(&item.checks)) };
        let text = format!("{}: {}{checks}", printable(&item.what), printable(&item.reason));
        screen.heading(&[
            (LINK, format!("{}:", place(&item.origin))),
            (OPEN, "not checked:".to_owned()),
            (PLAIN, text),
        ])?;
    }
    Ok(())
}
