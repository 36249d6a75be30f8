//! Compound commands: branches, loops, subshells.

use super::words::Emptied;
use super::{End, Flow, MAX_CALLS, Place, Run, Way, outside};
use crate::check::packaging::truth;
use seaworthy_dockerfile::shell::tree::{Item, Node};
use seaworthy_dockerfile::shell::{Command, WordPart, fits_pattern};

/// Most rounds of a loop.
const MAX_ROUNDS: usize = 200;
/// Most values of a `for`.
const MAX_VALUES: usize = 64;

/// Whether a loop goes on, on each way that its condition leaves open; nothing if that is not known. Ends within the
/// condition are added to the list.
type Asking<'a> = &'a dyn Fn(&mut Vec<End>, Way) -> Vec<(Option<bool>, Way)>;

/// Where the commands of a body stand.
fn inside(place: Place) -> Place {
    if place == Place::Plain { Place::Plain } else { Place::Quiet }
}

impl Run<'_, '_> {
    pub(super) fn node(&self, node: &Node<'_>, way: Way, place: Place) -> Vec<End> {
        match node {
            Node::Command(command) => self.simple(command, way, place),
            Node::Subshell(list) => {
                let ends = self.list(list, way.clone(), place);
                let left = |end: End| End { way: outside(&way, &end.way), flow: Flow::Next };
                ends.into_iter().map(left).collect()
            }
            Node::Brace(list) => self.list(list, way, place),
            Node::If { branches, otherwise } => self.branches(branches, otherwise, way, place),
            Node::For(head, body) => self.each(head, body, way, place),
            Node::While { until, condition, body } => self.rounds(*until, condition, body, way, place),
            Node::Case(head, branches) => self.cases(*head, branches, way, place),
            Node::Function(..) => vec![End { way: Way { status: 0, ..way }, flow: Flow::Next }],
        }
    }

    /// A call of a function of the script.
    pub(super) fn call(&self, body: &Node<'_>, arguments: Vec<String>, way: Way, place: Place) -> Vec<End> {
        if self.depth.get() >= MAX_CALLS {
            return self.give_up();
        }
        self.depth.set(self.depth.get() + 1);
        let before = way.arguments.clone();
        let ends = self.node(body, Way { arguments, ..way }, place);
        self.depth.set(self.depth.get() - 1);
        let back = |mut end: End| {
            end.way.arguments.clone_from(&before);
            if end.flow == Flow::Return {
                end.flow = Flow::Next;
            }
            end
        };
        ends.into_iter().map(back).collect()
    }

