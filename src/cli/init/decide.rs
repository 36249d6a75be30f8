//! From facts to the entries of a contract.

use std::collections::{BTreeMap, BTreeSet};

use super::collect::last_name;
use super::facts::{Facts, Guess, Stored, Task};
use super::read::handle_of;
use super::tree::UNKNOWN;

/// A `[[secrets]]` entry.
pub(super) struct Secret {
    pub(super) handle: String,
    /// The parameter's name or ARN; nothing where only the secret's name is known.
    pub(super) parameter: Option<String>,
    pub(super) variables: Vec<String>,
    pub(super) from: String,
}

/// A `[[roles]]` entry.
pub(super) struct RoleEntry {
    pub(super) handle: String,
    pub(super) role: String,
    pub(super) is_execution: bool,
    pub(super) requires: Vec<String>,
    pub(super) from: String,
    /// What must be answered about it; the entry holds without.
    pub(super) question: Option<String>,
}

/// A `[[tasks]]` entry.
pub(super) struct TaskEntry {
    pub(super) family: String,
    /// The handle of its role; nothing where only an apply tells.
    pub(super) role: Option<String>,
    pub(super) execution_role: Option<String>,
    pub(super) from: String,
}

/// What a contract says of the account.
#[derive(Default)]
pub(super) struct Wiring {
    pub(super) secrets: Vec<Secret>,
    pub(super) roles: Vec<RoleEntry>,
    /// Roles that are named and that no task uses.
    pub(super) open_roles: Vec<Guess>,
    pub(super) tasks: Vec<TaskEntry>,
    /// Further definitions of a family of `tasks` that run as other roles.
    pub(super) contradictions: Vec<TaskEntry>,
    pub(super) forbidden: Vec<Guess>,
}

/// Names of variables that may carry a secret and that source code would have to mention.
pub(super) fn candidate_variables(facts: &Facts) -> Vec<String> {
    let handles = facts.handles.iter().flat_map(|h| &h.entries).filter_map(|(name, _)| stem(name));
    let labels = facts.stored.iter().filter(|s| s.is_secret).map(|s| handle_of(&s.label));
    let names: BTreeSet<String> = handles.map(str::to_owned).chain(labels).filter(|n| n.len() > 3).collect();
    names.into_iter().take(1_000).collect()
}

/// `DB_PASSWORD` of `SSM_DB_PASSWORD_PATH`.
fn stem(handle: &str) -> Option<&str> {
    let rest = handle.strip_prefix("SSM_")?;
    Some(rest.strip_suffix("_PATH").or_else(|| rest.strip_suffix("_PARAM")).unwrap_or(rest))
}

/// A parameter's name as contracts have it: that of an ARN of the same account, or an ARN of Secrets Manager without the
/// key in it. Nothing where a part is not known.
fn parameter(place: &str) -> Option<String> {
    if let Some((head, name)) = place.split_once(":parameter/") {
        return (head.starts_with("arn:") && !name.contains(UNKNOWN)).then(|| format!("/{name}"));
    }
    if place.contains(UNKNOWN) {
        return None;
    }
    if place.starts_with("arn:") {
        return Some(place.split(':').take(7).collect::<Vec<_>>().join(":"));
    }
    Some(place.to_owned())
}

/// Whether each role that tasks run as is an execution role alone.
fn uses<'f>(tasks: impl Iterator<Item = &'f Task>) -> BTreeMap<&'f str, bool> {
    let mut uses: BTreeMap<&str, bool> = BTreeMap::new();
    for task in tasks {
        for (name, is_execution) in [(&task.role, false), (&task.execution_role, true)] {
            if let Some(name) = name {
                uses.entry(name).and_modify(|e| *e &= is_execution).or_insert(is_execution);
            }
        }
    }
    uses
}

/// The secrets, and the roles and tasks of these task definitions, which run the contract's image.
pub(super) fn wiring(facts: &Facts, tasks: &[&Task]) -> Wiring {
    let mut out = Wiring { secrets: secrets(facts), ..Wiring::default() };
    let own = uses(tasks.iter().copied());
    let mut handles = BTreeSet::new();
    for (name, is_execution) in &own {
        let entry = role(facts, name, *is_execution, &out.secrets, &mut handles);
        out.roles.push(entry);
    }
    out.roles.sort_by_key(|r| (r.is_execution, r.handle.clone()));
    for task in tasks {
        let handle = |name: &Option<String>| {
            let name = name.as_ref()?;
            out.roles.iter().find(|r| r.role == *name).map(|r| r.handle.clone())
        };
        let is_task = |h: &String| out.roles.iter().any(|r| r.handle == *h && !r.is_execution);
        let entry = TaskEntry {
            family: task.family.clone(),
            role: handle(&task.role).filter(is_task),
            execution_role: handle(&task.execution_role).filter(|h| !is_task(h)),
            from: task.from.clone(),
        };
        match out.tasks.iter().find(|t| t.family == entry.family) {
            None => out.tasks.push(entry),
            Some(first) if first.role == entry.role && first.execution_role == entry.execution_role => {}
            Some(_) => out.contradictions.push(entry),
        }
    }
    // A role that a task of another image runs as is used.
    unused_roles(facts, &uses(facts.tasks.iter()), &mut out);
    out
}

