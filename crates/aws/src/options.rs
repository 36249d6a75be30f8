//! How AWS is reached.

/// How to reach the account.
#[derive(Clone, Debug, Default)]
pub struct LiveOptions {
    /// The region, if not that of the environment.
    pub region: Option<String>,
    /// The profile, if not that of the environment.
    pub profile: Option<String>,
    /// The account that is expected: it is taken where AWS refuses to tell which one the credentials belong to.
    pub account: Option<String>,
    /// An endpoint for every service, such as that of a test account.
    pub endpoint: Option<String>,
}
