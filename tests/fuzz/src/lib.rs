//! What must hold whatever the input, as functions of bytes.
//!
//! `cargo test` runs them on bytes of a fixed seed (`tests/it/fuzz.rs`), cargo-fuzz on bytes that it makes up
//! (`tests/fuzz/targets`). A function that panics has found something.

pub mod choices;
pub mod programs;
pub mod targets;
