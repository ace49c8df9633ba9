//! HCL templates: literals, `${…}`, `%{if}` and `%{for}` into texts. Pure.

use hcl_edit::template::Directive;
use hcl_edit::template::Element;
use hcl_edit::template::ForDirective;
use hcl_edit::template::IfDirective;
use hcl_edit::template::Strip;

use super::expression::Evaluator;
use super::limits;
use super::loops::pairs;
use super::node::Node;
use super::node::Value;
use crate::diagnostic::Span;
use crate::diagnostic::codes;

/// A text that grows.
#[derive(Default)]
struct Text {
    out: String,
    /// Where the literal begins that stands last, if one does.
    literal: Option<usize>,
    /// Whether space at the start of the next literal is dropped.
    strip_next: bool,
}

impl Text {
    fn literal(&mut self, text: &str) {
        let text = if self.strip_next {
            text.trim_start()
        } else {
            text
        };
        self.strip_next = false;
        self.literal = Some(self.out.len());
        self.out.push_str(text);
    }

    fn before(&mut self, strip: Strip) {
        if let (Strip::Start | Strip::Both, Some(from)) = (strip, self.literal) {
            let kept = self.out[from..].trim_end().len();
            self.out.truncate(from + kept);
        }
    }

    fn after(&mut self, strip: Strip) {
        self.literal = None;
        self.strip_next = matches!(strip, Strip::End | Strip::Both);
    }
}

impl Evaluator<'_> {
    /// The value of a template: a text, or what its only interpolation gives.
    pub(crate) fn template<'t>(
        &mut self,
        elements: impl Iterator<Item = &'t Element>,
        span: Span,
    ) -> Node {
        let elements: Vec<&Element> = elements.collect();
        if let [Element::Interpolation(only)] = elements.as_slice() {
            return self.value(&only.expr);
        }
        let mut text = Text::default();
        match self.elements(&elements, &mut text, span) {
            Some(()) => {
                let value = self.text(&text.out, span);
                Node::new(span, value)
            }
            None => Node::new(span, Value::Broken),
        }
    }

    fn elements(&mut self, elements: &[&Element], text: &mut Text, span: Span) -> Option<()> {
        for element in elements {
            if !self.spend(1, span) {
                return None;
            }
            match element {
                Element::Literal(literal) => text.literal(literal.value()),
                Element::Interpolation(part) => {
                    text.before(part.strip);
                    let value = self.value(&part.expr);
                    let word = self.word(&value)?;
                    text.out.push_str(&word);
                    text.after(part.strip);
                }
                Element::Directive(directive) => match directive.as_ref() {
                    Directive::If(directive) => self.if_directive(directive, text, span)?,
                    Directive::For(directive) => self.for_directive(directive, text, span)?,
                },
            }
            if text.out.len() > limits::TEXT_BYTES {
                let help = format!("a value has at most {} bytes", limits::TEXT_BYTES);
                self.fail(
                    codes::BAD_TEXT,
                    "a template grows too long".into(),
                    span,
                    &help,
                );
                return None;
            }
        }
        Some(())
    }

    fn if_directive(&mut self, directive: &IfDirective, text: &mut Text, span: Span) -> Option<()> {
        text.before(directive.if_expr.strip);
        let chosen = match self.value(&directive.if_expr.cond_expr).value {
            Value::Bool(chosen) => chosen,
            Value::Broken => return None,
            _ => {
                self.fail(
                    codes::BAD_EXPRESSION,
                    "a condition is true or false".into(),
                    span,
                    "compare something after `if`",
                );
                return None;
            }
        };
        text.after(directive.if_expr.strip);
        if chosen {
            let inner: Vec<&Element> = directive.if_expr.template.iter().collect();
            self.elements(&inner, text, span)?;
        }
        if let Some(other) = &directive.else_expr {
            if chosen {
                text.before(other.strip);
            } else {
                text.after(other.strip);
                let inner: Vec<&Element> = other.template.iter().collect();
                self.elements(&inner, text, span)?;
            }
        }
        text.before(directive.endif_expr.strip);
        text.after(directive.endif_expr.strip);
        Some(())
    }

    fn for_directive(
        &mut self,
        directive: &ForDirective,
        text: &mut Text,
        span: Span,
    ) -> Option<()> {
        let head = &directive.for_expr;
        text.before(head.strip);
        let collection = self.value(&head.collection_expr);
        let Some(items) = pairs(&collection) else {
            if !matches!(collection.value, Value::Broken) {
                self.fail(
                    codes::BAD_EXPRESSION,
                    format!("`for` goes over a list or a map, not {}", collection.kind()),
                    span,
                    "name a list or a map after `in`",
                );
            }
            return None;
        };
        text.after(head.strip);
        let inner: Vec<&Element> = head.template.iter().collect();
        for (key, value) in items {
            let mut names = vec![(head.value_var.value().as_str().to_owned(), value)];
            if let Some(name) = &head.key_var {
                names.push((name.value().as_str().to_owned(), key));
            }
            text.strip_next = matches!(head.strip, Strip::End | Strip::Both);
            self.with(names, |this| this.elements(&inner, text, span))?;
            text.before(directive.endfor_expr.strip);
        }
        text.after(directive.endfor_expr.strip);
        Some(())
    }

    /// A value inside a text.
    fn word(&mut self, value: &Node) -> Option<String> {
        match &value.value {
            Value::Text(text) | Value::Number(text) => Some(text.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Broken => None,
            _ => {
                self.fail(
                    codes::BAD_EXPRESSION,
                    format!("{} cannot stand inside a text", value.kind()),
                    value.span,
                    "`join(\", \", list)` makes a text of a list",
                );
                None
            }
        }
    }
}
