//! HCL expressions into nodes. Every step is counted, so no expression runs or grows without
//! bound, and every fault is reported at the part of the expression that has it. Pure.

use std::collections::BTreeMap;
use std::rc::Rc;

use hcl_edit::expr::BinaryOperator;
use hcl_edit::expr::Expression;
use hcl_edit::expr::ForExpr;
use hcl_edit::expr::Object;
use hcl_edit::expr::ObjectKey;
use hcl_edit::expr::Traversal;
use hcl_edit::expr::TraversalOperator;
use hcl_edit::expr::UnaryOperator;

use super::decode::nearest;
use super::decode::short;
use super::functions;
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
    variables: &'a Variables,
    locals: BTreeMap<String, Local<'a>>,
    progress: BTreeMap<String, Progress>,
    chain: usize,
    /// `each.key` and `each.value` of the block that is expanded, and names of `for`.
    pub(crate) names: Vec<(String, Node)>,
    left: u64,
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
                ObjectKey::Ident(name) => name.value().as_str().into(),
                ObjectKey::Expression(Expression::Variable(name)) => name.value().as_str().into(),
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

    fn local(&mut self, name: &str, span: Span) -> Node {
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

    fn traversal(&mut self, traversal: &Traversal, span: Span) -> Node {
        let mut rest = traversal.operators.as_slice();
        let root = match (&traversal.expr, rest.split_first()) {
            (Expression::Variable(name), Some((first, after)))
                if matches!(name.value().as_str(), "var" | "local") =>
            {
                let TraversalOperator::GetAttr(of) = first.value() else {
                    return self.fail(
                        codes::BAD_EXPRESSION,
                        format!("`{}` is followed by a name", name.value().as_str()),
                        span,
                        "write `var.NAME` or `local.NAME`",
                    );
                };
                rest = after;
                if name.value().as_str() == "var" {
                    self.variables.get(of.value().as_str(), span, self.found)
                } else {
                    self.local(of.value().as_str(), span)
                }
            }
            (root, _) => self.value(root),
        };
        self.steps(root, rest, span)
    }

    fn steps(
        &mut self,
        mut value: Node,
        operators: &[hcl_edit::Decorated<TraversalOperator>],
        span: Span,
    ) -> Node {
        for (at, operator) in operators.iter().enumerate() {
            value = match operator.value() {
                TraversalOperator::GetAttr(name) => {
                    self.index(&value, &Value::Text(name.value().as_str().into()), span)
                }
                TraversalOperator::Index(index) => {
                    let index = self.value(index);
                    self.index(&value, &index.value, span)
                }
                TraversalOperator::LegacyIndex(index) => self.index(
                    &value,
                    &Value::Number(index.value().to_string().into()),
                    span,
                ),
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                    let rest = &operators[at + 1..];
                    let items: Vec<Node> = match &value.value {
                        Value::List(items) => items.to_vec(),
                        Value::Null => Vec::new(),
                        _ => vec![value.clone()],
                    };
                    if !self.spend(items.len() as u64, span) {
                        return Node::new(span, Value::Broken);
                    }
                    let items = items
                        .into_iter()
                        .map(|item| self.steps(item, rest, span))
                        .collect();
                    return Node::new(span, Value::List(items));
                }
            };
        }
        value
    }

    fn index(&mut self, of: &Node, by: &Value, span: Span) -> Node {
        match (&of.value, by) {
            (Value::Broken, _) | (_, Value::Broken) => Node::new(span, Value::Broken),
            (Value::Map(map), Value::Text(key) | Value::Number(key)) => {
                if let Some(value) = map.value(key) {
                    value.clone()
                } else {
                    let help = match nearest(key, map.entries.iter().map(|e| &*e.key)) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => {
                            "`lookup(map, key, default)` gives a default where a key is missing"
                                .to_owned()
                        }
                    };
                    self.fail(
                        codes::BAD_EXPRESSION,
                        format!("the map has no key `{}`", short(key)),
                        span,
                        &help,
                    )
                }
            }
            (Value::List(items), Value::Number(at)) => {
                match at.parse::<usize>().ok().and_then(|at| items.get(at)) {
                    Some(value) => value.clone(),
                    None => self.fail(
                        codes::BAD_EXPRESSION,
                        format!("the list has no item {}", short(at)),
                        span,
                        "items are counted from 0",
                    ),
                }
            }
            _ => self.fail(
                codes::BAD_EXPRESSION,
                format!("{} has no parts to name", of.kind()),
                span,
                "only maps have keys, and lists items",
            ),
        }
    }

    fn binary(&mut self, operator: BinaryOperator, left: &Node, right: &Node, span: Span) -> Node {
        use BinaryOperator::{
            And, Div, Eq, Greater, GreaterEq, Less, LessEq, Minus, Mod, Mul, NotEq, Or, Plus,
        };
        if matches!(operator, Eq | NotEq) && !(self.weigh(left, span) && self.weigh(right, span)) {
            return Node::new(span, Value::Broken);
        }
        let value = match (operator, &left.value, &right.value) {
            (_, Value::Broken, _) | (_, _, Value::Broken) => Some(Value::Broken),
            (Eq, a, b) => Some(Value::Bool(same(a, b))),
            (NotEq, a, b) => Some(Value::Bool(!same(a, b))),
            (And, Value::Bool(a), Value::Bool(b)) => Some(Value::Bool(*a && *b)),
            (Or, Value::Bool(a), Value::Bool(b)) => Some(Value::Bool(*a || *b)),
            (Plus | Minus | Mul | Div | Mod, Value::Number(a), Value::Number(b)) => {
                arithmetic(operator, a, b).map(|n| Value::Number(n.into()))
            }
            (Less | LessEq | Greater | GreaterEq, Value::Number(a), Value::Number(b)) => {
                let order = number(a)
                    .zip(number(b))
                    .and_then(|(a, b)| a.partial_cmp(&b));
                order.map(|order| {
                    Value::Bool(match operator {
                        Less => order.is_lt(),
                        LessEq => order.is_le(),
                        Greater => order.is_gt(),
                        _ => order.is_ge(),
                    })
                })
            }
            _ => None,
        };
        if let Some(value) = value {
            Node::new(span, value)
        } else {
            let problem = format!(
                "`{operator}` cannot take {} and {}, or the result is no number",
                left.kind(),
                right.kind()
            );
            self.fail(
                codes::BAD_EXPRESSION,
                problem,
                span,
                "texts are joined in a template, as in `\"${a}-${b}\"`",
            )
        }
    }

    fn call(&mut self, call: &hcl_edit::expr::FuncCall, span: Span) -> Node {
        let name = call.name.name.value().as_str();
        let mut arguments: Vec<Node> = call
            .args
            .iter()
            .map(|argument| self.value(argument))
            .collect();
        if call.args.expand_final()
            && let Some(last) = arguments.pop()
        {
            match last.value {
                Value::List(items) => arguments.extend(items.iter().cloned()),
                _ => {
                    return self.fail(
                        codes::BAD_CALL,
                        "`...` follows a list".into(),
                        span,
                        "write the arguments one by one",
                    );
                }
            }
        }
        if arguments.iter().any(|a| matches!(a.value, Value::Broken)) {
            return Node::new(span, Value::Broken);
        }
        let size: u64 = arguments.iter().map(size).sum();
        let deep = matches!(name, "flatten" | "contains" | "index" | "distinct");
        if !self.spend(size, span) || (deep && !arguments.iter().all(|a| self.weigh(a, span))) {
            return Node::new(span, Value::Broken);
        }
        match functions::call(name, &arguments, span) {
            Ok(Value::Text(text)) => {
                let value = self.text(&text, span);
                Node::new(span, value)
            }
            Ok(value) => {
                let node = Node::new(span, value);
                if self.weigh(&node, span) {
                    node
                } else {
                    Node::new(span, Value::Broken)
                }
            }
            Err(functions::Refused::Unknown) => {
                let help = match nearest(name, functions::NAMES.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are: {}", functions::NAMES.join(", ")),
                };
                self.fail(
                    codes::UNKNOWN_FUNCTION,
                    format!("there is no function `{}`", short(name)),
                    span,
                    &help,
                )
            }
            Err(functions::Refused::Arguments(usage)) => self.fail(
                codes::BAD_CALL,
                format!("`{name}` cannot take these arguments"),
                span,
                &format!("it is called as `{usage}`"),
            ),
        }
    }

    fn for_each(&mut self, each: &ForExpr, span: Span) -> Node {
        let collection = self.value(&each.intro.collection_expr);
        let items = match pairs(&collection) {
            Some(items) => items,
            None if matches!(collection.value, Value::Broken) => {
                return Node::new(span, Value::Broken);
            }
            None => {
                return self.fail(
                    codes::BAD_EXPRESSION,
                    format!("`for` goes over a list or a map, not {}", collection.kind()),
                    span,
                    "name a list or a map after `in`",
                );
            }
        };
        if !self.spend(items.len() as u64, span) {
            return Node::new(span, Value::Broken);
        }
        let mut list = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        for (key, value) in items {
            let mut names = vec![(each.intro.value_var.value().as_str().to_owned(), value)];
            if let Some(name) = &each.intro.key_var {
                names.push((name.value().as_str().to_owned(), key));
            }
            let stop = self.with(names, |this| {
                if let Some(cond) = &each.cond {
                    match this.value(&cond.expr).value {
                        Value::Bool(true) => {}
                        Value::Bool(false) => return false,
                        Value::Broken => return true,
                        _ => {
                            this.fail(
                                codes::BAD_EXPRESSION,
                                "a condition is true or false".into(),
                                span,
                                "compare something after `if`",
                            );
                            return true;
                        }
                    }
                }
                let value = this.value(&each.value_expr);
                match &each.key_expr {
                    None => list.push(value),
                    Some(key) => match this.value(key).value {
                        Value::Text(key) | Value::Number(key) => entries.push(Entry {
                            key,
                            key_span: span,
                            value,
                        }),
                        Value::Broken => return true,
                        _ => {
                            this.fail(
                                codes::BAD_EXPRESSION,
                                "a key is a text".into(),
                                span,
                                "let the part before `=>` give a text",
                            );
                            return true;
                        }
                    },
                }
                this.left == 0
            });
            if stop {
                return Node::new(span, Value::Broken);
            }
        }
        if each.key_expr.is_none() {
            return Node::new(span, Value::List(list.into()));
        }
        if each.grouping {
            entries = group(entries);
        } else {
            self.unique(&mut entries);
        }
        Node::map(span, entries)
    }
}

