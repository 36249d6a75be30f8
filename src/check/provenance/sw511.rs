//! SW511: times out of order.

use jiff::Timestamp;

use super::Case;
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_provenance::{DocumentKind, Field, RegistryAnswer, Text};
use seaworthy_source::Origin;

/// SW511.
pub struct TimesOutOfOrder;

const META: CheckMeta = CheckMeta {
    id: "SW511",
    name: "times-out-of-order",
    summary: "Times are not in UTC, lie in the future, or are not in the order build, push, provenance, run header.",
    why: "A document that is older than what it describes was not written from it; one from the future was written with a wrong clock, or by hand.",
    fix: "Take the times from the machines that do the work, in UTC with a `Z`, when each step ends; set wrong clocks right. The contract's max_clock_skew_seconds says how far clocks may differ.",
    example: Example {
        fails: hidden!(r#""written_at_utc": "2024-02-13T10:40:00+01:00","#),
        mended: r#""written_at_utc": "2024-02-13T09:40:00Z","#,
        silent: "Differences within the contract's clock skew.",
    },
    severity: Severity::Medium,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-345"],
};

/// One thing that happened.
struct Event {
    what: &'static str,
    at: Timestamp,
    origin: Origin,
}

impl Check<Case<'_>> for TimesOutOfOrder {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        case.compares(&[Field::BuildCompletedAt, Field::WrittenAt])
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        let mut events = Events { case, context, answers, own: Vec::new() };
        let pushed = case.provenance.as_ref().and_then(|r| r.fields.get(Field::PushedAt));
        let build = case.need(&META, Field::BuildCompletedAt, events.answers);
        let written = case.need(&META, Field::WrittenAt, events.answers);
        events.add("build", DocumentKind::Provenance, build);
        events.add("push", DocumentKind::Provenance, pushed);
        let by_registry = match &case.documents.registry {
            RegistryAnswer::Answered(facts) => facts.pushed_at,
            RegistryAnswer::Unreachable(_) | RegistryAnswer::NotAsked => None,
        };
        if let Some(at) = by_registry {
            events.own.push(Event { what: "push (by the registry)", at, origin: super::sw506::origin(case) });
        }
        events.add("packaging provenance", DocumentKind::Provenance, written);
        for text in case.header.iter().flat_map(|h| h.all(Field::WrittenAt)) {
            events.add("run header", DocumentKind::RunHeader, Some(text));
        }
        events.in_order();
        // The receipt is written some time after the build, the security evidence at any time.
        let receipt = case.receipt.as_ref().and_then(|r| r.fields.get(Field::WrittenAt));
        events.own.retain(|e| e.what == "build");
        events.add("receipt", DocumentKind::Receipt, receipt);
        events.in_order();
        let security = case.security.as_ref().and_then(|s| s.reading.fields.get(Field::WrittenAt));
        events.add("security evidence", DocumentKind::Security, security);
        if case.expectations.require_push_time && pushed.is_none() && by_registry.is_none() {
            let reason = "the contract asks for the time of the push, and neither the provenance nor the registry tells it";
            answers.not_checked.push(case.not_checked(&META, DocumentKind::Provenance, reason));
        }
    }
}

struct Events<'e, 'a> {
    case: &'e Case<'a>,
    context: &'e Context<'e>,
    answers: &'e mut Answers,
    own: Vec<Event>,
}

impl Events<'_, '_> {
    /// Takes in a time; says so if it is not in UTC or lies in the future.
    fn add(&mut self, what: &'static str, kind: DocumentKind, text: Option<&Text>) {
        let Some((text, time)) = text.and_then(|t| Some((t, t.time()?))) else { return };
        let origin = self.case.origin_at(kind, text.span);
        if !time.is_utc {
            let message = format!("the time of the {what} is not written in UTC with a `Z`");
            self.report(origin.clone(), &[what, text.pointer.as_str(), "utc"], message);
        }
        let now = self.case.documents.now;
        if self.is_after(time.at, now) {
            let message = format!("the time of the {what}, {}, lies in the future", time.at);
            self.report(origin.clone(), &[what, text.pointer.as_str(), "future"], message);
        }
        self.own.push(Event { what, at: time.at, origin });
    }

    /// Whether `a` is after `b` by more than clocks may differ.
    fn is_after(&self, a: Timestamp, b: Timestamp) -> bool {
        let skew = i64::try_from(self.case.expectations.skew_seconds).unwrap_or(i64::MAX);
        a.as_second().saturating_sub(b.as_second()) > skew
    }

    fn in_order(&mut self) {
        let mut wrong = Vec::new();
        for (i, later) in self.own.iter().enumerate() {
            let earlier = self.own.iter().take(i).rev().find(|earlier| self.is_after(earlier.at, later.at));
            let Some(earlier) = earlier else { continue };
            let message = format!(
                "the {} at {} comes before the {} at {}",
                later.what, later.at, earlier.what, earlier.at
            );
            wrong.push((later.origin.clone(), later.what, earlier.what, message));
        }
        for (origin, later, earlier, message) in wrong {
            self.report(origin, &[later, earlier], message);
        }
    }

    fn report(&mut self, origin: Origin, about: &[&str], message: String) {
        let finding = self.case.finding(&META, self.context, origin, about, message);
        self.answers.findings.push(finding);
    }
}
