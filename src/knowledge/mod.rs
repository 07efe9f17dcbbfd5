//! What library functions cost, what they return and what they spawn: cited data.

pub mod schema;