/// Keys and values of a list or a map, as `for` and `for_each` see them.
pub(crate) fn pairs(of: &Node) -> Option<Vec<(Node, Node)>> {
    match &of.value {
        Value::List(items) => {
            let numbered = items.iter().enumerate();
            Some(
                numbered
                    .map(|(at, item)| {
                        (
                            Node::new(item.span, Value::Number(at.to_string().into())),
                            item.clone(),
                        )
                    })
                    .collect(),
            )
        }
        Value::Map(map) => {
            let key = |entry: &Entry| Node::new(entry.key_span, Value::Text(Rc::clone(&entry.key)));
            Some(
                map.entries
                    .iter()
                    .map(|entry| (key(entry), entry.value.clone()))
                    .collect(),
            )
        }
        _ => None,
    }
}

/// Values of one key in one list, as `...` after a `for` value asks for.
fn group(entries: Vec<Entry>) -> Vec<Entry> {
    let mut groups: BTreeMap<Rc<str>, (Span, Vec<Node>)> = BTreeMap::new();
    for entry in entries {
        groups
            .entry(entry.key)
            .or_insert((entry.key_span, Vec::new()))
            .1
            .push(entry.value);
    }
    groups
        .into_iter()
        .map(|(key, (key_span, values))| Entry {
            key,
            key_span,
            value: Node::new(key_span, Value::List(values.into())),
        })
        .collect()
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

fn size(node: &Node) -> u64 {
    match &node.value {
        Value::List(items) => 1 + items.len() as u64,
        Value::Map(map) => 1 + map.entries.len() as u64,
        Value::Text(text) => 1 + text.len() as u64 / 64,
        _ => 1,
    }
}

/// Whether two values are equal, whatever their places.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => {
            a == b
                || number(a)
                    .zip(number(b))
                    .is_some_and(|(a, b)| (a - b).abs() < f64::EPSILON)
        }
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b.iter())
                    .all(|(a, b)| same(&a.value, &b.value))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.entries.len() == b.entries.len()
                && a.entries.iter().all(|e| {
                    b.value(&e.key)
                        .is_some_and(|v| same(&e.value.value, &v.value))
                })
        }
        _ => false,
    }
}