fn unused_roles(facts: &Facts, uses: &BTreeMap<&str, bool>, out: &mut Wiring) {
    let declared = facts.roles.values().map(|r| Guess::new(r.name.as_str(), r.from.as_str()));
    let handles = facts.handles.iter().flat_map(|h| &h.entries);
    let is_role = |name: &str, value: &str| {
        name.starts_with("ROLE_") && !value.contains(":user/") && !name.ends_with("_USER")
    };
    let named = handles.filter(|(n, g)| is_role(n, &g.value)).map(|(_, g)| g.clone());
    let mut seen = BTreeSet::new();
    for guess in named.chain(declared) {
        let Some(name) = last_name(&guess.value).map(str::to_owned) else { continue };
        if uses.contains_key(name.as_str()) || !seen.insert(name.clone()) || guess.from.is_empty() {
            continue;
        }
        let is_for_tasks = facts.roles.get(&name).and_then(|r| r.is_for_tasks);
        let guess = Guess { value: name, from: guess.from };
        match is_for_tasks {
            Some(true) => out.open_roles.push(guess),
            _ if is_powerful(&guess.value) => out.forbidden.push(guess),
            Some(false) => {}
            // Only a registry of handles names it.
            None => out.open_roles.push(guess),
        }
    }
}

/// Whether a role's name says that it builds, deploys or administers.
fn is_powerful(name: &str) -> bool {
    let words = name.to_ascii_lowercase();
    let mut words = words.split(['-', '_', '.', '/']);
    words.any(|w| {
        [
            "terraform",
            "deploy",
            "deployer",
            "admin",
            "administrator",
            "github",
            "gitlab",
            "ci",
            "cicd",
            "pipeline",
        ]
        .contains(&w)
    })
}

fn role(
    facts: &Facts,
    name: &str,
    is_execution: bool,
    secrets: &[Secret],
    handles: &mut BTreeSet<String>,
) -> RoleEntry {
    let known = facts.roles.get(name).filter(|r| !r.from.is_empty());
    let registry = facts.handles.iter().flat_map(|h| &h.entries);
    let registered =
        registry.clone().find(|(n, g)| n.starts_with("ROLE_") && last_name(&g.value) == Some(name));
    let own = registered.map_or_else(|| handle_of(name), |(n, _)| n.trim_start_matches("ROLE_").to_owned());
    let mut handle = own.clone();
    let mut n = 2;
    while !handles.insert(handle.clone()) {
        handle = format!("{own}_{n}");
        n += 1;
    }
    let user = facts
        .tasks
        .iter()
        .find(|t| t.role.as_deref() == Some(name) || t.execution_role.as_deref() == Some(name));
    let from = known.map(|r| r.from.clone()).or_else(|| user.map(|t| t.from.clone())).unwrap_or_default();
    let mut entry =
        RoleEntry { handle, role: name.to_owned(), is_execution, requires: Vec::new(), from, question: None };
    if is_execution {
        return entry;
    }
    let Some(known) = known else {
        if !secrets.is_empty() {
            entry.question = Some("none of its policies is known: which secrets does it read?".to_owned());
        }
        return entry;
    };
    let mut wide = Vec::new();
    for read in &known.reads {
        let is_wide = read.value.contains(['*', '?']) && !read.value.ends_with("-??????")
            || read.value.contains(UNKNOWN);
        let matching =
            secrets.iter().filter(|s| s.parameter.as_deref().is_some_and(|p| is_of(p, &read.value)));
        match matching.map(|s| s.handle.clone()).collect::<Vec<_>>() {
            found if !found.is_empty() => entry.requires.extend(found),
            _ if is_wide => wide.push(read.value.replace(UNKNOWN, "…")),
            _ => {}
        }
    }
    entry.requires.sort();
    entry.requires.dedup();
    if !wide.is_empty() {
        wide.dedup();
        wide.truncate(3);
        entry.question =
            Some(format!("its policy lets it read {}: which secrets does it need?", wide.join(", ")));
    }
    entry
}

