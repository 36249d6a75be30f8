//! Whether a statement about an image names the commit and the repository that the packaging provenance names.

use seaworthy_provenance::statement::{CHANGED, Commit, Statement, repository_form};

/// What a statement says of the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CommitAnswer {
    /// The source is at this commit.
    Same,
    /// The source is at another commit.
    Other,
    /// The source is at this commit, and was changed.
    Changed,
    /// It names no commit of the source; the repositories of those that it names.
    Unknown(Vec<String>),
}

/// Why [`CommitAnswer::Changed`] is no answer.
pub(super) const CHANGED_TREE: &str = "built from a working tree that differed from the commit, so it cannot be compared with the packaging provenance";

/// Compares the commits of a statement's source with `sha`. `repository` is the contract's source repository, if it
/// names one. Commits of other repositories are materials of the build, and any will do.
pub(super) fn compare(statement: &Statement, sha: &str, repository: Option<&str>) -> CommitAnswer {
    let sources: Vec<String> =
        [repository, statement.source.as_deref()].into_iter().flatten().map(repository_form).collect();
    let named = |c: &Commit| c.repository.as_deref().filter(|r| !r.is_empty()).map(repository_form);
    let belongs = |c: &&Commit| match named(c) {
        None => true,
        Some(_) if sources.is_empty() => true,
        Some(own) => sources.contains(&own),
    };
    let of_source: Vec<&Commit> = statement.commits.iter().filter(belongs).collect();
    if of_source.is_empty() {
        return CommitAnswer::Unknown(statement.commits.iter().filter_map(named).collect());
    }
    let names = |c: &Commit| c.id.eq_ignore_ascii_case(sha);
    let is_changed = |c: &Commit| c.id.strip_suffix(CHANGED).is_some_and(|id| id.eq_ignore_ascii_case(sha));
    let same = of_source.iter().filter(|c| names(c) || is_changed(c)).count();
    // Where nothing tells which repository is the source, one that agrees is enough.
    let enough = if sources.is_empty() { same > 0 } else { same == of_source.len() };
    match enough {
        true if of_source.iter().any(|c| is_changed(c)) => CommitAnswer::Changed,
        true => CommitAnswer::Same,
        false => CommitAnswer::Other,
    }
}

/// Whether the statement's source is another repository than the contract's.
pub(super) fn is_other_repository(statement: &Statement, repository: Option<&str>) -> bool {
    let own = repository.map(repository_form);
    let there = statement.source.as_deref().map(repository_form);
    own.zip(there).is_some_and(|(own, there)| own != there)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(source: Option<&str>, commits: &[(Option<&str>, &str)]) -> Statement {
        let commit = |(repository, id): &(Option<&str>, &str)| Commit {
            repository: repository.map(str::to_owned),
            id: (*id).to_owned(),
        };
        Statement {
            source: source.map(str::to_owned),
            commits: commits.iter().map(commit).collect(),
            ..Statement::default()
        }
    }

    #[test]
    fn the_commits_of_the_source_decide() {
        let own = Some("https://github.com/o/r.git#main");
        let other = Some("https://github.com/o/actions");
        assert_eq!(compare(&statement(own, &[(own, "a"), (other, "b")]), "a", None), CommitAnswer::Same);
        assert_eq!(compare(&statement(own, &[(own, "b"), (other, "a")]), "a", None), CommitAnswer::Other);
        assert_eq!(compare(&statement(own, &[(own, "a"), (None, "b")]), "a", None), CommitAnswer::Other);
        assert_eq!(compare(&statement(None, &[(other, "b"), (own, "a")]), "a", None), CommitAnswer::Same);
        assert_eq!(compare(&statement(own, &[(own, "a-dirty")]), "a", None), CommitAnswer::Changed);
        assert_eq!(
            compare(&statement(own, &[(own, "a"), (None, "a-dirty")]), "a", None),
            CommitAnswer::Changed
        );
        assert_eq!(compare(&statement(own, &[(own, "b-dirty")]), "a", None), CommitAnswer::Other);
        let unknown = compare(&statement(own, &[(other, "a")]), "a", None);
        assert_eq!(unknown, CommitAnswer::Unknown(vec!["github.com/o/actions".to_owned()]));
        assert_eq!(compare(&statement(None, &[]), "a", None), CommitAnswer::Unknown(Vec::new()));
        assert!(is_other_repository(&statement(other, &[]), own));
        assert!(!is_other_repository(&statement(own, &[]), Some("git@github.com:o/r.git")));
    }
}
