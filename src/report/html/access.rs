//! Who reads what: a row for each secret, a column for each role.

use maud::{Markup, html};

use super::super::phrase::{count, printable};
use crate::finding::{AccessTable, Existence, Reading, Report};

/// Rows and columns of the table.
const MAX_SECRETS: usize = 300;
const MAX_ROLES: usize = 60;

pub(super) fn section(report: &Report) -> Markup {
    let table = report.access.as_ref().filter(|t| !t.secrets.is_empty() && !t.roles.is_empty());
    html! {
        @if let Some(table) = table {
            section aria-labelledby="access" {
                h2 id="access" { "Who reads what" }
                (matrix(table))
                p.small {
                    "required: the role must read it and can. allowed: it can, and the contract allows that. CANNOT: it must and \
                     cannot. excess: it can and should not. unknown: the sources do not tell."
                }
                @if table.secrets.len() > MAX_SECRETS || table.roles.len() > MAX_ROLES {
                    p { "The table has " (count(table.secrets.len(), "secret")) " and " (count(table.roles.len(), "role")) "; the JSON report has all." }
                }
            }
        }
    }
}

fn matrix(table: &AccessTable) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Table of secrets and roles" {
            table.matrix {
                thead {
                    tr {
                        th scope="col" { "secret" }
                        th scope="col" { "exists" }
                        @for role in table.roles.iter().take(MAX_ROLES) {
                            th scope="col" { (printable(&role.handle)) br; span.small { (role.kind) " role" } }
                        }
                    }
                }
                tbody {
                    @for (row, secret) in table.secrets.iter().enumerate().take(MAX_SECRETS) {
                        tr {
                            th scope="row" { (printable(&secret.handle)) br; span.small { (printable(&secret.kept)) } }
                            td class=(existence(secret.state)) { (secret.state.as_str()) }
                            @for role in table.roles.iter().take(MAX_ROLES) {
                                (cell(role.cells.get(row).copied().unwrap_or(Reading::Unknown)))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn existence(state: Existence) -> &'static str {
    match state {
        Existence::Exists | Existence::Planned => "none",
        Existence::Absent => "bad",
        Existence::Unknown => "unknown",
    }
}

fn cell(reading: Reading) -> Markup {
    let (class, word) = match reading {
        Reading::Required => ("good", "required"),
        Reading::Allowed => ("good", "allowed"),
        Reading::Cannot => ("bad", "CANNOT"),
        Reading::Excess => ("bad", "excess"),
        Reading::None => ("none", "no"),
        Reading::Unknown => ("unknown", "unknown"),
    };
    html! { td class=(class) { (word) } }
}
