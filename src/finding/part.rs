//! The parts of a gate: what is examined one after the other, and what became of each.

/// A part of a gate: one kind of thing that is examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The build context and the Dockerfile.
    Context,
    /// The built image.
    Image,
    /// Parameters, roles and task definitions.
    Wiring,
    /// The entrypoints' contracts.
    Entrypoints,
    /// Provenance, build receipt and run header.
    Papers,
    /// What the registry says of tag and digest.
    Registry,
    /// The CI workflow that builds.
    Workflow,
}

impl Part {
    /// All of them, in the order in which a gate examines them.
    pub const ALL: [Self; 7] = [
        Self::Context,
        Self::Image,
        Self::Wiring,
        Self::Entrypoints,
        Self::Papers,
        Self::Registry,
        Self::Workflow,
    ];

    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Image => "image",
            Self::Wiring => "wiring",
            Self::Entrypoints => "entrypoints",
            Self::Papers => "provenance",
            Self::Registry => "registry",
            Self::Workflow => "workflow",
        }
    }

    /// The part that asks a check, by the check's family (the first digit of its ID) and, where a family has several
    /// parts, by its ID.
    pub fn of(check: &str) -> Option<Self> {
        let number = check.strip_prefix("SW")?;
        Some(match (number.get(..1)?, number) {
            (_, "408") => Self::Image,
            (_, "506" | "508") => Self::Registry,
            (_, "604" | "605") => Self::Workflow,
            ("1" | "2", _) => Self::Context,
            ("3", _) => Self::Image,
            ("4", _) => Self::Wiring,
            ("5", _) => Self::Papers,
            ("6", _) => Self::Entrypoints,
            _ => return None,
        })
    }
}

/// What became of a part of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartState {
    /// It was examined, as far as its items that were not checked leave it.
    Done,
    /// It was to be examined and could not be.
    Missing(String),
    /// The contract does not ask for it.
    NotAsked,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_of_checks_has_a_part() {
        for (check, part) in [
            ("SW101", Part::Context),
            ("SW309", Part::Image),
            ("SW401", Part::Wiring),
            ("SW506", Part::Registry),
            ("SW509", Part::Papers),
            ("SW601", Part::Entrypoints),
            ("SW604", Part::Workflow),
        ] {
            assert_eq!(Part::of(check), Some(part));
        }
        assert_eq!(Part::of("SW9"), None);
        assert_eq!(Part::of("é"), None);
    }
}
