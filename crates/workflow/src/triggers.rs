//! What starts a workflow: its `on`.

use seaworthy_source::yaml::Node;

/// What starts a workflow. The default is one of which nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Triggers {
    events: Vec<String>,
    /// The branches, if pushes to them are all that starts it and each is written out.
    branches: Option<Vec<String>>,
}

impl Triggers {
    /// Events by their names, and the only branches whose pushes count.
    pub fn new<'e>(events: impl IntoIterator<Item = &'e str>, branches: Option<Vec<String>>) -> Self {
        Self { events: events.into_iter().map(str::to_owned).collect(), branches }
    }

    /// Reads `on`.
    pub(super) fn read(on: Option<&Node>) -> Self {
        let Some(on) = on else { return Self::default() };
        let text = |n: &Node| n.scalar().map(|s| s.text.clone());
        let mut events: Vec<String> = text(on).into_iter().chain(on.items().iter().filter_map(text)).collect();
        events.extend(on.entries().iter().map(|(key, _)| key.text.clone()));
        let push = on.get("push").filter(|_| events.len() == 1);
        let only = |p: &Node| !["tags", "branches-ignore", "tags-ignore"].iter().any(|k| p.get(k).is_some());
        let branches = push.filter(|p| only(p)).and_then(|p| p.get("branches")).and_then(|b| {
            let all: Vec<String> = text(b).into_iter().chain(b.items().iter().filter_map(text)).collect();
            let plain = |b: &String| !b.contains(['*', '?', '!', '+', '[', '$']);
            (!all.is_empty() && all.iter().all(plain)).then_some(all)
        });
        Self { events, branches }
    }

    /// The names that `github.event_name` may have; nothing if that is not known.
    pub fn events(&self) -> Option<Vec<String>> {
        // A called workflow has its caller's event.
        let own = !self.events.is_empty() && !self.events.iter().any(|e| e == "workflow_call");
        own.then(|| self.events.clone())
    }

    /// The branches that it can run for; nothing if that is not known.
    pub fn branches(&self) -> Option<Vec<String>> {
        self.branches.clone()
    }
}
