//! What a node of a [`Tree`](super::Tree) is: the grammar's kinds as an enum.

use std::sync::OnceLock;

macro_rules! kinds {
    (parts { $($part:ident = $part_text:literal,)* } tokens { $($token:ident = $token_text:literal,)* }) => {
        /// What a node is, named as in the grammar.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Kind {
            $(#[doc = concat!("`", $part_text, "`")] $part,)*
            /// A named node of no interest, whose children may be of some.
            Other,
            /// What the grammar could not read.
            Error,
            $(#[doc = concat!("`", $token_text, "`")] $token,)*
            /// A bracket, a comma or the like: never in a tree.
            Dropped,
        }

        fn named(text: &str) -> Kind {
            match text {
                $($part_text => Kind::$part,)*
                "ERROR" => Kind::Error,
                "string_content" | "string_start" | "string_end" | "escape_sequence" | "line_continuation"
                | "type_conversion" | "escape_interpolation" => Kind::Dropped,
                _ => Kind::Other,
            }
        }

        fn token(text: &str) -> Kind {
            match text {
                $($token_text => Kind::$token,)*
                _ => Kind::Dropped,
            }
        }
    };
}

kinds! {
    parts {
        AliasedImport = "aliased_import",
        ArgumentList = "argument_list",
        AsPattern = "as_pattern",
        AsPatternTarget = "as_pattern_target",
        AssertStatement = "assert_statement",
        Assignment = "assignment",
        Attribute = "attribute",
        AugmentedAssignment = "augmented_assignment",
        Await = "await",
        BinaryOperator = "binary_operator",
        Block = "block",
        BooleanOperator = "boolean_operator",
        BreakStatement = "break_statement",
        Call = "call",
        CaseClause = "case_clause",
        CasePattern = "case_pattern",
        Chevron = "chevron",
        ClassDefinition = "class_definition",
        ClassPattern = "class_pattern",
        Comment = "comment",
        ComparisonOperator = "comparison_operator",
        ComplexPattern = "complex_pattern",
        ConcatenatedString = "concatenated_string",
        ConditionalExpression = "conditional_expression",
        ConstrainedType = "constrained_type",
        ContinueStatement = "continue_statement",
        DecoratedDefinition = "decorated_definition",
        Decorator = "decorator",
        DefaultParameter = "default_parameter",
        DeleteStatement = "delete_statement",
        DictPattern = "dict_pattern",
        Dictionary = "dictionary",
        DictionaryComprehension = "dictionary_comprehension",
        DictionarySplat = "dictionary_splat",
        DictionarySplatPattern = "dictionary_splat_pattern",
        DottedName = "dotted_name",
        ElifClause = "elif_clause",
        Ellipsis = "ellipsis",
        ElseClause = "else_clause",
        ExceptClause = "except_clause",
        ExecStatement = "exec_statement",
        ExpressionList = "expression_list",
        ExpressionStatement = "expression_statement",
        False = "false",
        FinallyClause = "finally_clause",
        Float = "float",
        ForInClause = "for_in_clause",
        ForStatement = "for_statement",
        FormatExpression = "format_expression",
        FormatSpecifier = "format_specifier",
        FunctionDefinition = "function_definition",
        FutureImportStatement = "future_import_statement",
        GeneratorExpression = "generator_expression",
        GenericType = "generic_type",
        GlobalStatement = "global_statement",
        Identifier = "identifier",
        IfClause = "if_clause",
        IfStatement = "if_statement",
        ImportFromStatement = "import_from_statement",
        ImportPrefix = "import_prefix",
        ImportStatement = "import_statement",
        Integer = "integer",
        Interpolation = "interpolation",
        KeywordArgument = "keyword_argument",
        KeywordPattern = "keyword_pattern",
        KeywordSeparator = "keyword_separator",
        Lambda = "lambda",
        LambdaParameters = "lambda_parameters",
        List = "list",
        ListComprehension = "list_comprehension",
        ListPattern = "list_pattern",
        ListSplat = "list_splat",
        ListSplatPattern = "list_splat_pattern",
        MatchStatement = "match_statement",
        MemberType = "member_type",
        Module = "module",
        NamedExpression = "named_expression",
        None = "none",
        NonlocalStatement = "nonlocal_statement",
        NotOperator = "not_operator",
        Pair = "pair",
        Parameters = "parameters",
        ParenthesizedExpression = "parenthesized_expression",
        PassStatement = "pass_statement",
        PatternList = "pattern_list",
        PositionalSeparator = "positional_separator",
        PrintStatement = "print_statement",
        RaiseStatement = "raise_statement",
        RelativeImport = "relative_import",
        ReturnStatement = "return_statement",
        Set = "set",
        SetComprehension = "set_comprehension",
        Slice = "slice",
        SplatPattern = "splat_pattern",
        SplatType = "splat_type",
        String = "string",
        Subscript = "subscript",
        True = "true",
        TryStatement = "try_statement",
        Tuple = "tuple",
        TuplePattern = "tuple_pattern",
        Type = "type",
        TypeAliasStatement = "type_alias_statement",
        TypeParameter = "type_parameter",
        TypedDefaultParameter = "typed_default_parameter",
        TypedParameter = "typed_parameter",
        UnaryOperator = "unary_operator",
        UnionPattern = "union_pattern",
        UnionType = "union_type",
        WhileStatement = "while_statement",
        WildcardImport = "wildcard_import",
        WithClause = "with_clause",
        WithItem = "with_item",
        WithStatement = "with_statement",
        Yield = "yield",
    }
    tokens {
        Plus = "+",
        Minus = "-",
        Star = "*",
        Slash = "/",
        DoubleSlash = "//",
        Percent = "%",
        DoubleStar = "**",
        At = "@",
        ShiftLeft = "<<",
        ShiftRight = ">>",
        Ampersand = "&",
        Bar = "|",
        Caret = "^",
        Tilde = "~",
        PlusEqual = "+=",
        MinusEqual = "-=",
        StarEqual = "*=",
        SlashEqual = "/=",
        DoubleSlashEqual = "//=",
        PercentEqual = "%=",
        DoubleStarEqual = "**=",
        AtEqual = "@=",
        ShiftLeftEqual = "<<=",
        ShiftRightEqual = ">>=",
        AmpersandEqual = "&=",
        BarEqual = "|=",
        CaretEqual = "^=",
        EqualEqual = "==",
        NotEqual = "!=",
        LessGreater = "<>",
        Less = "<",
        LessEqual = "<=",
        Greater = ">",
        GreaterEqual = ">=",
        In = "in",
        NotIn = "not in",
        Is = "is",
        IsNot = "is not",
        And = "and",
        Or = "or",
        As = "as",
        Async = "async",
        Colon = ":",
        Comma = ",",
        Def = "def",
        Class = "class",
        From = "from",
    }
}

impl Kind {
    /// Neither an operator, a keyword nor an error.
    pub fn is_part(self) -> bool {
        self < Kind::Error
    }

    /// Its node has no children worth a look.
    pub fn is_leaf(self) -> bool {
        self > Kind::Error
            || matches!(
                self,
                Kind::Identifier | Kind::Integer | Kind::Float | Kind::True | Kind::False | Kind::None | Kind::Ellipsis
            )
    }

    /// A statement, simple or compound.
    pub fn is_statement(self) -> bool {
        matches!(
            self,
            Kind::AssertStatement
                | Kind::BreakStatement
                | Kind::ClassDefinition
                | Kind::ContinueStatement
                | Kind::DecoratedDefinition
                | Kind::DeleteStatement
                | Kind::ExecStatement
                | Kind::ExpressionStatement
                | Kind::ForStatement
                | Kind::FunctionDefinition
                | Kind::FutureImportStatement
                | Kind::GlobalStatement
                | Kind::IfStatement
                | Kind::ImportFromStatement
                | Kind::ImportStatement
                | Kind::MatchStatement
                | Kind::NonlocalStatement
                | Kind::PassStatement
                | Kind::PrintStatement
                | Kind::RaiseStatement
                | Kind::ReturnStatement
                | Kind::TryStatement
                | Kind::TypeAliasStatement
                | Kind::WhileStatement
                | Kind::WithStatement
        )
    }

    /// An expression or a target.
    pub fn is_expression(self) -> bool {
        matches!(
            self,
            Kind::Attribute
                | Kind::Await
                | Kind::BinaryOperator
                | Kind::BooleanOperator
                | Kind::Call
                | Kind::ComparisonOperator
                | Kind::ConcatenatedString
                | Kind::ConditionalExpression
                | Kind::Dictionary
                | Kind::DictionaryComprehension
                | Kind::DottedName
                | Kind::Ellipsis
                | Kind::ExpressionList
                | Kind::False
                | Kind::Float
                | Kind::GeneratorExpression
                | Kind::Identifier
                | Kind::Integer
                | Kind::Lambda
                | Kind::List
                | Kind::ListComprehension
                | Kind::ListPattern
                | Kind::ListSplat
                | Kind::ListSplatPattern
                | Kind::NamedExpression
                | Kind::None
                | Kind::NotOperator
                | Kind::ParenthesizedExpression
                | Kind::PatternList
                | Kind::Set
                | Kind::SetComprehension
                | Kind::String
                | Kind::Subscript
                | Kind::True
                | Kind::Tuple
                | Kind::TuplePattern
                | Kind::UnaryOperator
                | Kind::Yield
        )
    }
}

/// The grammar's kind numbers, translated.
pub(super) struct Table(Vec<Kind>);

impl Table {
    /// The kind with the grammar's number `id`; an error has the greatest number.
    pub(super) fn get(&self, id: u16) -> Kind {
        self.0.get(id as usize).copied().unwrap_or(Kind::Error)
    }
}

/// Made once.
pub(super) fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let language = tree_sitter::Language::new(tree_sitter_python::LANGUAGE);
        let count = u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
        let kind = |id| match language.node_kind_for_id(id) {
            Some(text) if language.node_kind_is_named(id) => named(text),
            Some(text) => token(text),
            None => Kind::Other,
        };
        Table((0..count).map(kind).collect())
    })
}
