//! What is compiled in: every knowledge file under its root package, and what must be known without parsing them.
//!
//! The tests of [`super`] hold the three lists true to the files and say what is missing.

/// Root packages, sorted, each with the text of its file.
pub(super) const LIBRARIES: &[(&str, &str)] = &[("requests", include_str!("lib/requests.toml"))];

/// Root packages without a file of their own, sorted, each with the root package whose file has aliases for them.
pub(super) const ALIAS_ROOTS: &[(&str, &str)] = &[];

/// Last segments of the names that hand work to a vehicle, and of the classes that are one; sorted.
pub(super) const SPAWN_WORDS: &[&str] = &[];
