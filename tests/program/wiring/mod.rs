//! `seaworthy wiring`, against all that could make it say PASS where it could not look: sources that are changed in one
//! place, and accounts that do not answer.

mod account;
mod changes;
mod hostile;
mod plans;
mod snapshots;
mod sources;
mod templates;
mod terraform;
mod unseen;
