//! The facts of one file: a compact form of its definitions, statements and expressions.
//!
//! Everything is an index into a vector of [`Facts`], so that two files with the same code have
//! equal facts: offsets live apart, in [`Spans`].
//!
//! ```python
//! def work(n):            # Function { name: work, parameters: [n], body: [...] }
//!     for i in range(n):  # Statement::For { target, iterable, body, .. }
//!         step(i)         # Statement::Expression(call)
//! ```

use crate::id::{ClassId, ExpressionId, FunctionId, NameId, StatementId};
use crate::text::{Shift, Span};
use rustc_hash::FxHashMap;

/// All that is known of one file by itself, without positions.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Facts {
    /// Interned names and string pieces, by [`NameId`].
    pub names: Vec<Box<str>>,
    /// Expressions, by [`ExpressionId`]; children come before their parents.
    pub expressions: Vec<Expression>,
    /// Statements, by [`StatementId`].
    pub statements: Vec<Statement>,
    /// Functions and lambdas, by [`FunctionId`], in source order.
    pub functions: Vec<Function>,
    /// Classes, by [`ClassId`], in source order.
    pub classes: Vec<Class>,
    /// The module's own statements.
    pub body: Block,
    /// Every name bound at module level, with what binds it, in source order.
    pub bindings: Vec<Binding>,
    /// `__all__`, where it is a plain literal.
    pub exports: Option<Vec<NameId>>,
    /// Every `self.name = value` in a method (first parameter's attribute), in source order.
    pub attribute_stores: Vec<AttributeStore>,
    /// True if the file has a statement `if __name__ == "__main__":`.
    pub has_main_guard: bool,
}

/// Byte ranges of what [`Facts`] numbers.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Spans {
    /// By [`ExpressionId`].
    pub expressions: Vec<Span>,
    /// By [`StatementId`]: the whole statement.
    pub statements: Vec<Span>,
    /// By [`FunctionId`]: the whole definition without decorators (for a lambda, the lambda).
    pub functions: Vec<Span>,
    /// By [`FunctionId`]: the name (for a lambda, the word `lambda`).
    pub function_names: Vec<Span>,
    /// By [`ClassId`]: the whole definition without decorators.
    pub classes: Vec<Span>,
    /// By [`ClassId`]: the name.
    pub class_names: Vec<Span>,
    /// Comments, in source order.
    pub comments: Vec<Span>,
    /// Nodes the grammar could not make sense of, in source order.
    pub errors: Vec<Span>,
    /// The first place that is nested too deep to be looked into.
    pub cut: Option<Span>,
}

impl Spans {
    /// Where all that stood in `earlier`, with the same facts, is now; `None` where there is no telling.
    pub fn follow(&self, earlier: &Spans, shift: Shift) -> Option<Moves> {
        let (old, new) = (earlier.groups(), self.groups());
        let pairs = || old.iter().zip(&new).flat_map(|(old, new)| old.iter().zip(*new));
        let same = old.iter().zip(&new).all(|(old, new)| old.len() == new.len())
            && self.errors.iter().copied().map(Some).eq(earlier.errors.iter().map(|error| shift.moved(*error)))
            && self.cut == earlier.cut.and_then(|cut| shift.moved(cut));
        if !same {
            return None;
        }
        let mut odd: FxHashMap<Span, Option<Span>> = FxHashMap::default();
        // A block takes the comments behind it in, so that its end may move on its own.
        if pairs().any(|(old, new)| shift.moved(*old) != Some(*new)) {
            for (old, new) in pairs() {
                let known = odd.entry(*old).or_insert(Some(*new));
                known.take_if(|known| *known != *new);
            }
        }
        Some(Moves { shift, odd })
    }

    fn groups(&self) -> [&[Span]; 6] {
        [&self.expressions, &self.statements, &self.functions, &self.function_names, &self.classes, &self.class_names]
    }
}

/// Where what stood in an earlier text with the same facts is now.
#[derive(Debug)]
pub struct Moves {
    shift: Shift,
    /// All places, where some have not moved as the text around them; nothing for what has become two.
    odd: FxHashMap<Span, Option<Span>>,
}

impl Moves {
    /// Where that place is now; `None` where there is no telling.
    pub fn moved(&self, span: Span) -> Option<Span> {
        if self.odd.is_empty() { self.shift.moved(span) } else { self.odd.get(&span).copied().flatten() }
    }
}

/// Statements that run one after the other.
pub type Block = Box<[StatementId]>;

