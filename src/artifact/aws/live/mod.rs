//! The account itself, through the AWS SDK: read-only, and only what is wanted.

use super::{AwsError, Inspector, Snapshot, Wanted};

/// How to reach the account.
#[derive(Clone, Debug, Default)]
pub struct LiveOptions {
    /// The region, if not that of the environment.
    pub region: Option<String>,
    /// The profile, if not that of the environment.
    pub profile: Option<String>,
    /// An endpoint for every service, such as that of a test account.
    pub endpoint: Option<String>,
}

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

/// Looks at what is wanted, task definitions and repositories included.
///
/// # Errors
/// [`AwsError`] if nothing could be asked at all: no credentials, no region. A call that fails is a gap.
pub fn look(
    _wanted: &Wanted,
    _options: &LiveOptions,
    _inspector: &dyn Inspector,
) -> Result<Snapshot, AwsError> {
    Err(AwsError::new("--live", "the account is not read yet"))
}

/// Asks the simulation API, batched and paged. One answer for each request, in their order.
///
/// # Errors
/// As for [`look`].
pub fn simulate(_requests: &[SimulationRequest], _options: &LiveOptions) -> Result<Vec<Simulated>, AwsError> {
    Err(AwsError::new("--simulate", "the account is not asked yet"))
}

/// The IAM policy that [`look`] (and [`simulate`], if `simulation`) needs, as JSON for people to paste.
pub fn policy(_wanted: &Wanted, _account: &str, _region: &str, _simulation: bool) -> String {
    String::new()
}
