//! Repositories of ECR.

use aws_sdk_ecr::types::{ImageTagMutability, Repository as Answer};

use super::super::{Gap, Mutability, Place, Repository, Seen};
use super::session::{Failure, Session};

const CALL: &str = "ecr:DescribeRepositories";

/// Asks about one repository. One by one: a call about several tells of none if one of them does not exist.
pub async fn look_up(session: &Session, name: &str) -> Seen<Repository> {
    let request = session.ecr.describe_repositories().repository_names(name);
    match session.call(CALL, request.send()).await {
        Ok(answer) => {
            let mut repositories = answer.repositories.unwrap_or_default().into_iter();
            match repositories.find(|r| r.repository_name.as_deref() == Some(name)) {
                Some(repository) => Seen::Value(repository_of(name, repository)),
                None => Seen::NotSeen(Failure::malformed(CALL).gap()),
            }
        }
        Err(failure) if failure.is("RepositoryNotFound") => Seen::Absent,
        Err(failure) => Seen::NotSeen(failure.gap()),
    }
}

fn repository_of(name: &str, repository: Answer) -> Repository {
    let filters = repository.image_tag_mutability_exclusion_filters.unwrap_or_default();
    let mut except: Vec<String> = filters.into_iter().map(|f| f.filter).collect();
    except.sort();
    let mutability = match repository.image_tag_mutability {
        Some(ImageTagMutability::Mutable) => Seen::Value(Mutability::Mutable),
        Some(ImageTagMutability::Immutable) => Seen::Value(Mutability::Immutable),
        Some(ImageTagMutability::ImmutableWithExclusion) => Seen::Value(Mutability::ImmutableExcept(except)),
        Some(ImageTagMutability::MutableWithExclusion) => Seen::Value(Mutability::MutableExcept(except)),
        Some(_) => Seen::NotSeen(Gap::new("the tag mutability is none that is known").by_call(CALL)),
        None => Seen::NotSeen(Gap::new("the answer says nothing of tag mutability").by_call(CALL)),
    };
    let address = repository.repository_arn.unwrap_or_else(|| name.to_owned());
    Repository {
        name: name.to_owned(),
        uri: repository.repository_uri,
        place: Place { address, ..Place::default() },
        mutability,
    }
}
