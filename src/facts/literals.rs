//! Numbers and strings: what they are worth.

use crate::syntax::{Kind, NodeId};

use super::ir::Expression;
use super::{Lowering, boxed};
use crate::id::{ExpressionId, NameId};

/// Longer strings are known by their length alone.
const LONGEST_VALUE: usize = 200;

/// A string literal as it is written.
struct Literal<'t> {
    raw: bool,
    bytes: bool,
    format: bool,
    content: &'t str,
    /// Where the content starts in the file.
    start: u32,
}

impl Lowering<'_> {
    /// An integer's value.
    pub(super) fn integer(&self, node: NodeId) -> Expression {
        parse_integer(self.source(node))
    }

    /// A float's value; a complex number is 0.
    pub(super) fn float(&self, node: NodeId) -> Expression {
        let digits: String = self.source(node).chars().filter(|&c| c != '_').collect();
        Expression::Float(digits.parse().unwrap_or(0.0))
    }

    /// One string literal or several adjacent ones.
    pub(super) fn string(&mut self, node: NodeId) -> ExpressionId {
        let tree = self.tree;
        let one = std::iter::once(node).filter(|&node| tree.kind(node) == Kind::String);
        let several = tree.parts(node).filter(|&part| tree.kind(part) == Kind::String);
        let pieces: Vec<NodeId> = one.chain(several).collect();
        let mut length = 0;
        let (mut any_bytes, mut any_format) = (false, false);
        let mut value = Some(String::new());
        let mut plain = None;
        let mut parts = Vec::new();
        for &piece in &pieces {
            let Some(literal) = literal(self.source(piece), tree.span(piece).start) else {
                value = None;
                continue;
            };
            any_bytes |= literal.bytes;
            any_format |= literal.format;
            if literal.format {
                length += self.format_string(piece, &literal, &mut parts);
                value = None;
                continue;
            }
            let simple = is_simple(literal.content, literal.raw);
            let count =
                if simple { literal.content.chars().count() } else { decoded_length(literal.content, literal.raw) };
            length += count;
            if simple && pieces.len() == 1 && count <= LONGEST_VALUE {
                plain = Some(literal.content);
            } else if length > LONGEST_VALUE {
                value = None;
            } else if let Some(value) = &mut value {
                if simple {
                    value.push_str(literal.content);
                } else {
                    decode(literal.content, literal.raw, |c| value.push(c));
                }
            }
        }
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let span = tree.span(node);
        if any_format {
            let prefix = match *pieces {
                [only] => self.prefix(only),
                _ => None,
            };
            return self.push(Expression::FormatString { length, parts: boxed(parts), prefix }, span);
        }
        if any_bytes {
            return self.push(Expression::Bytes { length }, span);
        }
        let value: Option<NameId> = match (plain, value) {
            (Some(plain), _) => Some(self.intern(plain)),
            (None, Some(value)) => Some(self.intern_composed(value)),
            (None, None) => None,
        };
        self.push(Expression::String { value, length }, span)
    }

    /// `f"do_{command}"`: `do_`, of which a name may be made.
    fn prefix(&mut self, piece: NodeId) -> Option<NameId> {
        let tree = self.tree;
        let first = tree.parts(piece).find(|&part| tree.kind(part) == Kind::Interpolation)?;
        let literal = literal(self.source(piece), tree.span(piece).start)?;
        let before = literal.content.get(..tree.span(first).start.checked_sub(literal.start)? as usize)?;
        let is_name = !before.is_empty() && before.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name.then(|| self.intern(before))
    }

    /// Lowers the interpolations of an f-string, and counts its other characters.
    fn format_string(&mut self, node: NodeId, literal: &Literal<'_>, parts: &mut Vec<ExpressionId>) -> usize {
        let tree = self.tree;
        let mut length = 0;
        let mut at = literal.start;
        let end = literal.start.saturating_add(u32::try_from(literal.content.len()).unwrap_or(u32::MAX));
        for part in tree.parts(node).filter(|&part| tree.kind(part) == Kind::Interpolation) {
            let span = tree.span(part);
            length += self.characters(at, span.start, literal.raw);
            at = span.end;
            self.interpolation(part, parts);
        }
        length + self.characters(at, end, literal.raw)
    }

    /// `{value:{width}}`: the value, then what its format holds.
    fn interpolation(&mut self, node: NodeId, parts: &mut Vec<ExpressionId>) {
        if self.expression_depth >= super::MOST_NESTED_EXPRESSIONS {
            self.cut(node);
            return;
        }
        self.expression_depth += 1;
        let tree = self.tree;
        for part in tree.parts(node) {
            match tree.kind(part) {
                Kind::FormatSpecifier | Kind::FormatExpression => self.interpolation(part, parts),
                kind if kind.is_expression() => parts.push(self.expression(part)),
                _ => {}
            }
        }
        self.expression_depth -= 1;
    }

    /// Characters of an f-string between two offsets; `{{` and `}}` are one each.
    fn characters(&self, start: u32, end: u32, raw: bool) -> usize {
        let text = self.text.get(start as usize..end as usize).unwrap_or("");
        let braces = text.matches("{{").count() + text.matches("}}").count();
        let count = if is_simple(text, raw) { text.chars().count() } else { decoded_length(text, raw) };
        count.saturating_sub(braces)
    }
}

