//! Findings on a terminal: by check, then by kind of secret, the most severe first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;

use super::screen::{BOLD, DIM, LINK, OPEN, PLAIN, Piece, Screen, of_severity};
use super::{THE_REST, TextOptions};
use crate::finding::{CheckMeta, Confidence, Finding, Redacted, Report, Severity};
use crate::report::phrase::{artifact, count, hidden, made_in, number, place, printable, prose};
use seaworthy_source::{Origin, Place};

/// Further places of a secret that are shown unless all are asked for.
const PLACES: usize = 3;
/// Characters of an instruction that are shown unless all are asked for.
const INSTRUCTION: usize = 90;

/// What makes findings of one check alike; the order is the one on screen.
type Kind<'r> = (Reverse<Severity>, Reverse<Confidence>, Option<&'r str>, &'r str);

/// One check's findings by kind.
struct Section<'r> {
    id: &'static str,
    meta: Option<&'static CheckMeta>,
    kinds: BTreeMap<Kind<'r>, Vec<&'r Finding>>,
}

impl<'r> Section<'r> {
    fn worst(&self) -> Option<Severity> {
        self.kinds.keys().next().map(|k| k.0.0)
    }

    fn count(&self) -> usize {
        self.kinds.values().map(Vec::len).sum()
    }

    fn all(report: &'r Report) -> Vec<Self> {
        let mut sections: BTreeMap<&'static str, Self> = BTreeMap::new();
        for finding in &report.findings {
            let section = sections.entry(finding.check).or_insert_with(|| Self {
                id: finding.check,
                meta: report.checks.iter().map(|c| c.meta).find(|m| m.id == finding.check),
                kinds: BTreeMap::new(),
            });
            let kind = (
                Reverse(finding.severity),
                Reverse(finding.confidence),
                finding.detector.as_deref(),
                finding.message.as_str(),
            );
            section.kinds.entry(kind).or_default().push(finding);
        }
        let mut sections: Vec<Self> = sections.into_values().collect();
        sections.sort_by_key(|s| Reverse(s.worst()));
        sections
    }
}

/// All findings, at length.
pub(super) fn write(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    let mut page = Page { report, options, screen };
    Section::all(report).iter().try_for_each(|section| page.section(section))
}

/// One line for each kind of finding.
pub(super) fn brief(report: &Report, screen: &mut Screen<'_>) -> io::Result<()> {
    for section in Section::all(report) {
        for ((severity, _, _, message), findings) in &section.kinds {
            let Some(first) = findings.first() else { continue };
            let mut at = place(&first.origin);
            if findings.len() > 1 {
                at.push_str(&format!(" and {} more", number(findings.len() - 1)));
            }
            let pieces =
                [(BOLD, section.id.to_owned()), (PLAIN, format!("{}:", printable(message))), (LINK, at)];
            screen.one_line(of_severity(severity.0), severity.0.as_str(), &pieces)?;
        }
    }
    Ok(())
}

struct Page<'a, 'out> {
    report: &'a Report,
    options: &'a TextOptions,
    screen: &'a mut Screen<'out>,
}

impl Page<'_, '_> {
    fn section(&mut self, section: &Section<'_>) -> io::Result<()> {
        let name = section.meta.map_or("", |m| m.name).to_owned();
        let heading = [
            (BOLD, section.id.to_owned()),
            (BOLD, name),
            (DIM, format!("· {}", count(section.count(), "finding"))),
        ];
        self.screen.blank()?;
        self.screen.heading(&heading)?;
        if let Some(meta) = section.meta {
            self.screen.entry(DIM, "why", &[(DIM, meta.why.to_owned())])?;
        }
        let shown = self.options.shown(section.kinds.len());
        for (kind, findings) in section.kinds.iter().take(shown) {
            self.screen.blank()?;
            self.kind(section.id, kind, findings)?;
        }
        if shown < section.kinds.len() {
            let rest: usize = section.kinds.values().skip(shown).map(Vec::len).sum();
            let kinds = count(section.kinds.len() - shown, "more kind");
            self.screen.blank()?;
            self.screen
                .say("…", format!("and {kinds} of {}, {} {THE_REST}", section.id, count(rest, "finding")))?;
        }
        Ok(())
    }

