//! Invented secrets that detectors know by their form.

/// A GitHub token whose checksum is right.
pub const GITHUB: &str = "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";
/// An AWS access key's ID.
pub const AWS_KEY: &str = "AKIAN454ZW6VN7XW6C4X";
/// A GitLab token.
pub const GITLAB: &str = "glpat-421HAtikXUcAMF5tVH9J";
/// A Slack token.
pub const SLACK: &str = "xoxb-351589158842-6134627889720-CM53rQN1Sl3RFTTjbmCeKWl7";
/// A Stripe key.
pub const STRIPE: &str = "sk_live_mWk5DwHqIImGEkWc0mcleMju";
/// An npm token.
pub const NPM: &str = "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";
