//! One HTML file that needs nothing else: no request leaves it (its content security policy forbids all), it is read
//! without a script, printed, and shown light or dark as the reader's system is. A small script adds filters.

mod access;
mod controls;
mod findings;
mod layers;
mod page;

use std::io::{self, Write};

use super::repository::Repository;
use crate::finding::Report;

/// Findings of a page; a browser is slow beyond that.
const MAX_FINDINGS: usize = 5_000;

/// Writes the page. The answer is how many findings were left out; the page says so too.
///
/// # Errors
/// When `out` fails.
pub fn write(report: &Report, repository: &Repository, out: &mut dyn Write) -> io::Result<usize> {
    let left_out = report.findings.len().saturating_sub(MAX_FINDINGS);
    out.write_all(page::page(report, repository, left_out).into_string().as_bytes())?;
    writeln!(out)?;
    Ok(left_out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::finding::{AccessColumn, AccessRow, AccessTable, Existence, LayerRecord, Reading};
    use crate::report::samples;

    fn html(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, &Repository::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn full() -> Report {
        let mut report = samples::gate();
        let layer = |index: usize| LayerRecord {
            image: report.artifacts[0].name.clone(),
            platform: report.artifacts[0].platform.clone(),
            index,
            digest: samples::digest(char::from_digit(index as u32, 16).unwrap()),
            bytes: (index != 7).then_some(10_000_000 / (index as u64 + 1)),
            files: (index != 7).then_some(100),
            instruction: Some(format!("COPY part{index} /app")),
        };
        report.layers = (0..12).map(layer).collect();
        report.access = Some(AccessTable {
            secrets: vec![AccessColumn {
                handle: "DB_PASSWORD".to_owned(),
                kept: "/shop/db".to_owned(),
                state: Existence::Exists,
            }],
            roles: vec![AccessRow {
                handle: "SERVICE".to_owned(),
                role: "shop-service".to_owned(),
                kind: "task",
                cells: vec![Reading::Excess],
            }],
        });
        report
    }

    /// Whatever is in a report, the page asks no one for anything and runs nothing but its own script.
    #[test]
    fn the_page_needs_nothing_else() {
        for report in samples::all().into_iter().chain([samples::large(20), full()]) {
            let page = html(&report);
            assert!(page.starts_with("<!DOCTYPE html>"));
            assert!(page.contains("default-src 'none'"));
            for word in ["<link", "<img", "<iframe", "@import", "url(", "src=", "javascript:", " onload"] {
                assert!(!page.contains(word), "{word}");
            }
            assert_eq!(page.matches("<script").count(), 1);
        }
    }

    #[test]
    fn text_from_outside_stays_text() {
        let mut report = full();
        let hostile = "</title><script>alert(1)</script>\"'><img src=x onerror=y>\u{202e}";
        report.findings[0].message = hostile.to_owned();
        report.findings[0].origin.path = Some(hostile.to_owned());
        report.artifacts[0].name = hostile.to_owned();
        report.layers[0].instruction = Some(hostile.to_owned());
        let page = html(&report);
        assert_eq!(page.matches("<script").count(), 1);
        assert!(!page.contains("<img") && !page.contains('\u{202e}'));
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    }

    #[test]
    fn every_part_of_a_report_is_there() {
        let report = full();
        let page = html(&report);
        for finding in &report.findings {
            assert!(page.contains(finding.fingerprint.as_str()));
        }
        for word in [
            "Who reads what",
            "excess",
            "Controls",
            "Layers",
            "COPY part3 /app",
            "size not known",
            "Not checked",
        ] {
            assert!(page.contains(word), "{word}");
        }
    }

    #[test]
    fn what_is_left_out_is_said() {
        let page = html(&samples::large(5_003));
        assert!(page.contains("3 findings are left out"));
        assert_eq!(page.matches("<article").count(), 5_000);
    }
}
