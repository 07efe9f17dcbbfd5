//! One file, alone: its facts, extracted from its syntax tree.

pub mod ir;
