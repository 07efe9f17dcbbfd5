//! Numbers that stand for things in tables: `u32` newtypes, each the index into one vector.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The id of the element at `index`.
            pub fn new(index: usize) -> $name {
                $name(u32::try_from(index).unwrap_or(u32::MAX))
            }

            /// The place in the vector that the id stands for.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A source file, in path order.
    FileId;
    /// A name or a short string, within one file.
    NameId;
    /// An expression, within one file.
    ExpressionId;
    /// A statement, within one file.
    StatementId;
    /// A function or lambda, within one file.
    FunctionId;
    /// A class, within one file.
    ClassId;
}
