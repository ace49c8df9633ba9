//! HCL expressions into nodes. Every step is counted, so no expression runs or grows without
//! bound, and every fault is reported at the part of the expression that has it. Pure.

use std::collections::BTreeMap;
use std::rc::Rc;

use hcl_edit::expr::Expression;
use hcl_edit::expr::Object;
use hcl_edit::expr::ObjectKey;
use hcl_edit::expr::UnaryOperator;

use super::decode::nearest;
use super::decode::short;
use super::limits;
use super::node::Entry;
use super::node::Node;
use super::node::Value;
use super::node::duplicates;
use super::variables::Variables;
use crate::diagnostic::Code;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::SourceId;
use crate::diagnostic::Span;
use crate::diagnostic::codes;

/// How many locals may stand behind one another.
const LOCAL_CHAIN: usize = 48;

/// A local value's expression and the text that it stands in.
#[derive(Clone, Copy)]
pub(crate) struct Local<'a> {
    pub(crate) source: SourceId,
    pub(crate) key: Span,
    pub(crate) expression: &'a Expression,
}

/// How far a local value is.
enum Progress {
    Begun,
    Done(Node),
}

/// Evaluates expressions.
pub(crate) struct Evaluator<'a> {
    pub(crate) source: SourceId,
    pub(crate) found: &'a mut Diagnostics,
    pub(super) variables: &'a Variables,
    locals: BTreeMap<String, Local<'a>>,
    progress: BTreeMap<String, Progress>,
    chain: usize,
    /// `each.key` and `each.value` of the block that is expanded, and names of `for`.
    pub(crate) names: Vec<(String, Node)>,
    pub(super) left: u64,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(
        source: SourceId,
        found: &'a mut Diagnostics,
        variables: &'a Variables,
        locals: BTreeMap<String, Local<'a>>,
        bytes: usize,
    ) -> Self {
        Self {
            source,
            found,
            variables,
            locals,
            progress: BTreeMap::new(),
            chain: 0,
            names: Vec::new(),
            left: limits::steps(bytes),
        }
    }

    /// The value of an expression; broken where it has none, which is reported.
    pub(crate) fn value(&mut self, expression: &Expression) -> Node {
        let span = self.span(expression);
        if !self.spend(1, span) {
            return Node::new(span, Value::Broken);
        }
        let value = match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => Value::Bool(*value.value()),
            Expression::Number(number) => Value::Number(number.value().to_string().into()),
            Expression::String(text) => self.text(text.value(), span),
            Expression::Array(items) => {
                Value::List(items.iter().map(|item| self.value(item)).collect())
            }
            Expression::Object(object) => return self.object(object, span),
            Expression::StringTemplate(template) => return self.template(template.iter(), span),
            Expression::HeredocTemplate(heredoc) => {
                return self.template(heredoc.template.iter(), span);
            }
            Expression::Parenthesis(inner) => return self.value(inner.inner()),
            Expression::Variable(name) => return self.name(name.value().as_str(), span),
            Expression::Conditional(c) => {
                return match self.value(&c.cond_expr).value {
                    Value::Bool(true) => self.value(&c.true_expr),
                    Value::Bool(false) => self.value(&c.false_expr),
                    Value::Broken => Node::new(span, Value::Broken),
                    _ => {
                        let at = self.span(&c.cond_expr);
                        self.fail(
                            codes::BAD_EXPRESSION,
                            "a condition is true or false".into(),
                            at,
                            "compare something, as in `var.size > 3`",
                        )
                    }
                };
            }
            Expression::FuncCall(call) => return self.call(call, span),
            Expression::Traversal(traversal) => return self.traversal(traversal, span),
            Expression::UnaryOp(op) => {
                let inner = self.value(&op.expr);
                match (op.operator.value(), &inner.value) {
                    (UnaryOperator::Not, Value::Bool(value)) => Value::Bool(!value),
                    (UnaryOperator::Neg, Value::Number(number)) => match number.strip_prefix('-') {
                        Some(positive) => Value::Number(positive.into()),
                        None => Value::Number(format!("-{number}").into()),
                    },
                    (_, Value::Broken) => Value::Broken,
                    _ => {
                        return self.fail(
                            codes::BAD_EXPRESSION,
                            format!("the operator cannot take {}", inner.kind()),
                            span,
                            "`!` takes true or false, `-` takes a number",
                        );
                    }
                }
            }
            Expression::BinaryOp(op) => {
                let (left, right) = (self.value(&op.lhs_expr), self.value(&op.rhs_expr));
                return self.binary(*op.operator.value(), &left, &right, span);
            }
            Expression::ForExpr(each) => return self.for_each(each, span),
        };
        Node::new(span, value)
    }

    /// Reports a fault and gives a broken value.
    pub(crate) fn fail(&mut self, code: Code, problem: String, span: Span, help: &str) -> Node {
        self.found
            .push(Diagnostic::error(code, problem).at(span, "here").help(help));
        Node::new(span, Value::Broken)
    }

    /// Takes from what may still be made; `false`, once reported, where nothing is left.
    pub(crate) fn spend(&mut self, weight: u64, span: Span) -> bool {
        if let Some(left) = self.left.checked_sub(weight) {
            self.left = left;
            true
        } else {
            if self.left > 0 {
                self.left = 0;
                self.fail(
                    codes::TOO_LARGE,
                    "expressions make this file far larger than it is written".into(),
                    span,
                    "write the values out, or put tenants into a CSV file with `tenants_from`",
                );
            }
            false
        }
    }

    /// Pays for a value with everything in it; `false`, once reported, where it is too much.
    pub(crate) fn weigh(&mut self, value: &Node, span: Span) -> bool {
        let mut left = self.left;
        if weigh(value, &mut left, limits::NESTING).is_some() {
            self.left = left;
            return true;
        }
        if left == 0 {
            return self.spend(u64::MAX, span);
        }
        let problem = format!("values are nested more than {} deep", limits::NESTING);
        self.fail(
            codes::TOO_DEEP,
            problem,
            span,
            "no key of a manifest is nested deeper than eight",
        );
        false
    }

    /// A text that is not too long.
    pub(crate) fn text(&mut self, text: &str, span: Span) -> Value {
        if text.len() > limits::TEXT_BYTES {
            let help = format!("a value has at most {} bytes", limits::TEXT_BYTES);
            return self
                .fail(
                    codes::BAD_TEXT,
                    format!("a value has {} bytes", text.len()),
                    span,
                    &help,
                )
                .value;
        }
        if !self.spend(text.len() as u64 / 64, span) {
            return Value::Broken;
        }
        Value::Text(text.into())
    }

    pub(crate) fn span(&self, of: &impl hcl_edit::Span) -> Span {
        Span::new(self.source, of.span().unwrap_or(0..0))
    }

    /// Runs with one more name.
    pub(crate) fn with<T>(
        &mut self,
        names: Vec<(String, Node)>,
        run: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.names.len();
        self.names.extend(names);
        let result = run(self);
        self.names.truncate(before);
        result
    }

    fn object(&mut self, object: &Object, span: Span) -> Node {
        let mut entries = Vec::with_capacity(object.len());
        for (key, value) in object {
            let key_span = self.span(key);
            let name: Rc<str> = match key {
                ObjectKey::Ident(name) | ObjectKey::Expression(Expression::Variable(name)) => {
                    name.value().as_str().into()
                }
                ObjectKey::Expression(key) => match self.value(key).value {
                    Value::Text(name) | Value::Number(name) => name,
                    Value::Broken => continue,
                    other => {
                        let problem =
                            format!("a key is a text, not {}", Node::new(key_span, other).kind());
                        self.fail(
                            codes::BAD_EXPRESSION,
                            problem,
                            key_span,
                            "write a word, or a text in quotes",
                        );
                        continue;
                    }
                },
            };
            let value = self.value(value.expr());
            entries.push(Entry {
                key: name,
                key_span,
                value,
            });
        }
        self.unique(&mut entries);
        Node::map(span, entries)
    }

    /// Reports keys that stand twice and keeps the first.
    pub(crate) fn unique(&mut self, entries: &mut Vec<Entry>) {
        let twice = duplicates(entries);
        for &(first, again) in &twice {
            self.found.push(
                Diagnostic::error(
                    codes::DUPLICATE,
                    format!("`{}` stands twice", short(&entries[again].key)),
                )
                .at(entries[again].key_span, "again here")
                .at(entries[first].key_span, "first here")
                .help("keep one of them"),
            );
        }
        let mut gone: Vec<usize> = twice.into_iter().map(|(_, again)| again).collect();
        gone.sort_unstable();
        for at in gone.into_iter().rev() {
            entries.remove(at);
        }
    }

    fn name(&mut self, name: &str, span: Span) -> Node {
        if let Some((_, value)) = self.names.iter().rev().find(|(known, _)| known == name) {
            return value.clone();
        }
        let known = self.names.iter().map(|(name, _)| name.as_str());
        let known: Vec<&str> = known
            .chain(["var", "local", "true", "false", "null"])
            .collect();
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "a text stands in quotes; values are named `var.NAME` and `local.NAME`".to_owned()
            }
        };
        self.fail(
            codes::UNDECLARED,
            format!("there is no value `{}`", short(name)),
            span,
            &help,
        )
    }

    pub(super) fn local(&mut self, name: &str, span: Span) -> Node {
        match self.progress.get(name) {
            Some(Progress::Done(value)) => return value.clone(),
            Some(Progress::Begun) => {
                return self.fail(
                    codes::LOCAL_CYCLE,
                    format!("`local.{}` depends on itself", short(name)),
                    span,
                    "break the circle: give one of the locals a value of its own",
                );
            }
            None => {}
        }
        let Some(local) = self.locals.get(name).copied() else {
            let help = match nearest(name, self.locals.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `local.{near}`?"),
                None => "declare it in a `locals` block".to_owned(),
            };
            return self.fail(
                codes::UNDECLARED,
                format!("there is no `local.{}`", short(name)),
                span,
                &help,
            );
        };
        if self.chain >= LOCAL_CHAIN {
            return self.fail(
                codes::TOO_DEEP,
                format!("more than {LOCAL_CHAIN} locals stand behind one another"),
                span,
                "compute the value in fewer steps",
            );
        }
        self.progress.insert(name.to_owned(), Progress::Begun);
        self.chain += 1;
        let (source, names) = (self.source, std::mem::take(&mut self.names));
        self.source = local.source;
        let mut value = self.value(local.expression);
        (self.source, self.names) = (source, names);
        self.chain -= 1;
        if !self.weigh(&value, local.key) {
            value = Node::new(span, Value::Broken);
        }
        self.progress
            .insert(name.to_owned(), Progress::Done(value.clone()));
        value
    }

    /// Evaluates every local, so that one that nobody uses is checked too.
    pub(crate) fn settle_locals(&mut self) {
        let all: Vec<(String, Span)> = self
            .locals
            .iter()
            .map(|(name, l)| (name.clone(), l.key))
            .collect();
        for (name, span) in all {
            self.local(&name, span);
        }
    }
}

/// Counts what a value holds, shared parts as often as they stand in it, into `left`; gives how
/// deeply it is nested. `None` where nothing is left or it is nested too deeply.
pub(crate) fn weigh(node: &Node, left: &mut u64, room: usize) -> Option<()> {
    *left = left.checked_sub(1)?;
    match &node.value {
        Value::List(items) => {
            let room = room.checked_sub(1)?;
            items.iter().try_for_each(|item| weigh(item, left, room))
        }
        Value::Map(map) => {
            let room = room.checked_sub(1)?;
            map.entries
                .iter()
                .try_for_each(|entry| weigh(&entry.value, left, room))
        }
        _ => Some(()),
    }
}
