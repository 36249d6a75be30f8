//! The Docker daemon.