    fn kind(&mut self, id: &str, kind: &Kind<'_>, findings: &[&Finding]) -> io::Result<()> {
        let (Reverse(severity), Reverse(confidence), detector, message) = kind;
        let detector = detector.map_or_else(String::new, |d| format!("{} · ", printable(d)));
        let pieces = [(BOLD, printable(message)), (DIM, format!("\n{detector}confidence {confidence}"))];
        self.screen.entry(of_severity(*severity), severity.as_str(), &pieces)?;

        let shown = self.options.shown(findings.len());
        let mut runs = findings[..shown].chunk_by(|a, b| alike(a, b)).peekable();
        while let Some(run) = runs.next() {
            let Some(first) = run.first() else { continue };
            for (i, finding) in run.iter().enumerate() {
                let at = self.at(finding);
                self.screen.entry(DIM, if i == 0 { "at" } else { "" }, &at)?;
            }
            self.surroundings(&first.origin)?;
            self.places(first)?;
            for note in &first.notes {
                self.screen.say("note", prose(note))?;
            }
            let next = runs.peek().and_then(|run| run.first());
            if next.is_none() && shown < findings.len() {
                let rest = number(findings.len() - shown);
                self.screen.say("…", format!("and {rest} more of {id} {THE_REST}"))?;
            }
            if next.is_none_or(|next| next.fix != first.fix) {
                self.screen.entry(DIM, "fix", &[(PLAIN, prose(&first.fix))])?;
            }
        }
        Ok(())
    }

    fn at(&self, finding: &Finding) -> Vec<Piece> {
        let mut pieces = vec![(LINK, place(&finding.origin))];
        if let Some(secret) = &finding.secret {
            pieces.push((PLAIN, format!("· {}", redacted(secret))));
        }
        if let (2.., Place::Text { offset, .. }) = (self.options.verbose, &finding.origin.place) {
            pieces.push((DIM, format!("· offset {}", number(*offset))));
        }
        if self.options.verbose > 0 {
            pieces.push((DIM, format!("· fingerprint {}", finding.fingerprint.as_str())));
        }
        pieces
    }

    /// The artifact if there are several, the layer and what made it, and what hides the file.
    fn surroundings(&mut self, origin: &Origin) -> io::Result<()> {
        let alone = self.report.artifacts.len() == 1;
        if !alone || self.report.artifacts.iter().any(|a| a.name != origin.artifact) {
            self.screen.say("of", artifact(&origin.artifact, origin.platform.as_deref()))?;
        }
        let most = if self.options.verbose > 0 { usize::MAX } else { INSTRUCTION };
        if let Some(text) = made_in(origin, most) {
            self.screen.say("in", text)?;
        }
        if let (2.., Some(layer)) = (self.options.verbose, &origin.layer) {
            self.screen.say("digest", printable(&layer.digest))?;
        }
        match (hidden(origin), origin.state) {
            (Some(text), _) => self.screen.entry(DIM, "state", &[(OPEN, text)]),
            (None, Some(state)) if self.options.verbose > 0 => self.screen.say("state", state.as_str()),
            _ => Ok(()),
        }
    }

    fn places(&mut self, finding: &Finding) -> io::Result<()> {
        let all = finding.places.len();
        let shown = if self.options.verbose > 0 { all } else { all.min(PLACES) };
        for (i, other) in finding.places.iter().take(shown).enumerate() {
            let origin = &other.origin;
            let mut pieces = vec![(LINK, place(origin))];
            if other.severity != finding.severity {
                pieces.push((of_severity(other.severity), format!("· {}", other.severity)));
            }
            let layer = made_in(origin, INSTRUCTION).into_iter().chain(hidden(origin)).collect::<Vec<_>>();
            if !layer.is_empty() {
                pieces.push((PLAIN, format!("· {}", layer.join("; "))));
            }
            self.screen.entry(DIM, if i == 0 { "also" } else { "" }, &pieces)?;
        }
        if shown < all {
            self.screen.say("…", format!("and {} {THE_REST}", count(all - shown, "more place")))?;
        }
        Ok(())
    }
}

/// Whether two findings of a kind differ in their place and value alone, so that the rest need be said once.
fn alike(a: &Finding, b: &Finding) -> bool {
    let around = |f: &Finding| {
        let o = &f.origin;
        (o.artifact.clone(), o.platform.clone(), o.layer.clone(), o.made_by.clone(), o.state, f.fix.clone())
    };
    let bare = |f: &Finding| f.places.is_empty() && f.notes.is_empty();
    bare(a) && bare(b) && around(a) == around(b)
}

fn redacted(secret: &Redacted) -> String {
    let length = count(secret.length, "byte");
    match secret.preview.as_str() {
        "…" => format!("{length}, not shown"),
        preview => format!("{} ({length})", printable(preview)),
    }
}
