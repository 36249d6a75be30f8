//! The account itself, through the AWS SDK: read-only, and only what is wanted.
//!
//! No call that tells a secret's value is ever made. A call that fails leaves a gap where its answer would be, with
//! the permission that is missing where AWS refused it; only if nothing can be asked at all, it is an error. Without the
//! feature `live` the SDK is not built in, and every question is that error.

#[cfg(feature = "live")]
mod account;
#[cfg(feature = "live")]
mod keys;
#[cfg(feature = "live")]
mod parameters;
mod permissions;
#[cfg(feature = "live")]
mod repositories;
#[cfg(feature = "live")]
mod roles;
#[cfg(feature = "live")]
mod secrets;
#[cfg(feature = "live")]
mod services;
#[cfg(feature = "live")]
mod session;
#[cfg(feature = "live")]
mod simulation;
#[cfg(feature = "live")]
mod tasks;

use super::{AwsError, Inspector, Snapshot, Wanted};

pub use super::options::LiveOptions;

/// One request that the simulation API is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SimulationRequest {
    /// The role's ARN.
    pub role: String,
    /// The action.
    pub action: String,
    /// The resource's ARN.
    pub resource: String,
}

/// What the simulation API answered to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulated {
    /// The request.
    pub request: SimulationRequest,
    /// `allowed`, `explicitDeny`, `implicitDeny`; or why there is no answer: the call failed, or context keys are missing.
    pub decision: Result<String, String>,
}

/// Looks at what is wanted, task definitions and repositories included, and at the keys that wanted parameters and
/// secrets use. What is wanted by ARN is found under the ARN and under its name.
///
/// # Errors
/// [`AwsError`] if nothing could be asked at all: no credentials, no region, no AWS client in this build. A call that
/// fails is a gap.
pub fn look_up(
    wanted: &Wanted,
    options: &LiveOptions,
    inspector: &dyn Inspector,
) -> Result<Snapshot, AwsError> {
    #[cfg(feature = "live")]
    return account::look_up(wanted, options, inspector);
    #[cfg(not(feature = "live"))]
    return Err(without_client(wanted, options, inspector));
}

/// Asks the simulation API, batched and paged. One answer for each request, in their order.
///
/// # Errors
/// As for [`look_up`].
pub fn simulate(requests: &[SimulationRequest], options: &LiveOptions) -> Result<Vec<Simulated>, AwsError> {
    #[cfg(feature = "live")]
    return account::simulate(requests, options);
    #[cfg(not(feature = "live"))]
    return Err(without_client(requests, options, ()));
}

/// Why a build without the AWS client cannot ask. What it was asked is taken, so that both builds use it.
#[cfg(not(feature = "live"))]
pub(crate) fn without_client<A, B, C>(_: A, _: B, _: C) -> AwsError {
    AwsError::new("AWS", "this build has no AWS client: it was built without the feature `aws`")
}

/// The IAM policy that [`look_up`] (and [`simulate`], if `simulation`) needs, as JSON for people to paste. It allows no
/// reading of a secret's value.
pub fn policy(wanted: &Wanted, account: &str, region: &str, simulation: bool) -> String {
    permissions::policy(wanted, account, region, simulation)
}
