//! A gate is as good as the faults that it refuses: two projects that pass are broken one thing at a time, by rule, and no
//! broken one may pass. `make mutants` tries all; `cargo test` tries a sample.
//!
//! A mutant that passes stands in `equivalent.toml` with the reason: it is no fault, or a fault that the gate does not refuse
//! yet. Any other that passes fails the test.

mod change;
mod documents;
mod edits;
mod image;
mod judge;
mod people;
pub mod project;
mod source;
mod table;
mod workflow;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use judge::Judge;
use project::Project;
use seaworthy::finding::Verdict;
use table::{Review, Table};

/// One thing that is broken.
pub struct Mutant {
    /// Which rule broke it.
    pub rule: &'static str,
    /// What is broken: a file and a place in it.
    pub place: String,
    /// The files as they are then; one that is removed has no content.
    pub files: Vec<(String, Option<Vec<u8>>)>,
}

fn mutants(project: &Project) -> Vec<Mutant> {
    let mut all = documents::mutants(project);
    all.extend(workflow::mutants(project));
    all.extend(source::mutants(project));
    all.extend(image::mutants(project));
    all
}

/// Every `step`th mutant of a sequence that mixes the rules, the same in each run.
fn sample(mut all: Vec<Mutant>, count: usize) -> Vec<Mutant> {
    let mixed = |m: &Mutant| crate::support::hex(format!("{} {}", m.rule, m.place).as_bytes());
    all.sort_by_cached_key(mixed);
    all.truncate(count);
    all
}

struct Outcome {
    tried: usize,
    refused: usize,
    incomplete: usize,
    equivalent: usize,
    /// Those that pass and are known faults.
    open: Vec<String>,
    survivors: Vec<String>,
}

fn attempt(project: &Project, mutants: &[Mutant], table: &Table) -> Outcome {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Outcome {
        tried: mutants.len(),
        refused: 0,
        incomplete: 0,
        equivalent: 0,
        open: Vec::new(),
        survivors: Vec::new(),
    });
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let judge = Judge::new(project);
                while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = judge.verdict(mutant);
                    let name = format!("{} {}: {}", project.name, mutant.rule, mutant.place);
                    let mut found = found.lock().unwrap();
                    match verdict {
                        Ok(Verdict::Fail) => found.refused += 1,
                        Ok(Verdict::Incomplete) | Err(_) => found.incomplete += 1,
                        Ok(Verdict::Pass) => match table.review(mutant) {
                            Some(Review::Equivalent) => found.equivalent += 1,
                            Some(Review::Open) => found.open.push(name),
                            None => found.survivors.push(name),
                        },
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.open.sort();
    found.survivors.sort();
    found
}

/// Tries all mutants of these projects, or so many of each.
fn run(projects: Vec<Project>, count: Option<usize>) {
    let table = Table::read();
    let mut survivors = Vec::new();
    for project in projects {
        let start = Instant::now();
        let control = Judge::new(&project);
        let untouched = Mutant { rule: "none", place: String::new(), files: Vec::new() };
        assert_eq!(
            control.verdict(&untouched),
            Ok(Verdict::Pass),
            "{}: {}",
            project.name,
            control.explain(&untouched)
        );
        let all = mutants(&project);
        let all = match count {
            Some(count) => sample(all, count),
            None => all,
        };
        let outcome = attempt(&project, &all, &table);
        println!(
            "{}: {} mutants, {} fail, {} incomplete, {} equivalent, {} known faults of the gate, {} survivors, {:.1} s",
            project.name,
            outcome.tried,
            outcome.refused,
            outcome.incomplete,
            outcome.equivalent,
            outcome.open.len(),
            outcome.survivors.len(),
            start.elapsed().as_secs_f64()
        );
        for open in &outcome.open {
            println!("  known: {open}");
        }
        for survivor in &outcome.survivors {
            println!("  passes: {survivor}");
        }
        survivors.extend(outcome.survivors);
    }
    let mut complaints: Vec<String> = survivors.iter().map(|s| format!("passes the gate: {s}")).collect();
    if count.is_none() {
        complaints.extend(table.unused().iter().map(|row| format!("matches no mutant that passes: {row}")));
        complaints
            .extend(table.miscounted().iter().map(|row| format!("another number of known faults: {row}")));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// `make mutants`; with SEAWORTHY_MUTANTS, so many of each project.
#[test]
fn every_broken_project_is_refused() {
    let count = std::env::var("SEAWORTHY_MUTANTS").ok().and_then(|count| count.parse().ok());
    run(vec![Project::demo(), Project::ledger()], count);
}

/// Edits of the kinds of the cases: each is refused or not checked, whatever the table of mutants says.
#[test]
fn edits_that_people_make_are_refused() {
    let mut passing = Vec::new();
    for project in [Project::demo(), Project::ledger()] {
        let judge = Judge::new(&project);
        for edit in edits::edits(&project) {
            if judge.verdict(&edit) == Ok(Verdict::Pass) {
                passing.push(format!("{}: {}", project.name, edit.place));
            }
        }
    }
    assert!(passing.is_empty(), "pass:\n{}", passing.join("\n"));
}