/// Whether a statement's resource is exactly this parameter or secret, in whatever account and region.
fn is_of(parameter: &str, resource: &str) -> bool {
    match (resource.split_once(":parameter"), resource.split_once(":secret:")) {
        (Some((_, path)), _) => parameter == path || parameter == path.trim_start_matches('/'),
        (_, Some((_, name))) => parameter.split_once(":secret:").is_some_and(|(_, own)| {
            let bare = |n: &str| {
                n.trim_end_matches(UNKNOWN)
                    .trim_end_matches("-??????")
                    .trim_end_matches(['-', '*'])
                    .to_owned()
            };
            own == name || (!bare(name).is_empty() && own.starts_with(&format!("{}-", bare(name))))
        }),
        _ => false,
    }
}

fn secrets(facts: &Facts) -> Vec<Secret> {
    let mut out: Vec<Secret> = Vec::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut add = |out: &mut Vec<Secret>, place: String, handle: &str, variable: Option<&str>, from: &str| {
        let variable = variable.filter(|v| taken.insert((*v).to_owned()));
        match out.iter_mut().find(|s| s.parameter.as_deref() == Some(place.as_str())) {
            Some(there) => there.variables.extend(variable.map(str::to_owned)),
            None => out.push(Secret {
                handle: handle.to_owned(),
                parameter: Some(place),
                variables: variable.map(str::to_owned).into_iter().collect(),
                from: from.to_owned(),
            }),
        }
    };
    let mut open: Vec<Guess> = Vec::new();
    for task in &facts.tasks {
        for (variable, place) in &task.secrets {
            match parameter(place) {
                Some(place) => add(&mut out, place, variable, Some(variable), &task.from),
                None => open.push(Guess::new(variable.as_str(), task.from.as_str())),
            }
        }
    }
    let is_plain = |path: &str| facts.stored.iter().any(|s| s.name == path && !s.is_secret);
    let variable = |name: &str| {
        let is_named = facts.variables.iter().any(|g| g.value == name);
        is_named || facts.confirmed.contains_key(name)
    };
    for (name, guess) in facts.handles.iter().flat_map(|h| &h.entries) {
        // A path is a parameter's if its handle says so; a path of the image or of a machine is none.
        let (Some(stem), true) = (stem(name), guess.value.starts_with('/')) else { continue };
        if !is_plain(&guess.value) {
            add(&mut out, guess.value.clone(), stem, Some(stem).filter(|v| variable(v)), &guess.from);
        }
    }
    let is_arn_open = |s: &&Stored| s.is_secret;
    for stored in facts.stored.iter().filter(is_arn_open) {
        let is_shared = facts.stored.iter().filter(|s| s.label == stored.label).count() > 1;
        let label = if is_shared {
            stored.name.rsplit('/').next().unwrap_or_default()
        } else {
            stored.label.as_str()
        };
        let own = handle_of(label);
        // The ARN of a Secrets Manager secret ends in characters that only AWS knows.
        if stored.name.starts_with('/') || !stored.name.contains('/') {
            add(
                &mut out,
                stored.name.clone(),
                &own,
                Some(own.as_str()).filter(|v| variable(v)),
                &stored.from,
            );
        } else {
            open.push(Guess::new(own, stored.from.as_str()));
        }
    }
    let mut handles = BTreeSet::new();
    for secret in &mut out {
        secret.handle = unused_handle(secret, &handles);
        handles.insert(secret.handle.clone());
    }
    let carried: BTreeSet<String> = out.iter().flat_map(|s| s.variables.clone()).collect();
    for guess in open.into_iter().chain(facts.variables.iter().cloned()) {
        if !carried.contains(&guess.value) && handles.insert(guess.value.clone()) {
            out.push(Secret {
                handle: guess.value,
                parameter: None,
                variables: Vec::new(),
                from: guess.from,
            });
        }
    }
    out
}

/// A handle that no other secret has: its own, else one made of the end of the parameter's name.
fn unused_handle(secret: &Secret, taken: &BTreeSet<String>) -> String {
    let parts: Vec<&str> = secret.parameter.as_deref().unwrap_or_default().split(['/', ':']).collect();
    let end = |count: usize| {
        handle_of(&parts.iter().rev().take(count).rev().copied().collect::<Vec<_>>().join("_"))
    };
    let named = std::iter::once(secret.handle.clone()).chain((1..=3).map(end));
    let numbered = (2..).map(|n| format!("{}_{n}", secret.handle));
    named.chain(numbered).find(|handle| !taken.contains(handle)).unwrap_or_default()
}