/// A function, method or lambda.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name; `<lambda>` for a lambda.
    pub name: NameId,
    /// Parameters in order, `self` included.
    pub parameters: Vec<Parameter>,
    /// Decorator expressions, outermost first.
    pub decorators: Vec<ExpressionId>,
    /// The `-> T` annotation.
    pub returns: Option<ExpressionId>,
    /// Statements; for a lambda one [`Statement::Return`].
    pub body: Block,
    /// `async def`.
    pub is_async: bool,
    /// Holds a `yield` of its own.
    pub is_generator: bool,
    /// Holds an `await`, `async for` or `async with` of its own.
    pub has_await: bool,
    /// The function it is nested in.
    pub parent: Option<FunctionId>,
    /// The class whose body it stands in.
    pub class: Option<ClassId>,
    /// Names bound in it: parameters first, then assigned names, imports, definitions; sorted and unique
    /// after the parameters. Names declared `global` or `nonlocal` are not among them.
    pub locals: Vec<NameId>,
    /// Names declared `global`.
    pub globals: Vec<NameId>,
    /// Names declared `nonlocal`.
    pub nonlocals: Vec<NameId>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: NameId,
    /// How arguments reach it.
    pub kind: ParameterKind,
    /// `: T`.
    pub annotation: Option<ExpressionId>,
    /// `= value`.
    pub default: Option<ExpressionId>,
}

/// How arguments reach a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// Before `/`.
    PositionalOnly,
    /// Plain.
    Plain,
    /// `*args`.
    Star,
    /// Behind `*`.
    KeywordOnly,
    /// `**kwargs`.
    DoubleStar,
}

/// A class.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// Its name.
    pub name: NameId,
    /// Base classes, without keyword arguments.
    pub bases: Vec<ExpressionId>,
    /// Keyword arguments (`metaclass=…`).
    pub keywords: Vec<(NameId, ExpressionId)>,
    /// Decorator expressions, outermost first.
    pub decorators: Vec<ExpressionId>,
    /// Its statements.
    pub body: Block,
    /// Methods and nested functions directly in its body, in source order (through `if` and `try`).
    pub methods: Vec<FunctionId>,
    /// Names bound in its body other than by `def`, with what binds them.
    pub bindings: Vec<Binding>,
    /// The function it is nested in.
    pub parent: Option<FunctionId>,
    /// The class it is nested in.
    pub outer: Option<ClassId>,
}

/// What binds a name at module or class level.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The name.
    pub name: NameId,
    /// What it is bound to.
    pub value: BindingValue,
    /// Bound only while type checking (`if TYPE_CHECKING:`).
    pub typing_only: bool,
    /// Bound inside an `if`, `try`, `for`, `while` or `with`, so perhaps not at all.
    pub conditional: bool,
}

/// See [`Binding`].
#[derive(Debug, Clone, PartialEq)]
pub enum BindingValue {
    /// `name = value` (also one target of a chain, `name: T = value`, `(name := value)`).
    Assigned(ExpressionId),
    /// `a, (name, b) = value`: the path of indices into the value.
    Unpacked(ExpressionId, Box<[u32]>),
    /// `name: T` without a value.
    Annotated(ExpressionId),
    /// `name += value` and the like.
    Augmented(ExpressionId),
    /// `for name in iterable`.
    Iterated(ExpressionId),
    /// `with context as name`.
    Entered(ExpressionId),
    /// `def name`.
    Function(FunctionId),
    /// `class name`.
    Class(ClassId),
    /// `import a.b` binds `a`; `import a.b as c` binds `c` to `a.b`.
    Import {
        /// The dotted module, whole.
        module: NameId,
        /// `as` was given, so the name is the whole dotted module, else its first part.
        aliased: bool,
    },
    /// `from ..a import b as c`.
    ImportFrom {
        /// The dotted module behind the dots; empty for `from . import b`.
        module: NameId,
        /// Leading dots.
        level: u32,
        /// What is imported.
        member: NameId,
    },
    /// `from a import *`; its `name` is the empty string.
    ImportStar {
        /// The dotted module behind the dots.
        module: NameId,
        /// Leading dots.
        level: u32,
    },
    /// Something else (`except E as name`, `del name`, a match pattern).
    Other,
}

