//! gilcheck says where Python threads, processes and event loops do not fit the work they are given.

pub mod cost;
pub mod diagnostic;
pub mod facts;
pub mod id;
pub mod knowledge;
pub mod project;
pub mod syntax;
pub mod text;
