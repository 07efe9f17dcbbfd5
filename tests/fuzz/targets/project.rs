//! See `gilcheck_fuzz::targets::project`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gilcheck_fuzz::targets::project(bytes));
