//! The controls of a gate.

use maud::{Markup, html};

use super::super::phrase::{printable, prose, sentence};
use crate::finding::{ControlStatus, Report};

pub(super) fn section(report: &Report) -> Markup {
    html! {
        @if !report.controls.is_empty() {
            section aria-labelledby="controls" {
                h2 id="controls" { "Controls" }
                @if let Some(profile) = &report.profile {
                    p { "Profile " strong { (printable(&profile.name)) } ": " (sentence(&printable(&profile.title))) }
                }
                div.scroll tabindex="0" role="region" aria-label="Table of the controls" {
                    table {
                        thead { tr { th scope="col" { "result" } th scope="col" { "control" } th scope="col" { "why, and what to supply" } } }
                        tbody {
                            @for group in &report.controls {
                                tr.group {
                                    td { (badge(group.status)) }
                                    th scope="row" { (printable(&group.id)) " " (printable(&group.title)) }
                                    td { }
                                }
                                @for control in group.controls.iter().filter(|c| c.status != ControlStatus::Pass) {
                                    tr {
                                        td { (badge(control.status)) @if !control.required { " not required" } }
                                        th scope="row" { (printable(&control.id)) " " (printable(&control.title)) }
                                        td {
                                            @for reason in &control.reasons { p { (sentence(&prose(reason))) } }
                                            @for supply in &control.supply { p { "Supply: " (prose(supply)) } }
                                            @if let Some(waiver) = &control.waiver {
                                                p { "Waived until " (printable(&waiver.expires)) ": " (prose(&waiver.reason)) }
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn badge(status: ControlStatus) -> Markup {
    let class = match status {
        ControlStatus::Pass => "pass",
        ControlStatus::Fail => "fail",
        ControlStatus::Waived => "waived",
        ControlStatus::NotRequested | ControlStatus::NotChecked => "not-checked",
    };
    html! { span class=(format!("status {class}")) { (status) } }
}
