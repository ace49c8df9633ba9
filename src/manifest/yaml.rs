//! YAML into nodes: anchors, aliases and merge keys resolved, spans kept, growth bounded. Pure.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::rc::Rc;

use granit_parser::ErrorKind;
use granit_parser::Event;
use granit_parser::Parser;
use granit_parser::ScalarStyle;
use granit_parser::ScanError;
use granit_parser::StrInput;
use granit_parser::Tag;

use super::limits;
use super::node::Entry;
use super::node::Node;
use super::node::Value;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::SourceId;
use crate::diagnostic::SourceMap;
use crate::diagnostic::Span;
use crate::diagnostic::codes;

/// Reads every document of a YAML text. A document with a fault in its syntax is left out; the
/// ones after it are still read.
pub(crate) fn parse(map: &SourceMap, source: SourceId, found: &mut Diagnostics) -> Vec<Node> {
    let text = map.shared(source);
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: limits::NESTING,
        block_nesting_limit: limits::NESTING,
    };
    let mut builder = Builder {
        source,
        text: &text,
        found,
        open: Vec::new(),
        anchors: BTreeMap::new(),
        words: HashSet::new(),
        documents: Vec::new(),
        left: limits::expansion(text.len()),
    };
    builder.run(Parser::new_from_str_with_options(&text, options));
    builder.documents
}

/// The value that YAML's core schema gives a plain scalar.
pub(crate) fn plain(text: &str, word: impl FnOnce(&str) -> Rc<str>) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(word(text)),
        _ => Value::Text(word(text)),
    }
}

/// Whether YAML's core schema takes a plain scalar for a number.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(rest) = digits.strip_prefix("0x") {
        return !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_hexdigit());
    }
    if let Some(rest) = digits.strip_prefix("0o") {
        return !rest.is_empty() && rest.bytes().all(|b| matches!(b, b'0'..=b'7'));
    }
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        && digits.parse::<f64>().is_ok()
}

/// A collection that is not closed yet.
struct Open {
    span: Span,
    anchor: usize,
    /// How many values it holds, those behind aliases included.
    weight: u64,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Key },
}

/// What a map waits for.
enum Key {
    Awaited,
    Read(Rc<str>, Span),
    /// The key was no text; its value is dropped.
    Bad,
}

pub(super) struct Builder<'a> {
    source: SourceId,
    text: &'a str,
    pub(super) found: &'a mut Diagnostics,
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Node, u64)>,
    /// Texts that repeat, kept once.
    words: HashSet<Rc<str>>,
    documents: Vec<Node>,
    /// How many values may still be added by aliases and merge keys.
    left: u64,
}

impl<'a> Builder<'a> {
    fn run(&mut self, mut parser: Parser<'a, StrInput<'a>>) {
        loop {
            match parser.next_event() {
                None => return,
                Some(Ok((event, at))) => {
                    let span = self.span(&at);
                    if !self.take(event, span) {
                        return;
                    }
                }
                Some(Err(error)) => {
                    self.syntax(&error);
                    self.open.clear();
                    if !matches!(parser.proceed_next_document(), Ok(true)) {
                        return;
                    }
                }
            }
        }
    }

    /// Takes one event; `false` where reading must end.
    fn take(&mut self, event: Event<'_>, span: Span) -> bool {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref(), span);
                let node = Node::new(span, value);
                self.remember(anchor, &node, 1);
                self.place(node, 1);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.collection_tag(tag.as_deref(), span);
                self.begin(span, anchor, Content::List(Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                self.collection_tag(tag.as_deref(), span);
                let content = Content::Map {
                    entries: Vec::new(),
                    key: Key::Awaited,
                };
                self.begin(span, anchor, content);
            }
            Event::SequenceEnd | Event::MappingEnd => return self.end(span),
            Event::Alias(id) => {
                let (node, weight) = if let Some((node, weight)) = self.anchors.get(&id) {
                    (node.clone(), *weight)
                } else {
                    let problem = Diagnostic::error(
                        codes::BAD_MERGE,
                        "an alias stands inside the value that it names",
                    )
                    .at(span, "this would hold itself")
                    .help("write the value out");
                    self.found.push(problem);
                    (Node::new(span, Value::Broken), 1)
                };
                if !self.spend(weight, span) {
                    return false;
                }
                self.place(node, weight);
            }
            Event::UnresolvedAlias(name) => {
                let problem = format!("the alias `*{name}` has no anchor before it");
                let help = format!("write `&{name}` before the value that it should repeat");
                self.found.push(
                    Diagnostic::error(codes::UNKNOWN_ALIAS, problem)
                        .at(span, "no anchor")
                        .help(help),
                );
                self.place(Node::new(span, Value::Broken), 1);
            }
            Event::DocumentStart(..) => self.anchors.clear(),
            _ => {}
        }
        true
    }

    fn begin(&mut self, span: Span, anchor: usize, content: Content) {
        self.open.push(Open {
            span,
            anchor,
            weight: 1,
            content,
        });
    }

