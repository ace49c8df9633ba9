//! Microsoft's own schemas as a judge of requests. They are not part of the project: where they
//! are absent, the judge says so loudly and judges nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value as Json;
use stampctl_azure::wire::Body;
use stampctl_azure::wire::Request;

use super::BASE;

/// Paths of services whose schemas are not among the documents.
const NOT_COVERED: [&str; 3] = ["/cosmos/", "/policyFragments", "/permissions"];

/// The documents.
pub struct Judge {
    documents: Vec<(String, Json)>,
}

/// How many requests and bodies were judged.
#[derive(Debug, Default)]
pub struct Figures {
    pub requests: usize,
    pub bodies: usize,
    pub not_covered: usize,
    pub operations: std::collections::BTreeSet<String>,
}

impl Judge {
    /// The judge, or `None` and a loud word.
    pub fn find() -> Option<Self> {
        let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let folder = own
            .ancestors()
            .map(|up| up.join("shared/research/azure-specs"))
            .find(|folder| folder.is_dir());
        let Some(folder) = folder else {
            eprintln!("SKIPPED: azure-specs is absent, so NO REQUEST WAS VALIDATED");
            return None;
        };
        let mut documents = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|it| it == "json") {
                let json: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
                if json.get("paths").is_some() {
                    let name = path.file_name().unwrap().to_string_lossy().into_owned();
                    documents.push((name, json));
                }
            }
        }
        documents.sort_by(|a, b| a.0.cmp(&b.0));
        assert!(documents.len() > 20, "the documents are not all there");
        Some(Self { documents })
    }

    /// Judges requests; what is wrong with them.
    pub fn judge(&self, requests: &[Request], figures: &mut Figures) -> Vec<String> {
        let mut wrong = Vec::new();
        for request in requests {
            let rest = request.url.strip_prefix(BASE).unwrap();
            if NOT_COVERED.iter().any(|part| rest.contains(part)) {
                figures.not_covered += 1;
                continue;
            }
            figures.requests += 1;
            let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
            let path = path.strip_prefix("/logs/v1").unwrap_or(path);
            let what = format!("{} {rest}", request.method.word());
            let Some((document, operation)) = self.operation(request, path, query) else {
                wrong.push(format!("{what}: no such operation at this version"));
                continue;
            };
            let id = operation["operationId"].as_str().unwrap().to_owned();
            figures.operations.insert(id.clone());
            let parameters = operation["parameters"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let parameters: Vec<Json> = parameters.iter().map(|it| follow(document, it)).collect();
            let wanted = parameters.iter().find(|it| it["in"] == "body");
            match (&request.body, wanted) {
                (Body::Json(body), Some(parameter)) => {
                    figures.bodies += 1;
                    wrong.extend(check(document, &parameter["schema"], body, &what));
                }
                (Body::Json(_), None) => wrong.push(format!("{what}: a body is not expected")),
                (_, Some(parameter)) if parameter["required"] == true => {
                    wrong.push(format!("{what}: a body is missing"));
                }
                _ => {}
            }
        }
        wrong
    }

    fn operation(&self, request: &Request, path: &str, query: &str) -> Option<(&Json, &Json)> {
        let version = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("api-version="));
        let method = request.method.word().to_ascii_lowercase();
        // A fixed word says more than a placeholder.
        let mut found: Vec<(usize, &Json, &Json)> = Vec::new();
        for (_, document) in &self.documents {
            if version.is_some_and(|version| document["info"]["version"] != version) {
                continue;
            }
            for (template, item) in document["paths"].as_object().unwrap() {
                if let (Some(fixed), Some(operation)) = (fits(template, path), item.get(&method)) {
                    found.push((fixed, document, operation));
                }
            }
        }
        found.sort_by_key(|(fixed, ..)| *fixed);
        found
            .pop()
            .map(|(_, document, operation)| (document, operation))
    }
}

/// How many fixed segments a template shares with a path that fits it. `{scope}` and
/// `{resourceId}` take several segments.
fn fits(template: &str, path: &str) -> Option<usize> {
    let template: Vec<&str> = template.trim_matches('/').split('/').collect();
    let path: Vec<&str> = path.trim_matches('/').split('/').collect();
    fits_at(&template, &path)
}

