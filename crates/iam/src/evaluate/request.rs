//! What is asked.

use super::super::context::Context;
use super::super::hole;
use super::super::pattern::LONGEST_VALUE;
use super::super::principal::{PrincipalError, Requester};

/// One request: may this principal do this to that?
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub principal: Requester,
    /// The action, in lower case: a service, a colon and an operation.
    pub(in super::super) action: String,
    /// The resource's ARN, or `*` for an action without resource.
    pub(in super::super) resource: String,
    /// The account that owns the resource, if it is known otherwise than from the ARN.
    resource_account: Option<String>,
    /// What else is known.
    pub context: Context,
}

/// Why something is not a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The principal.
    #[error("{0}")]
    Principal(#[from] PrincipalError),
    /// Not one action: no colon, an empty part or a wildcard.
    #[error("the action must be a service, a colon and one operation")]
    Action,
    /// Nothing.
    #[error("the resource is empty")]
    Resource,
    /// A principal, action or resource of more than 8,192 bytes.
    #[error("longer than 8192 bytes")]
    TooLong,
}

impl Request {
    /// Makes a request. `resource_account` is the resource owner's account; ARNs of Amazon S3 do not tell it.
    ///
    /// # Errors
    /// [`RequestError`] when the principal, the action or the resource is none.
    pub fn new(
        principal: &str,
        action: &str,
        resource: &str,
        resource_account: Option<&str>,
        context: Context,
    ) -> Result<Self, RequestError> {
        if [principal, action, resource].iter().any(|text| text.len() > LONGEST_VALUE) {
            return Err(RequestError::TooLong);
        }
        let principal = Requester::parse(principal)?;
        let (service, operation) = action.split_once(':').ok_or(RequestError::Action)?;
        if service.is_empty() || operation.is_empty() || action.contains(['*', '?']) {
            return Err(RequestError::Action);
        }
        if resource.is_empty() {
            return Err(RequestError::Resource);
        }
        let resource_account = resource_account.map(str::to_owned);
        Ok(Self {
            principal,
            action: action.to_lowercase(),
            resource: resource.to_owned(),
            resource_account,
            context,
        })
    }

    /// The same request for another resource.
    #[must_use]
    pub fn for_resource(&self, resource: &str) -> Self {
        Self { resource: resource.to_owned(), ..self.clone() }
    }

    /// The same request, with the requester's account as the owner of a resource whose owner is not known otherwise.
    #[must_use]
    pub fn owned_by_requester(mut self) -> Self {
        if self.owner().is_none() {
            self.resource_account = self.principal.account().map(str::to_owned);
        }
        self
    }

    /// The account that owns the resource.
    pub(super) fn owner(&self) -> Option<&str> {
        let stated = self.resource_account.as_deref();
        let told = stated.or_else(|| hole::fields(&self.resource, 6).get(4).copied());
        let own = self.principal.account();
        let is_hole = |account: &str| hole::has_unknown(account);
        // An account that no one knows is the requester's only if it is the same hole.
        told.filter(|owner| !owner.is_empty())
            .filter(|owner| own == Some(*owner) || !(is_hole(owner) || own.is_some_and(is_hole)))
    }
}