    fn end(&mut self, span: Span) -> bool {
        let Some(open) = self.open.pop() else {
            return true;
        };
        let whole = Span {
            len: span.end().saturating_sub(open.span.start),
            ..open.span
        };
        let value = match open.content {
            Content::List(items) => Value::List(items.into()),
            Content::Map { entries, .. } => match self.finish_map(entries) {
                Some(map) => Value::Map(Rc::new(map)),
                None => return false,
            },
        };
        let node = Node::new(whole, value);
        self.remember(open.anchor, &node, open.weight);
        self.place(node, open.weight);
        true
    }

    fn remember(&mut self, anchor: usize, node: &Node, weight: u64) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), weight));
        }
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, node: Node, weight: u64) {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return;
        };
        open.weight = open.weight.saturating_add(weight);
        match &mut open.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, key } => match std::mem::replace(key, Key::Awaited) {
                Key::Awaited => {
                    let read = self.key(node);
                    if let Some(Open {
                        content: Content::Map { key, .. },
                        ..
                    }) = self.open.last_mut()
                    {
                        *key = read;
                    }
                }
                Key::Read(key, key_span) => entries.push(Entry {
                    key,
                    key_span,
                    value: node,
                }),
                Key::Bad => {}
            },
        }
    }

    fn key(&mut self, node: Node) -> Key {
        match node.value {
            Value::Text(text) | Value::Number(text) => Key::Read(text, node.span),
            Value::Bool(_) | Value::Null if node.span.len > 0 => {
                let spelt = &self.text[node.span.start as usize..node.span.end() as usize];
                Key::Read(spelt.into(), node.span)
            }
            Value::Broken => Key::Bad,
            _ => {
                self.found.push(
                    Diagnostic::error(
                        codes::UNSUPPORTED_YAML,
                        format!("a key is a text, not {}", node.kind()),
                    )
                    .at(node.span, "not a text")
                    .help("write the key as a plain word followed by `:`"),
                );
                Key::Bad
            }
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Value {
        if text.len() > limits::TEXT_BYTES {
            self.found.push(
                Diagnostic::error(codes::BAD_TEXT, format!("a value has {} bytes", text.len()))
                    .at(span, "too long")
                    .help(format!("a value has at most {} bytes", limits::TEXT_BYTES)),
            );
            return Value::Broken;
        }
        match tag.map(Tag::core_suffix) {
            None if style == ScalarStyle::Plain => plain(text, |word| self.word(word)),
            None | Some(Some("str")) => Value::Text(self.word(text)),
            Some(Some("int" | "float" | "bool" | "null")) => plain(text, |word| self.word(word)),
            Some(_) => {
                self.unsupported_tag(span);
                Value::Broken
            }
        }
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, span: Span) {
        let known = tag.is_none_or(|tag| matches!(tag.core_suffix(), Some("map" | "seq")));
        if !known {
            self.unsupported_tag(span);
        }
    }

    fn unsupported_tag(&mut self, span: Span) {
        self.found.push(
            Diagnostic::error(
                codes::UNSUPPORTED_YAML,
                "a manifest has no YAML tags of its own",
            )
            .at(span, "this value has a tag")
            .help("remove the word that begins with `!`"),
        );
    }

    fn word(&mut self, text: &str) -> Rc<str> {
        if text.len() > 40 {
            return text.into();
        }
        if let Some(word) = self.words.get(text) {
            return Rc::clone(word);
        }
        let word: Rc<str> = text.into();
        self.words.insert(Rc::clone(&word));
        word
    }

    /// Takes from what aliases and merge keys may still add; `false` where nothing is left.
    pub(super) fn spend(&mut self, weight: u64, span: Span) -> bool {
        if let Some(left) = self.left.checked_sub(weight) {
            self.left = left;
            true
        } else {
            self.documents.clear();
            self.found.push(
                Diagnostic::error(
                    codes::TOO_LARGE,
                    "aliases make this file far larger than it is written",
                )
                .at(span, "too much in all, from here on")
                .help("write the values out, or put tenants into a CSV file with `tenants_from`"),
            );
            false
        }
    }

    fn syntax(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or(self.text.len());
        let at = self.stands_at(at);
        let span = Span::new(self.source, at..(at + 1).min(self.text.len().max(at)));
        let problem = match error.kind() {
            ErrorKind::RecursionLimitExceeded => Diagnostic::error(
                codes::TOO_DEEP,
                format!("values are nested more than {} deep", limits::NESTING),
            )
            .at(span, "too deep from here on")
            .help("no key of a manifest is nested deeper than eight"),
            _ => Diagnostic::error(
                codes::YAML_SYNTAX,
                format!("this is not YAML: {}", error.info()),
            )
            .at(span, "the text cannot be read on from here"),
        };
        self.found.push(problem);
    }

    /// A place at the end of the text is shown on its last line that holds something.
    fn stands_at(&self, at: usize) -> usize {
        if at < self.text.len() {
            at
        } else {
            self.text.trim_end().len().saturating_sub(1)
        }
    }

    fn span(&self, at: &granit_parser::Span) -> Span {
        let start = at.start.byte_offset().unwrap_or(0);
        let end = at.end.byte_offset().unwrap_or(start);
        Span::new(self.source, start..end)
    }
}
