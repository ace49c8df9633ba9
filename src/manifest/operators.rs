//! Operators of expressions, and numbers as expressions see them. Pure.

use super::expression::Evaluator;
use super::node::Node;
use super::node::Value;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use hcl_edit::expr::BinaryOperator as Op;

impl Evaluator<'_> {
    pub(super) fn binary(&mut self, operator: Op, left: &Node, right: &Node, span: Span) -> Node {
        if matches!(operator, Op::Eq | Op::NotEq)
            && !(self.weigh(left, span) && self.weigh(right, span))
        {
            return Node::new(span, Value::Broken);
        }
        let value = match (operator, &left.value, &right.value) {
            (_, Value::Broken, _) | (_, _, Value::Broken) => Some(Value::Broken),
            (Op::Eq, a, b) => Some(Value::Bool(same(a, b))),
            (Op::NotEq, a, b) => Some(Value::Bool(!same(a, b))),
            (Op::And, Value::Bool(a), Value::Bool(b)) => Some(Value::Bool(*a && *b)),
            (Op::Or, Value::Bool(a), Value::Bool(b)) => Some(Value::Bool(*a || *b)),
            (
                Op::Plus | Op::Minus | Op::Mul | Op::Div | Op::Mod,
                Value::Number(a),
                Value::Number(b),
            ) => arithmetic(operator, a, b).map(|n| Value::Number(n.into())),
            (
                Op::Less | Op::LessEq | Op::Greater | Op::GreaterEq,
                Value::Number(a),
                Value::Number(b),
            ) => {
                let order = number(a)
                    .zip(number(b))
                    .and_then(|(a, b)| a.partial_cmp(&b));
                order.map(|order| {
                    Value::Bool(match operator {
                        Op::Less => order.is_lt(),
                        Op::LessEq => order.is_le(),
                        Op::Greater => order.is_gt(),
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

fn arithmetic(operator: Op, a: &str, b: &str) -> Option<String> {
    if let (Ok(a), Ok(b)) = (a.parse::<i128>(), b.parse::<i128>()) {
        let whole = match operator {
            Op::Plus => a.checked_add(b),
            Op::Minus => a.checked_sub(b),
            Op::Mul => a.checked_mul(b),
            Op::Mod => a.checked_rem(b),
            Op::Div if a.checked_rem(b) == Some(0) => a.checked_div(b),
            _ => None,
        };
        if let Some(whole) = whole {
            return Some(whole.to_string());
        }
    }
    let (a, b) = (number(a)?, number(b)?);
    spelt(match operator {
        Op::Plus => a + b,
        Op::Minus => a - b,
        Op::Mul => a * b,
        Op::Div => a / b,
        _ => a % b,
    })
}
