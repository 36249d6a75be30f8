//! The rules files that are compiled in.

/// Each file's name and text, by name.
pub(super) const FILES: &[(&str, &str)] = &[
    ("rules/ai.toml", include_str!("../../rules/ai.toml")),
    ("rules/applications.toml", include_str!("../../rules/applications.toml")),
    ("rules/atlassian.toml", include_str!("../../rules/atlassian.toml")),
    ("rules/aws.toml", include_str!("../../rules/aws.toml")),
    ("rules/azure.toml", include_str!("../../rules/azure.toml")),
    ("rules/databases.toml", include_str!("../../rules/databases.toml")),
    ("rules/generic.toml", include_str!("../../rules/generic.toml")),
    ("rules/github.toml", include_str!("../../rules/github.toml")),
    ("rules/gitlab.toml", include_str!("../../rules/gitlab.toml")),
    ("rules/google.toml", include_str!("../../rules/google.toml")),
    ("rules/host.toml", include_str!("../../rules/host.toml")),
    ("rules/http.toml", include_str!("../../rules/http.toml")),
    ("rules/infrastructure.toml", include_str!("../../rules/infrastructure.toml")),
    ("rules/kafka.toml", include_str!("../../rules/kafka.toml")),
    ("rules/packages.toml", include_str!("../../rules/packages.toml")),
    ("rules/payments.toml", include_str!("../../rules/payments.toml")),
    ("rules/private-keys.toml", include_str!("../../rules/private-keys.toml")),
    ("rules/registries.toml", include_str!("../../rules/registries.toml")),
    ("rules/saas.toml", include_str!("../../rules/saas.toml")),
    ("rules/slack.toml", include_str!("../../rules/slack.toml")),
    ("rules/wallets.toml", include_str!("../../rules/wallets.toml")),
];
