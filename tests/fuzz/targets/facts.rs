//! See `gilcheck_fuzz::targets::facts`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gilcheck_fuzz::targets::facts(bytes));
