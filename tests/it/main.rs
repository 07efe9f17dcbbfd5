//! The tests that need more than one module: specs, the call graph, and wishes about the code base.

mod cache;
mod cli;
mod follow;
mod fuzz;
mod hostile;
mod markdown;
mod readme;
mod specs;
mod tidy;