/// A number that can be computed with.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|n| n.is_finite())
}

/// A number as text: whole where it is whole.
pub(crate) fn spelt(number: f64) -> Option<String> {
    number.is_finite().then(|| {
        if number.fract() == 0.0 && number.abs() < 9e15 {
            format!("{number:.0}")
        } else {
            number.to_string()
        }
    })
}

fn arithmetic(operator: BinaryOperator, a: &str, b: &str) -> Option<String> {
    if let (Ok(a), Ok(b)) = (a.parse::<i128>(), b.parse::<i128>()) {
        let whole = match operator {
            BinaryOperator::Plus => a.checked_add(b),
            BinaryOperator::Minus => a.checked_sub(b),
            BinaryOperator::Mul => a.checked_mul(b),
            BinaryOperator::Mod => a.checked_rem(b),
            BinaryOperator::Div if a.checked_rem(b) == Some(0) => a.checked_div(b),
            _ => None,
        };
        if let Some(whole) = whole {
            return Some(whole.to_string());
        }
    }
    let (a, b) = (number(a)?, number(b)?);
    spelt(match operator {
        BinaryOperator::Plus => a + b,
        BinaryOperator::Minus => a - b,
        BinaryOperator::Mul => a * b,
        BinaryOperator::Div => a / b,
        _ => a % b,
    })
}
