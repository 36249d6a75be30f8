//! The names of instructions.

/// The instructions that BuildKit knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// Copies files, archives, URLs and Git repositories.
    Add,
    /// Declares build arguments.
    Arg,
    /// Sets the default command.
    Cmd,
    /// Copies files.
    Copy,
    /// Sets the program to run.
    Entrypoint,
    /// Sets environment variables.
    Env,
    /// Names ports.
    Expose,
    /// Starts a stage.
    From,
    /// Sets the health probe.
    Healthcheck,
    /// Sets labels.
    Label,
    /// Names the author (deprecated).
    Maintainer,
    /// Leaves an instruction for images built on this one.
    Onbuild,
    /// Runs a command while building.
    Run,
    /// Sets the shell of shell forms.
    Shell,
    /// Sets the stop signal.
    Stopsignal,
    /// Sets the user.
    User,
    /// Names volumes.
    Volume,
    /// Sets the working directory.
    Workdir,
}

impl Keyword {
    /// All of them, in alphabetical order.
    pub const ALL: [Self; 18] = [
        Self::Add,
        Self::Arg,
        Self::Cmd,
        Self::Copy,
        Self::Entrypoint,
        Self::Env,
        Self::Expose,
        Self::From,
        Self::Healthcheck,
        Self::Label,
        Self::Maintainer,
        Self::Onbuild,
        Self::Run,
        Self::Shell,
        Self::Stopsignal,
        Self::User,
        Self::Volume,
        Self::Workdir,
    ];

    /// The name in capitals.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Arg => "ARG",
            Self::Cmd => "CMD",
            Self::Copy => "COPY",
            Self::Entrypoint => "ENTRYPOINT",
            Self::Env => "ENV",
            Self::Expose => "EXPOSE",
            Self::From => "FROM",
            Self::Healthcheck => "HEALTHCHECK",
            Self::Label => "LABEL",
            Self::Maintainer => "MAINTAINER",
            Self::Onbuild => "ONBUILD",
            Self::Run => "RUN",
            Self::Shell => "SHELL",
            Self::Stopsignal => "STOPSIGNAL",
            Self::User => "USER",
            Self::Volume => "VOLUME",
            Self::Workdir => "WORKDIR",
        }
    }

    /// The instruction of that name, whatever its case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str().eq_ignore_ascii_case(name))
    }

    /// The instruction whose name is two edits or less from `name`, the nearest first.
    pub(super) fn nearest(name: &str) -> Option<Self> {
        const LONGEST: usize = 13;
        if name.len() > LONGEST {
            return None;
        }
        let name = name.to_ascii_uppercase();
        let distance = |k: &Self| edit_distance(name.as_bytes(), k.as_str().as_bytes());
        Self::ALL.into_iter().min_by_key(distance).filter(|k| distance(k) <= 2)
    }
}

/// Levenshtein's distance of two short words.
fn edit_distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let cost = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}