/// `self.name = value` in a method.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeStore {
    /// The class whose method it is.
    pub class: ClassId,
    /// The method it stands in (a nested function's enclosing method).
    pub function: FunctionId,
    /// The attribute.
    pub attribute: NameId,
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the line over each variant shows its fields")]
pub enum Statement {
    /// An expression for its effect.
    Expression(ExpressionId),
    /// `a = b = value`; targets are expressions (names, attributes, subscripts, tuples, starred).
    Assign { targets: Box<[ExpressionId]>, value: ExpressionId },
    /// `target op= value`.
    AugmentedAssign { target: ExpressionId, operator: Operator, value: ExpressionId },
    /// `target: annotation = value`.
    AnnotatedAssign { target: ExpressionId, annotation: ExpressionId, value: Option<ExpressionId> },
    /// `return value`.
    Return(Option<ExpressionId>),
    /// `raise exception from cause`.
    Raise { exception: Option<ExpressionId>, cause: Option<ExpressionId> },
    /// `for target in iterable: body else: otherwise`. `assigned` lists the names bound anywhere in the
    /// body or target (not in nested functions), sorted and unique.
    For {
        target: ExpressionId,
        iterable: ExpressionId,
        body: Block,
        otherwise: Block,
        is_async: bool,
        assigned: Box<[NameId]>,
    },
    /// `while condition: body else: otherwise`.
    While { condition: ExpressionId, body: Block, otherwise: Block, assigned: Box<[NameId]> },
    /// `if condition: then else: otherwise`; `elif` is an `If` alone in `otherwise`.
    If { condition: ExpressionId, then: Block, otherwise: Block },
    /// `with context as target, …: body`.
    With { items: Box<[(ExpressionId, Option<ExpressionId>)]>, body: Block, is_async: bool },
    /// `try: body except …: else: finally:`.
    Try { body: Block, handlers: Box<[Handler]>, otherwise: Block, finally: Block },
    /// `match subject:`.
    Match { subject: ExpressionId, cases: Box<[Case]> },
    /// `def` or `async def`.
    Function(FunctionId),
    /// `class`.
    Class(ClassId),
    /// Any import inside a function or at module level: the bindings it makes.
    Import(Box<[Binding]>),
    /// `assert test, message`.
    Assert { test: ExpressionId, message: Option<ExpressionId> },
    /// `del targets`.
    Delete(Box<[ExpressionId]>),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `pass`, `global`, `nonlocal`, a type alias, or what the grammar could not read.
    Nothing,
}

/// An `except` clause.
#[derive(Debug, Clone, PartialEq)]
pub struct Handler {
    /// What it catches.
    pub exception: Option<ExpressionId>,
    /// `as name`.
    pub name: Option<NameId>,
    /// Its statements.
    pub body: Block,
}

/// A `case` clause.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Names that its pattern binds.
    pub names: Box<[NameId]>,
    /// What it asks of the subject.
    pub pattern: Pattern,
    /// The guard.
    pub guard: Option<ExpressionId>,
    /// Its statements.
    pub body: Block,
}

/// The pattern of a `case`.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// `_`: whatever it is.
    Any,
    /// What nests too deep to be looked into.
    Unknown,
    /// `name`: whatever it is, under that name.
    Capture(NameId),
    /// `"start"`, `-1`, `None`, `Color.RED`: what is equal to the expression's value.
    Equal(ExpressionId),
    /// `A | B`.
    Either(Box<[Pattern]>),
    /// `[first, *rest]`, `(x, y)`, `x, y`; a starred part stands as [`Pattern::Rest`].
    Sequence(Box<[Pattern]>),
    /// `*rest` in a sequence.
    Rest(Option<NameId>),
    /// `{"op": op, **rest}`, without the rest.
    Mapping(Box<[(ExpressionId, Pattern)]>),
    /// `Point(x, y=0)`.
    Class {
        /// The class that the subject must be an instance of.
        class: ExpressionId,
        /// Parts by position.
        positional: Box<[Pattern]>,
        /// Parts by attribute.
        keywords: Box<[(NameId, Pattern)]>,
    },
    /// `pattern as name`.
    Named(Box<Pattern>, NameId),
}