    fn branches(
        &self,
        branches: &[(Vec<Item<'_>>, Vec<Item<'_>>)],
        otherwise: &[Item<'_>],
        way: Way,
        place: Place,
    ) -> Vec<End> {
        let mut open = vec![way];
        let mut done = Vec::new();
        for (condition, body) in branches {
            let mut next = Vec::new();
            for end in open.into_iter().flat_map(|way| self.list(condition, way, Place::Condition)) {
                match (end.flow, end.way.status) {
                    (Flow::Next, 0) => done.extend(self.list(body, end.way, place)),
                    (Flow::Next, _) => next.push(end.way),
                    _ => done.push(end),
                }
            }
            open = next;
        }
        for way in open {
            done.extend(self.list(
                otherwise,
                Way { status: if otherwise.is_empty() { 0 } else { way.status }, ..way },
                place,
            ));
        }
        done
    }

    /// `for`.
    fn each(&self, head: &Command, body: &[Item<'_>], way: Way, place: Place) -> Vec<End> {
        let words: Vec<&_> = head.words.iter().collect();
        let raw = words.get(1).and_then(|w| w.literal()).unwrap_or_default();
        if let Some(parts) = raw.strip_prefix("((").and_then(|t| t.strip_suffix("))")) {
            return self.counted(parts, body, way, place);
        }
        let mut values: Vec<Option<String>> = Vec::new();
        for word in words.iter().skip(3) {
            let series = match word.parts.as_slice() {
                [WordPart::Substitution { script, .. }] => series(&script.commands),
                _ => word.literal().and_then(|text| braces(&text)),
            };
            match series {
                Some(all) => values.extend(all.into_iter().map(Some)),
                None => values.push(self.value(word, &way, &Emptied::default())),
            }
        }
        if values.is_empty() || values.len() > MAX_VALUES {
            values = vec![None];
        }
        let (mut open, mut done) = (vec![Way { status: 0, ..way }], Vec::new());
        let mut left = Vec::new();
        for value in values {
            let mut next = Vec::new();
            for mut way in open {
                way.values.set(&raw, value.clone());
                self.round(body, way, place, &mut next, &mut left, &mut done);
            }
            open = next;
        }
        done.extend(open.into_iter().chain(left).map(|way| End { way, flow: Flow::Next }));
        done
    }

    /// `for (( start; condition; step ))`
    fn counted(&self, parts: &str, body: &[Item<'_>], mut way: Way, place: Place) -> Vec<End> {
        let parts: Vec<&str> = parts.split(';').collect();
        let part = |nth: usize| parts.get(nth).copied().unwrap_or_default();
        truth::arithmetic(part(0), &mut way.values);
        // Without a condition it goes on.
        let is_open = part(1).trim().is_empty();
        let holds = |way: &mut Way| {
            if is_open { Some(true) } else { truth::arithmetic(part(1), &mut way.values).map(|n| n != 0) }
        };
        let step = |way: &mut Way| {
            truth::arithmetic(part(2), &mut way.values);
        };
        self.turns(way, place, body, &|_, mut way| vec![(holds(&mut way), way)], &step)
    }

    fn rounds(
        &self,
        until: bool,
        condition: &[Item<'_>],
        body: &[Item<'_>],
        way: Way,
        place: Place,
    ) -> Vec<End> {
        let ask = |done: &mut Vec<End>, way: Way| {
            let status = way.status;
            let mut answers = Vec::new();
            for mut end in self.list(condition, way, Place::Condition) {
                if end.flow != Flow::Next {
                    done.push(end);
                    continue;
                }
                let goes_on = (end.way.status == 0) != until;
                end.way.status = status;
                answers.push((Some(goes_on), end.way));
            }
            answers
        };
        self.turns(way, place, body, &ask, &|_| {})
    }

    /// Rounds as long as `ask` says so.
    fn turns(
        &self,
        way: Way,
        place: Place,
        body: &[Item<'_>],
        ask: Asking<'_>,
        step: &dyn Fn(&mut Way),
    ) -> Vec<End> {
        let (mut open, mut done, mut left) = (vec![Way { status: 0, ..way }], Vec::new(), Vec::new());
        let mut seen: Vec<Way> = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let mut next = Vec::new();
            for way in std::mem::take(&mut open) {
                if !self.step() {
                    return done;
                }
                if seen.contains(&way) {
                    self.endless.set(true);
                    continue;
                }
                seen.push(way.clone());
                for (goes_on, way) in ask(&mut done, way) {
                    if goes_on != Some(true) {
                        left.push(way.clone());
                    }
                    if goes_on != Some(false) {
                        self.round(body, way, place, &mut next, &mut left, &mut done);
                    }
                }
            }
            next.iter_mut().for_each(step);
            open = next;
            if open.is_empty() {
                break;
            }
        }
        if !open.is_empty() {
            return self.give_up();
        }
        done.extend(left.into_iter().map(|way| End { way, flow: Flow::Next }));
        done
    }

    /// One round of a loop: the ways that go on, those that leave it, and those that end more than the loop.
    fn round(
        &self,
        body: &[Item<'_>],
        way: Way,
        place: Place,
        next: &mut Vec<Way>,
        left: &mut Vec<Way>,
        done: &mut Vec<End>,
    ) {
        for mut end in self.list(body, way, inside(place)) {
            match end.flow {
                Flow::Next | Flow::Continue(1) => next.push(end.way),
                Flow::Break(1) => left.push(end.way),
                Flow::Break(n) | Flow::Continue(n) => {
                    let outer = n.saturating_sub(1);
                    end.flow = if matches!(end.flow, Flow::Break(_)) {
                        Flow::Break(outer)
                    } else {
                        Flow::Continue(outer)
                    };
                    done.push(end);
                }
                Flow::Return | Flow::Exit => done.push(end),
            }
        }
    }

    fn cases(
        &self,
        head: Option<&Command>,
        branches: &[(&Command, Vec<Item<'_>>)],
        way: Way,
        place: Place,
    ) -> Vec<End> {
        let subject =
            head.and_then(|h| h.words.get(1)).and_then(|w| self.value(w, &way, &Emptied::default()));
        let mut done = Vec::new();
        for (patterns, body) in branches {
            // What a variable or a bracket decides may be it, or not.
            let fits = |text: &str| {
                let each = || patterns.words.iter().map(|w| fits_pattern(&w.literal()?, text));
                let first = [Some(true), None].into_iter().find(|answer| each().any(|one| one == *answer));
                first.unwrap_or(Some(false))
            };
            let fitting = subject.as_deref().map(fits);
            let is_rest = patterns.words.iter().any(|w| w.literal().as_deref() == Some("*"));
            let is_help = subject.is_none()
                && patterns.words.iter().all(|w| w.literal().is_some_and(|p| truth::is_help(&p)));
            if is_help || fitting == Some(Some(false)) {
                continue;
            }
            done.extend(self.list(body, way.clone(), place));
            if fitting == Some(Some(true)) || is_rest {
                return done;
            }
        }
        done.push(End { way: Way { status: 0, ..way }, flow: Flow::Next });
        done
    }
}

/// The numbers that `seq 3` or `seq 1 3` prints.
fn series(commands: &[Command]) -> Option<Vec<String>> {
    let [command] = commands else { return None };
    let words: Vec<String> = command.words.iter().map(|w| w.literal()).collect::<Option<_>>()?;
    let (program, numbers) = words.split_first()?;
    let numbers: Vec<i64> = numbers.iter().map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let (from, to) = match numbers.as_slice() {
        [to] => (1, *to),
        [from, to] | [from, _, to] => (*from, *to),
        _ => return None,
    };
    (program == "seq").then(|| range(from, to)).flatten()
}

/// The numbers of `{1..3}`.
fn braces(text: &str) -> Option<Vec<String>> {
    let (from, to) = text.strip_prefix('{')?.strip_suffix('}')?.split_once("..")?;
    range(from.parse().ok()?, to.parse().ok()?)
}

fn range(from: i64, to: i64) -> Option<Vec<String>> {
    let count = to.checked_sub(from)?;
    (0..MAX_VALUES as i64).contains(&count).then(|| (from..=to).map(|n| n.to_string()).collect())
}
