//! Tenant lists in CSV and JSON Lines: every bad row is reported, a million good ones are quick.

use std::path::Path;
use std::rc::Rc;

use super::decode::Decode as _;
use super::decode::Decoder;
use super::decode::Record as _;
use super::decode::Spanned;
use super::decode::short;
use super::decode::unknown_key;
use super::document::TenantDoc;
use super::document_tenant::DemandDoc;
use super::limits;
use super::lower::MoreTenants;
use super::lower::Tenants;
use super::node::Entry;
use super::node::Node;
use super::node::Value;
use super::scalar::Text;
use super::source;
use super::yaml::plain;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::SourceId;
use crate::diagnostic::SourceMap;
use crate::diagnostic::Span;
use crate::diagnostic::codes;

/// Reads tenant lists from beneath a fleet's root.
pub(crate) struct Lists<'a> {
    pub(crate) root: &'a Path,
    pub(crate) sources: &'a mut SourceMap,
}

impl MoreTenants for Lists<'_> {
    fn read(&mut self, files: &[Spanned<Text>], tenants: &mut Tenants<'_>, cx: &mut Decoder<'_>) {
        for Spanned {
            value: Text(name),
            span,
        } in files
        {
            let csv = match Path::new(name).extension().and_then(|e| e.to_str()) {
                Some("csv") => true,
                Some("jsonl" | "ndjson") => false,
                _ => {
                    cx.push(
                        Diagnostic::error(
                            codes::BAD_TENANT_LIST,
                            format!("`{}` is neither `*.csv` nor `*.jsonl`", short(name)),
                        )
                        .at(*span, "this file")
                        .help("write the list as CSV with a header, or as one JSON object a line"),
                    );
                    continue;
                }
            };
            let Some(id) = source::read_beneath(self.root, name, *span, self.sources, cx.found)
            else {
                continue;
            };
            let text = self.sources.shared(id);
            if let Some(line) = too_long(&text) {
                cx.push(
                    Diagnostic::error(
                        codes::BAD_ROW,
                        format!("a line is longer than {} KiB", limits::LINE_BYTES >> 10),
                    )
                    .at(Span::new(id, line..line), "it begins here")
                    .help("a tenant takes a few hundred bytes: is a line break missing?"),
                );
            } else if csv {
                read_csv(&text, id, tenants, cx);
            } else {
                read_jsonl(&text, id, tenants, cx);
            }
        }
    }
}

/// Where the first line begins that is longer than a row can be.
fn too_long(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split('\n') {
        if line.len() > limits::LINE_BYTES {
            return Some(at);
        }
        at += line.len() + 1;
    }
    None
}

/// A column of a CSV file.
enum Column {
    Id,
    Key(Rc<str>),
    Demand(Rc<str>),
    Waiver,
    /// Reported; its fields are passed over.
    Unknown,
}

fn read_csv(text: &str, id: SourceId, tenants: &mut Tenants<'_>, cx: &mut Decoder<'_>) {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let Some(columns) = header(&mut reader, text, id, cx) else {
        return;
    };
    tenants.reserve(text.len() / 64);
    let mut row = csv::StringRecord::new();
    loop {
        let start = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        match reader.read_record(&mut row) {
            Ok(false) => return,
            Ok(true) => {
                let start = row
                    .position()
                    .map_or(start, |p| usize::try_from(p.byte()).unwrap_or(start));
                let end = usize::try_from(reader.position().byte()).unwrap_or(start);
                let span = row_span(text, id, start, end);
                csv_row(&row, &columns, span, tenants, cx);
            }
            Err(error) => {
                let problem = format!("the row cannot be read: {error}");
                cx.push(
                    Diagnostic::error(codes::BAD_ROW, problem)
                        .at(row_span(text, id, start, start + 1), "this row"),
                );
                return;
            }
        }
    }
}

/// The span of a row without the line break at its end.
fn row_span(text: &str, id: SourceId, start: usize, end: usize) -> Span {
    let start = start.min(text.len());
    // The reader stands before the line break of the row before.
    let skipped = text
        .get(start..)
        .map_or(0, |t| t.len() - t.trim_start_matches(['\r', '\n']).len());
    let start = start + skipped;
    let line = text
        .get(start..end.min(text.len()).max(start))
        .unwrap_or("")
        .trim_end_matches(['\r', '\n']);
    Span::new(id, start..start + line.len())
}

fn header(
    reader: &mut csv::Reader<&[u8]>,
    text: &str,
    id: SourceId,
    cx: &mut Decoder<'_>,
) -> Option<Vec<Column>> {
    let span = row_span(text, id, 0, text.find('\n').unwrap_or(text.len()));
    let header = match reader.headers() {
        Ok(header) if !header.is_empty() => header.clone(),
        _ => {
            cx.push(
                Diagnostic::error(codes::BAD_COLUMN, "the tenant list has no header")
                    .at(span, "the first line names the columns")
                    .help("begin it with `id,users,tier,region`"),
            );
            return None;
        }
    };
    let known = known_columns();
    let mut columns = Vec::with_capacity(header.len());
    for (at, name) in header.iter().enumerate() {
        let name = name.trim().trim_start_matches('\u{feff}');
        if header.iter().take(at).any(|other| other.trim() == name) {
            cx.push(
                Diagnostic::error(
                    codes::DUPLICATE,
                    format!("the column `{}` stands twice", short(name)),
                )
                .at(span, "in this header")
                .help("keep one of them"),
            );
        }
        columns.push(match name {
            "id" => Column::Id,
            "export_waived" => Column::Waiver,
            _ if name
                .strip_prefix("demand_")
                .is_some_and(|key| DemandDoc::KEYS.contains(&key)) =>
            {
                Column::Demand(name.trim_start_matches("demand_").into())
            }
            _ if TenantDoc::KEYS.contains(&name) && name != "demand" && name != "export" => {
                Column::Key(name.into())
            }
            _ => {
                let problem = unknown_key(
                    name,
                    span,
                    "tenant list",
                    &known.iter().map(String::as_str).collect::<Vec<_>>(),
                );
                cx.push(Diagnostic {
                    code: codes::BAD_COLUMN,
                    ..problem
                });
                Column::Unknown
            }
        });
    }
    if !columns.iter().any(|c| matches!(c, Column::Id)) {
        cx.push(
            Diagnostic::error(codes::BAD_COLUMN, "the tenant list has no column `id`")
                .at(span, "in this header")
                .help("name the column that holds the tenants' ids `id`"),
        );
        return None;
    }
    Some(columns)
}

