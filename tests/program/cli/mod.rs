//! The real binary, from outside: arguments in; reports, messages and an exit code out.

mod accept;
mod bad_input;
mod contract;
mod formats;
mod help;
mod reports;
mod rules;
mod secrets_stay_secret;
mod sources;
mod usage;