fn fits_at(template: &[&str], path: &[&str]) -> Option<usize> {
    let Some((first, rest)) = template.split_first() else {
        return path.is_empty().then_some(0);
    };
    if *first == "{scope}" || *first == "{resourceId}" {
        return (1..=path.len()).find_map(|taken| fits_at(rest, &path[taken..]));
    }
    let (segment, tail) = path.split_first()?;
    if first.starts_with('{') {
        return fits_at(rest, tail);
    }
    let same = first.eq_ignore_ascii_case(segment);
    same.then(|| fits_at(rest, tail))?.map(|fixed| fixed + 1)
}

fn follow(document: &Json, node: &Json) -> Json {
    match node.get("$ref").and_then(Json::as_str) {
        Some(reference) => document
            .pointer(reference.trim_start_matches('#'))
            .cloned()
            .unwrap(),
        None => node.clone(),
    }
}

fn check(document: &Json, schema: &Json, body: &Json, what: &str) -> Vec<String> {
    let mut whole = schema.clone();
    whole["definitions"] = document["definitions"].clone();
    // A base says `additionalProperties: object` of fields that its variants have otherwise.
    for definition in whole["definitions"].as_object_mut().unwrap().values_mut() {
        if definition.get("discriminator").is_some() {
            definition
                .as_object_mut()
                .unwrap()
                .remove("additionalProperties");
        }
    }
    whole["$schema"] = Json::from("http://json-schema.org/draft-04/schema#");
    let validator = jsonschema::validator_for(&whole).unwrap();
    // A null takes a value away, as Microsoft's documents have it for a scale set's reservation;
    // its schemas know no null.
    let body = &without_nulls(body);
    let mut wrong: Vec<String> = validator
        .iter_errors(body)
        .map(|error| format!("{what}: {} at {}", error, error.instance_path()))
        .collect();
    unknown(document, schema, body, what, &mut wrong);
    wrong
}

fn without_nulls(json: &Json) -> Json {
    match json {
        Json::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect(),
        Json::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// Properties that the schema does not have, or that only the service writes.
fn unknown(document: &Json, schema: &Json, body: &Json, what: &str, wrong: &mut Vec<String>) {
    let schema = follow(document, schema);
    if let Some(items) = body.as_array() {
        for item in items {
            if let Some(schema) = schema.get("items") {
                unknown(document, schema, item, what, wrong);
            }
        }
        return;
    }
    let Some(fields) = body.as_object() else {
        return;
    };
    let mut properties = BTreeMap::new();
    let open = gather(document, &schema, body, &mut properties);
    for (name, value) in fields {
        match properties.get(name) {
            Some(property) if property["readOnly"] == true => {
                wrong.push(format!("{what}: `{name}` is read only"));
            }
            Some(property) => unknown(document, property, value, what, wrong),
            None if open => {}
            None => wrong.push(format!("{what}: `{name}` is unknown")),
        }
    }
}

/// All properties of a schema, those of its bases and of its variant too. Whether it takes others.
fn gather(
    document: &Json,
    schema: &Json,
    body: &Json,
    properties: &mut BTreeMap<String, Json>,
) -> bool {
    let schema = follow(document, schema);
    let mut open = schema
        .get("additionalProperties")
        .is_some_and(|it| *it != false);
    if let Some(own) = schema.get("properties").and_then(Json::as_object) {
        properties.extend(own.iter().map(|(name, it)| (name.clone(), it.clone())));
    } else if schema.get("allOf").is_none() {
        open = true;
    }
    for base in schema["allOf"].as_array().into_iter().flatten() {
        gather(document, base, body, properties);
    }
    let variant = schema["discriminator"]
        .as_str()
        .and_then(|name| body[name].as_str());
    if let Some(variant) = variant {
        let definitions = document["definitions"].as_object().unwrap();
        let found = definitions
            .values()
            .find(|it| it["x-ms-discriminator-value"] == variant);
        if let Some(found) = found
            && found != &schema
        {
            // Its own properties only: its base is where we are.
            let own = found["properties"].as_object().into_iter().flatten();
            properties.extend(own.map(|(name, it)| (name.clone(), it.clone())));
        }
    }
    open
}
