//! gilcheck says where Python threads, processes and event loops do not fit the work they are given.

pub mod text;
pub mod id;
pub mod cost;
pub mod diagnostic;
pub mod baseline;
pub mod config;
pub mod source;
pub mod knowledge;
pub mod syntax;
pub mod facts;
pub mod project;
pub mod estimate;
pub mod suppress;
pub mod hazards;
pub mod rules;
pub mod fix;
pub mod explain;
pub mod overview;
pub mod analysis;
pub mod render;
pub mod walk;
pub mod discover;
pub mod cache;
pub mod cli;
pub mod lsp;