fn known_columns() -> Vec<String> {
    let own = TenantDoc::KEYS
        .iter()
        .filter(|k| **k != "demand" && **k != "export")
        .map(ToString::to_string);
    let demand = DemandDoc::KEYS.iter().map(|k| format!("demand_{k}"));
    ["id".to_owned(), "export_waived".to_owned()]
        .into_iter()
        .chain(own)
        .chain(demand)
        .collect()
}

fn csv_row(
    row: &csv::StringRecord,
    columns: &[Column],
    span: Span,
    tenants: &mut Tenants<'_>,
    cx: &mut Decoder<'_>,
) {
    if row.len() != columns.len() {
        let problem = format!(
            "the row has {} fields, the header {}",
            row.len(),
            columns.len()
        );
        cx.push(
            Diagnostic::error(codes::BAD_ROW, problem)
                .at(span, "this row")
                .help("give every column a field, if an empty one; put a field that holds a comma in quotes"),
        );
        return;
    }
    let mut doc = TenantDoc::default();
    let mut demand = DemandDoc::default();
    let mut said = false;
    let mut id = "";
    for (field, column) in row.iter().zip(columns) {
        let field = field.trim();
        if field.is_empty() {
            continue;
        }
        let entry = |key: &Rc<str>| Entry {
            key: Rc::clone(key),
            key_span: span,
            value: Node::new(span, plain(field, |word| word.into())),
        };
        match column {
            Column::Id => id = field,
            Column::Key(key) => {
                doc.set(&entry(key), cx);
            }
            Column::Demand(key) => said |= demand.set(&entry(key), cx),
            Column::Waiver => {
                doc.export = Some(Spanned {
                    value: super::written::ExportDoc::Waived(field.to_owned()),
                    span,
                });
            }
            Column::Unknown => {}
        }
    }
    if said {
        doc.demand = Some(Spanned {
            value: demand,
            span,
        });
    }
    tenants.add(id, span, &doc, cx);
}

fn read_jsonl(text: &str, id: SourceId, tenants: &mut Tenants<'_>, cx: &mut Decoder<'_>) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let span = Span::new(id, at..at + line.trim_end().len());
        at += line.len();
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<serde_json::Value>(line) {
            Ok(serde_json::Value::Object(object)) => json_row(object, span, tenants, cx),
            Ok(_) => cx.push(
                Diagnostic::error(codes::BAD_ROW, "the row is no JSON object")
                    .at(span, "this row")
                    .help("write one object a line, as in `{\"id\": \"contoso\", \"region\": \"eastus2\"}`"),
            ),
            Err(error) => cx.push(
                Diagnostic::error(codes::BAD_ROW, format!("the row is not JSON: {error}"))
                    .at(span, "this row")
                    .help("write one object a line, as in `{\"id\": \"contoso\", \"region\": \"eastus2\"}`"),
            ),
        }
    }
}

fn json_row(
    mut object: serde_json::Map<String, serde_json::Value>,
    span: Span,
    tenants: &mut Tenants<'_>,
    cx: &mut Decoder<'_>,
) {
    let id = match object.remove("id") {
        Some(serde_json::Value::String(id)) => id,
        Some(serde_json::Value::Number(id)) => id.to_string(),
        _ => {
            cx.push(
                Diagnostic::error(codes::MISSING_KEY, "the row has no `id`")
                    .at(span, "this row")
                    .help("give it the tenant's id, as in `\"id\": \"contoso\"`"),
            );
            return;
        }
    };
    let node = json_node(serde_json::Value::Object(object), span);
    if let Some(doc) = TenantDoc::decode(&node, &id, cx) {
        tenants.add(&id, span, &doc, cx);
    }
}

/// A JSON value as a node; `serde_json` bounds its nesting.
fn json_node(value: serde_json::Value, span: Span) -> Node {
    let value = match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => Value::Number(number.to_string().into()),
        serde_json::Value::String(text) => Value::Text(text.into()),
        serde_json::Value::Array(items) => Value::List(
            items
                .into_iter()
                .map(|item| json_node(item, span))
                .collect(),
        ),
        serde_json::Value::Object(object) => {
            let entries = object
                .into_iter()
                .map(|(key, value)| Entry {
                    key: key.into(),
                    key_span: span,
                    value: json_node(value, span),
                })
                .collect();
            return Node::map(span, entries);
        }
    };
    Node::new(span, value)
}