impl Pattern {
    /// The expressions in it, outermost first.
    pub fn expressions(&self) -> Vec<ExpressionId> {
        let (mut open, mut all) = (vec![self], Vec::new());
        while let Some(pattern) = open.pop() {
            match pattern {
                Pattern::Any | Pattern::Unknown | Pattern::Capture(_) | Pattern::Rest(_) => {}
                Pattern::Equal(value) => all.push(*value),
                Pattern::Either(parts) | Pattern::Sequence(parts) => open.extend(parts.iter().rev()),
                Pattern::Mapping(parts) => {
                    all.extend(parts.iter().map(|(key, _)| *key));
                    open.extend(parts.iter().rev().map(|(_, part)| part));
                }
                Pattern::Class { class, positional, keywords } => {
                    all.push(*class);
                    open.extend(keywords.iter().rev().map(|(_, part)| part));
                    open.extend(positional.iter().rev());
                }
                Pattern::Named(part, _) => open.push(part),
            }
        }
        all
    }
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the line over each variant shows its fields")]
pub enum Expression {
    /// A name.
    Name(NameId),
    /// `value.attribute`.
    Attribute { value: ExpressionId, attribute: NameId },
    /// `callee(arguments)`.
    Call { callee: ExpressionId, arguments: Box<[Argument]> },
    /// `value[index]`; several indices are one tuple.
    Subscript { value: ExpressionId, index: ExpressionId },
    /// `lower:upper:step`.
    Slice { lower: Option<ExpressionId>, upper: Option<ExpressionId>, step: Option<ExpressionId> },
    /// An integer that fits.
    Integer(i64),
    /// An integer that does not fit.
    BigInteger,
    /// A float.
    Float(f64),
    /// A string; its value where it is a plain literal of at most 200 characters, and its length in characters.
    /// Adjacent literals are joined.
    String { value: Option<NameId>, length: u32 },
    /// A bytes literal and its length.
    Bytes { length: u32 },
    /// An f-string: literal characters, the interpolated expressions, and what stands before the first of them if
    /// a name could begin so.
    FormatString { length: u32, parts: Box<[ExpressionId]>, prefix: Option<NameId> },
    /// `True` and `False`.
    Boolean(bool),
    /// `None`.
    None,
    /// `...`.
    Ellipsis,
    /// `(a, b)`.
    Tuple(Box<[ExpressionId]>),
    /// `[a, b]`.
    List(Box<[ExpressionId]>),
    /// `{a, b}`.
    Set(Box<[ExpressionId]>),
    /// `{k: v, **rest}`; a `None` key is a `**` part.
    Dict(Box<[(Option<ExpressionId>, ExpressionId)]>),
    /// `left op right`.
    Binary { operator: Operator, left: ExpressionId, right: ExpressionId },
    /// `not x`, `-x`, `+x`, `~x`.
    Unary { operator: UnaryOperator, operand: ExpressionId },
    /// `a and b`, flattened: `a and b and c` has three.
    And(Box<[ExpressionId]>),
    /// `a or b`, flattened.
    Or(Box<[ExpressionId]>),
    /// `first op second op third`.
    Compare { first: ExpressionId, rest: Box<[(Comparison, ExpressionId)]> },
    /// `then if condition else otherwise`.
    Conditional { condition: ExpressionId, then: ExpressionId, otherwise: ExpressionId },
    /// `lambda …`.
    Lambda(FunctionId),
    /// `namedtuple("Point", "x y")`: the class that the call makes.
    Class(ClassId),
    /// `[element for …]` and its kind. A dict's element is a `Tuple` of key and value.
    Comprehension { kind: ComprehensionKind, element: ExpressionId, clauses: Box<[Clause]> },
    /// `await value`.
    Await(ExpressionId),
    /// `yield value`.
    Yield(Option<ExpressionId>),
    /// `yield from value`.
    YieldFrom(ExpressionId),
    /// `name := value`.
    Named { name: NameId, value: ExpressionId },
    /// `*value`.
    Starred(ExpressionId),
    /// What the grammar could not read; the readable parts are kept.
    Unknown(Box<[ExpressionId]>),
}

/// One argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// How it is passed.
    pub kind: ArgumentKind,
    /// Its value.
    pub value: ExpressionId,
}

/// See [`Argument`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// By position.
    Positional,
    /// `name=value`.
    Keyword(NameId),
    /// `*value`.
    Star,
    /// `**value`.
    DoubleStar,
}

/// `for target in iterable if conditions`.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// What is bound.
    pub target: ExpressionId,
    /// What is walked.
    pub iterable: ExpressionId,
    /// The filters.
    pub conditions: Box<[ExpressionId]>,
    /// `async for`.
    pub is_async: bool,
}

/// What a comprehension makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComprehensionKind {
    /// `[…]`.
    List,
    /// `{…}`.
    Set,
    /// `{k: v …}`.
    Dict,
    /// `(…)`, run when consumed.
    Generator,
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `//`
    FloorDivide,
    /// `%`
    Modulo,
    /// `**`
    Power,
    /// `@`
    MatrixMultiply,
    /// `<<`
    LeftShift,
    /// `>>`
    RightShift,
    /// `&`
    BitAnd,
    /// `|`
    BitOr,
    /// `^`
    BitXor,
}

/// A unary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `not`
    Not,
    /// `-`
    Minus,
    /// `+`
    Plus,
    /// `~`
    Invert,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `is`
    Is,
    /// `is not`
    IsNot,
}