/// Reads `0x_ff`, `0o17`, `017`, `0b1`, `1_000`, `10L` and `3j`.
fn parse_integer(source: &str) -> Expression {
    let digits: String = source.chars().filter(|&c| c != '_').collect();
    let digits = digits.trim_end_matches(['l', 'L']);
    if digits.ends_with(['j', 'J']) {
        return Expression::Float(0.0);
    }
    let lower = digits.to_ascii_lowercase();
    let (rest, radix) = if let Some(rest) = lower.strip_prefix("0x") {
        (rest, 16)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (rest, 8)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (rest, 2)
    } else if lower.len() > 1 && lower.starts_with('0') && lower.bytes().all(|b| matches!(b, b'0'..=b'7')) {
        (lower.as_str(), 8)
    } else {
        (lower.as_str(), 10)
    };
    i64::from_str_radix(rest, radix).map_or(Expression::BigInteger, Expression::Integer)
}

/// Takes prefix and quotes off a string literal that starts at `start`.
fn literal(source: &str, start: u32) -> Option<Literal<'_>> {
    let quote_at = source.find(['"', '\''])?;
    let (prefix, quoted) = source.split_at(quote_at);
    let has = |letter: u8| prefix.bytes().any(|byte| byte.eq_ignore_ascii_case(&letter));
    let quotes = ["\"\"\"", "'''"]
        .into_iter()
        .find(|triple| quoted.len() >= 6 && quoted.starts_with(triple) && quoted.ends_with(triple))
        .map_or(1, str::len);
    let content = quoted.get(quotes..quoted.len().saturating_sub(quotes))?;
    Some(Literal {
        raw: has(b'r'),
        bytes: has(b'b'),
        format: has(b'f') || has(b't'),
        content,
        start: start.saturating_add(u32::try_from(quote_at + quotes).unwrap_or(u32::MAX)),
    })
}

/// True if `content` stands for itself: no escapes, and no line ends that Python reads as `\n`.
fn is_simple(content: &str, raw: bool) -> bool {
    let escape = if raw { b'\r' } else { b'\\' };
    memchr::memchr2(escape, b'\r', content.as_bytes()).is_none()
}

/// How many characters `content` stands for.
fn decoded_length(content: &str, raw: bool) -> usize {
    let mut length = 0;
    decode(content, raw, |_| length += 1);
    length
}

/// Hands the characters that `content` stands for to `take`.
fn decode(content: &str, raw: bool, mut take: impl FnMut(char)) {
    let mut rest = content.chars();
    while let Some(c) = rest.next() {
        if c == '\r' {
            skip_newline(&mut rest);
            take('\n');
            continue;
        }
        if c != '\\' || raw {
            take(c);
            continue;
        }
        match rest.next() {
            Some('\n') => {}
            Some('\r') => skip_newline(&mut rest),
            Some('n') => take('\n'),
            Some('t') => take('\t'),
            Some('r') => take('\r'),
            Some('a') => take('\x07'),
            Some('b') => take('\x08'),
            Some('f') => take('\x0c'),
            Some('v') => take('\x0b'),
            Some(quoted @ ('\\' | '\'' | '"')) => take(quoted),
            Some('x') => take(code(&mut rest, 2, 16, 0)),
            Some('u') => take(code(&mut rest, 4, 16, 0)),
            Some('U') => take(code(&mut rest, 8, 16, 0)),
            Some(octal @ '0'..='7') => take(code(&mut rest, 2, 8, octal.to_digit(8).unwrap_or(0))),
            Some('N') => {
                let mut after = rest.clone();
                if after.next() == Some('{') && after.any(|c| c == '}') {
                    rest = after;
                }
                take(char::REPLACEMENT_CHARACTER);
            }
            Some(other) => {
                take('\\');
                take(other);
            }
            None => take('\\'),
        }
    }
}

/// Takes the `\n` of `\r\n`.
fn skip_newline(rest: &mut std::str::Chars<'_>) {
    let mut after = rest.clone();
    if after.next() == Some('\n') {
        *rest = after;
    }
}

/// Reads at most `most` digits behind `value`, as a character.
fn code(rest: &mut std::str::Chars<'_>, most: u32, radix: u32, mut value: u32) -> char {
    for _ in 0..most {
        let mut after = rest.clone();
        let Some(digit) = after.next().and_then(|c| c.to_digit(radix)) else { break };
        value = value.saturating_mul(radix).saturating_add(digit);
        *rest = after;
    }
    char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER)
}
