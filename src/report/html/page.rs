//! The page's frame: its head with the security policy, the verdict, what was examined, and the order of its parts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::super::phrase::{count, place, printable, prose, sentence, size};
use super::super::repository::Repository;
use super::super::{TOOL, VERSION, check_page, tally};
use super::{access, controls, findings, layers};
use crate::finding::{CheckStatus, Report, Verdict};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("filter.js");

/// The whole page.
pub(super) fn page(report: &Report, repository: &Repository, left_out: usize) -> Markup {
    let verdict = report.verdict.as_str();
    let subject = report.artifacts.first().map(|a| printable(&a.name)).unwrap_or_default();
    let list = findings::Listed::of(report, left_out);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (verdict.to_uppercase()) " " (subject) " - " (TOOL) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#findings" { "Skip to the findings" }
                header { (head(report)) }
                main {
                    (controls::section(report))
                    (access::section(report))
                    (layers::section(report, &list))
                    (findings::section(report, &list, repository))
                    (not_checked(report))
                    (accepted(report))
                    (checks(report))
                }
                footer {
                    p { (TOOL) " " (VERSION) ", detectors " (printable(&report.rules_digest).chars().take(19).collect::<String>())
                        ". Values of secrets are not in this page." }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Nothing is loaded from anywhere, and only the page's own style and script count, by their digests.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn head(report: &Report) -> Markup {
    let verdict = report.verdict.as_str();
    html! {
        h1 {
            span class=(format!("verdict {verdict}")) { (verdict.to_uppercase()) }
            " " (tally::parts(report).join(", "))
        }
        @match report.verdict {
            Verdict::Incomplete => p { "Nothing that fails was found, but not everything could be checked: this is not a pass." },
            Verdict::Pass | Verdict::Fail => {},
        }
        p { "Findings of severity " strong { (report.fail_on) } " and above fail the run." }
        @if !report.artifacts.is_empty() {
            ul.artifacts {
                @for artifact in &report.artifacts {
                    li {
                        (artifact.subject.as_str()) " " strong { (printable(&artifact.name)) }
                        @if let Some(platform) = &artifact.platform { " " (printable(platform)) }
                        @for tag in artifact.tags.iter().take(8) { " " span.tag { (printable(tag)) } }
                        @if let Some(digest) = &artifact.digest { " " code { (printable(digest)) } }
                    }
                }
            }
        }
        @for note in &report.notes { p { (sentence(&printable(note))) } }
        p.small {
            "Read: " (count(report.coverage.layers, "layer")) ", " (count(report.coverage.files, "file")) ", "
            (size(report.coverage.bytes)) "."
            @if report.coverage.layers_not_seen + report.coverage.files_not_seen > 0 {
                " Not read: " (count(report.coverage.layers_not_seen, "layer")) ", "
                (count(report.coverage.files_not_seen, "file")) ", " (size(report.coverage.bytes_not_seen)) "."
            }
        }
    }
}

fn not_checked(report: &Report) -> Markup {
    html! {
        @if !report.not_checked.is_empty() {
            section aria-labelledby="not-checked" {
                h2 id="not-checked" { "Not checked" }
                ul {
                    @for item in &report.not_checked {
                        li {
                            strong { (printable(&item.what)) } " " code { (place(&item.origin)) } ": "
                            (sentence(&printable(&item.reason)))
                            @if !item.checks.is_empty() { " Checks that wait for it: " (item.checks.join(", ")) "." }
                        }
                    }
                }
            }
        }
    }
}

fn accepted(report: &Report) -> Markup {
    html! {
        @if !report.accepted.is_empty() {
            section aria-labelledby="accepted" {
                h2 id="accepted" { "Accepted" }
                ul {
                    @for accepted in &report.accepted {
                        li {
                            (accepted.finding.check) " " (sentence(&printable(&accepted.finding.message)))
                            " " code { (place(&accepted.finding.origin)) } br;
                            "Until " (printable(&accepted.expires)) ": " (prose(&accepted.reason))
                        }
                    }
                }
            }
        }
    }
}

fn checks(report: &Report) -> Markup {
    let asked = || report.checks.iter().filter(|c| c.status != CheckStatus::NotRequested);
    let others = report.checks.len() - asked().count();
    html! {
        section aria-labelledby="checks" {
            h2 id="checks" { "Checks" }
            @for check in asked() {
                @let (id, status) = (check.meta.id, check.status.as_str());
                section.check id=(id) {
                    h3 { span class=(format!("status {status}")) { (status.replace('-', " ")) } " " (id) " " (check.meta.name) }
                    p { (sentence(check.meta.summary)) }
                    @if check.findings + check.accepted + check.not_checked > 0 {
                        p { strong { "Why. " } (sentence(check.meta.why)) }
                        p { strong { "Fix. " } (sentence(check.meta.fix)) }
                        p { (count(check.findings, "finding")) ", " (check.accepted) " accepted, " (check.not_checked) " not checked." }
                    }
                    p.small { a href=(check_page(check.meta)) { "About " (id) } }
                }
            }
            @if others > 0 { p { (count(others, "check")) " not requested by this command." } }
        }
    }
}
