//! Cosmos DB: accounts and containers as Resource Manager shows them, and the items of the tenant
//! registry (database `stampctl`, container `registry`, partition key `/collection`).
//!
//! Of the query language this knows `SELECT * FROM c` with conditions `field = @parameter` joined
//! by AND. The account's name is the registry's.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Address;
use stampctl_contract::Etag;
use stampctl_contract::Kind;
use stampctl_contract::Precondition;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::auth;
use super::face::Face;
use super::face::address;
use super::json;
use super::types::Flow;
use super::types::SLOW;
use super::types::Seen;
use super::types::Type;
use super::types::Wanted;
use super::types::opaque;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Reply;
use super::wire::Request;

/// Accounts answer at once, and go on with it.
const ACCOUNT: Flow = Flow {
    create: 200,
    delete: 202,
    ..SLOW
};

/// What is in an account is taken, and nothing is shown until it is there.
const INSIDE: Flow = Flow {
    create: 202,
    update: 202,
    delete: 202,
    ..SLOW
};

pub(crate) const TYPES: &[Type] = &[
    opaque("Microsoft.DocumentDB/databaseAccounts", ACCOUNT, None),
    opaque(
        "Microsoft.DocumentDB/databaseAccounts/sqlDatabases",
        INSIDE,
        Some(Kind::RegistryContainer),
    ),
    Type {
        name: "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers",
        kind: Some(Kind::RegistryContainer),
        pick: &[0, 1, 2],
        flow: INSIDE,
        implied: None,
        read: container,
        write: show_container,
    },
];

fn container(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let key = json::texts(wanted.body, "/properties/resource/partitionKey/paths");
    let Some(key) = key.first() else {
        let why = "The partition key of the container is missing.";
        return Err(Refusal::bad("BadRequest", why));
    };
    Ok(json::settings([("partition_key", key.as_str().into())]))
}

fn show_container(seen: &Seen<'_>, body: &mut Json) {
    let resource = seen.resource;
    let shown = json!({ "properties": { "options": null, "resource": {
        "id": resource.address.name(),
        "_rid": resource.address.path(),
        "partitionKey": { "paths": [resource.text("partition_key")], "kind": "Hash" },
    } } });
    json::merge(body, &shown);
}

/// Documents to a page where the caller says nothing.
const PAGE: usize = 100;

/// Answers a call of the data plane, at `/cosmos/{account}` or at the account's own host; `None`
/// for all other calls.
pub(crate) fn answer(face: &Face, request: &Request) -> Option<Answer> {
    let parts: Vec<&str> = request.parts.iter().map(String::as_str).collect();
    let host = request.header("host").unwrap_or_default();
    let (account, rest) = match parts.as_slice() {
        ["cosmos", account, rest @ ..] => (*account, rest),
        rest => (host.split_once(".documents.")?.0, rest),
    };
    Some(
        in_account(face, request, account, rest).map_err(|mut refusal| {
            // The data plane says 409 where Resource Manager says 412 of a create.
            if request.method == "POST" && refusal.status == 412 {
                refusal.status = 409;
                "Conflict".clone_into(&mut refusal.code);
            }
            refusal
        }),
    )
}

fn in_account(face: &Face, request: &Request, registry: &str, rest: &[&str]) -> Answer {
    auth_of(face, request)?;
    match (request.method.as_str(), rest) {
        ("GET", []) => Ok(Reply::json(
            200,
            json!({ "id": registry, "_rid": registry }),
        )),
        ("GET", ["dbs", "stampctl"]) => Ok(Reply::json(200, json!({ "id": "stampctl" }))),
        ("GET", ["dbs", "stampctl", "colls", "registry"]) => Ok(Reply::json(
            200,
            json!({ "id": "registry", "partitionKey": { "paths": ["/collection"], "kind": "Hash" } }),
        )),
        ("POST", ["dbs", "stampctl", "colls", "registry", "docs"]) => {
            if request.header("x-ms-documentdb-isquery").is_some_and(truth) {
                return query(face, request, registry);
            }
            create(face, request, registry)
        }
        ("GET", ["dbs", "stampctl", "colls", "registry", "docs"]) => {
            Ok(page(request, &face.list(Kind::RegistryItem, registry)?))
        }
        (_, ["dbs", "stampctl", "colls", "registry", "docs", id]) => {
            one(face, request, registry, id)
        }
        _ => Err(Refusal::new(404, "NotFound", "Resource Not Found")),
    }
}

fn truth(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

/// The data plane's tokens come as `type=aad&ver=1.0&sig={token}`, escaped.
fn auth_of(face: &Face, request: &Request) -> Result<(), Refusal> {
    let header = request.header("authorization").unwrap_or_default();
    let plain = super::wire::decode(header, false);
    let Some((_, token)) = plain.split_once("sig=") else {
        return auth::check(face, request);
    };
    if !face.options.require_tokens || super::identity::is_issued(token) {
        return Ok(());
    }
    Err(Refusal::new(401, "Unauthorized", "the token is invalid"))
}

fn item(registry: &str, collection: &str, id: &str) -> Result<Address, Refusal> {
    let id = unsafe_name(id).ok_or_else(|| Refusal::bad("BadRequest", "the id is invalid"))?;
    address(Kind::RegistryItem, &[registry, collection, &id])
}

/// The partition that a call names.
fn partition(request: &Request) -> Result<String, Refusal> {
    let header = request
        .header("x-ms-documentdb-partitionkey")
        .unwrap_or_default();
    let parsed: Option<Vec<String>> = serde_json::from_str(header).ok();
    let first = parsed.and_then(|keys| keys.into_iter().next());
    first.ok_or_else(|| {
        Refusal::bad(
            "BadRequest",
            "PartitionKey extracted from the header is missing",
        )
    })
}

fn document(resource: &Resource) -> Json {
    let settings = resource.settings.iter();
    let settings: serde_json::Map<String, Json> = settings
        .map(|(name, value)| (name.clone(), json::from_value(value)))
        .collect();
    json!({
        "id": safe(resource.address.name()),
        "collection": resource.address.part("collection"),
        "settings": settings,
        "_etag": resource.etag.as_ref().map(|etag| etag.0.as_ref()),
        "_rid": resource.address.path(),
    })
}

fn settings(body: &Json) -> Result<Settings, Refusal> {
    match body.get("settings").and_then(json::to_value) {
        Some(Value::Map(settings)) => Ok(settings),
        _ => Err(Refusal::bad(
            "BadRequest",
            "`settings` is an object of values without fractions",
        )),
    }
}

fn shown(status: u16, resource: &Resource) -> Reply {
    let reply = Reply::json(status, document(resource)).with("x-ms-request-charge", "1");
    match &resource.etag {
        Some(etag) => reply.with("ETag", etag.0.to_string()),
        None => reply,
    }
}

fn create(face: &Face, request: &Request, registry: &str) -> Answer {
    let collection = partition(request)?;
    if json::text(&request.body, "/collection") != collection {
        let why =
            "PartitionKey extracted from document doesn't match the one specified in the header";
        return Err(Refusal::bad("BadRequest", why));
    }
    let at = item(registry, &collection, json::text(&request.body, "/id"))?;
    let upsert = request
        .header("x-ms-documentdb-is-upsert")
        .is_some_and(truth);
    let existed = face.read(&at)?.is_some();
    let precondition = match (request.header("if-match"), upsert) {
        (Some(etag), _) => Precondition::Version(Etag(etag.into())),
        (None, true) => Precondition::Any,
        (None, false) => Precondition::Absent,
    };
    let settings = settings(&request.body)?;
    face.perform(&at, Verb::Put { settings }, precondition, request)?;
    let found = face.read(&at)?.ok_or_else(gone)?;
    Ok(shown(if existed { 200 } else { 201 }, &found))
}

fn gone() -> Refusal {
    Refusal::new(404, "NotFound", "Resource Not Found")
}

fn one(face: &Face, request: &Request, registry: &str, id: &str) -> Answer {
    let at = item(registry, &partition(request)?, id)?;
    let found = face.read(&at)?.ok_or_else(gone)?;
    let precondition = match request.header("if-match") {
        Some(etag) if etag != "*" => Precondition::Version(Etag(etag.into())),
        _ => Precondition::Any,
    };
    match request.method.as_str() {
        "GET" => Ok(shown(200, &found)),
        "PUT" => {
            let settings = settings(&request.body)?;
            face.perform(&at, Verb::Put { settings }, precondition, request)?;
            let found = face.read(&at)?.ok_or_else(gone)?;
            Ok(shown(200, &found))
        }
        "DELETE" => {
            face.perform(&at, Verb::Delete, precondition, request)?;
            Ok(Reply::empty(204))
        }
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            request.method.clone(),
        )),
    }
}

/// One condition: where in the document, and what must stand there.
type Condition = (String, Json);

fn query(face: &Face, request: &Request, registry: &str) -> Answer {
    let conditions = conditions(&request.body)?;
    let find = |pointer: &str| {
        let found = conditions.iter().find(|(known, _)| known == pointer);
        found.and_then(|(_, value)| value.as_str())
    };
    let mut beneath = registry.to_owned();
    if let Some(collection) = find("/collection") {
        beneath = format!("{beneath}/{collection}");
    }
    let mut found = face.list(Kind::RegistryItem, &beneath)?;
    found.retain(|resource| {
        let document = document(resource);
        let mut all = conditions.iter();
        all.all(|(pointer, value)| document.pointer(pointer) == Some(value))
    });
    Ok(page(request, &found))
}

fn conditions(body: &Json) -> Result<Vec<Condition>, Refusal> {
    let refuse =
        |what: &str| Refusal::bad("BadRequest", format!("this cloud does not know `{what}`"));
    let text = json::text(body, "/query").trim();
    let rest = text
        .strip_prefix("SELECT * FROM c")
        .ok_or_else(|| refuse(text))?;
    let rest = rest.trim();
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let rest = rest.strip_prefix("WHERE ").ok_or_else(|| refuse(rest))?;
    let parameters = body.get("parameters").and_then(Json::as_array);
    let value_of = |name: &str| {
        let mut all = parameters.into_iter().flatten();
        let found = all.find(|one| json::text(one, "/name") == name)?;
        found.get("value").cloned()
    };
    let read = |one: &str| {
        let (field, name) = one.split_once(" = ")?;
        let field = field.trim().strip_prefix('c')?;
        // c.settings["a b"] and c.settings.a are both a path.
        let path = field.replace("[\"", "/").replace("\"]", "");
        let path = path.replace("\\\"", "\"");
        let path = match path.split_once('/') {
            Some((head, tail)) => format!("{}/{}", head.replace('.', "/"), tail.replace('~', "~0")),
            None => path.replace('.', "/"),
        };
        Some((path, value_of(name.trim())?))
    };
    let conditions = rest
        .split(" AND ")
        .map(|one| read(one).ok_or_else(|| refuse(one)));
    conditions.collect()
}

/// One page of documents, and the way to the next.
fn page(request: &Request, found: &[Resource]) -> Reply {
    let asked = |name| {
        request
            .header(name)
            .and_then(|text| text.parse::<usize>().ok())
    };
    let size = asked("x-ms-max-item-count")
        .filter(|size| *size > 0)
        .unwrap_or(PAGE);
    let from = asked("x-ms-continuation").unwrap_or(0);
    let total = found.len();
    let page: Vec<Json> = found.iter().skip(from).take(size).map(document).collect();
    let until = from + page.len();
    let body = json!({ "_rid": "registry", "_count": page.len(), "Documents": page });
    let reply = Reply::json(200, body).with("x-ms-request-charge", "3");
    if until < total {
        reply.with("x-ms-continuation", until.to_string())
    } else {
        reply
    }
}

/// What the provider writes in place of characters that an id cannot have.
const ESCAPES: [(char, &str); 5] = [
    ('~', "~7E"),
    ('\\', "~5C"),
    ('?', "~3F"),
    ('#', "~23"),
    ('/', "~2F"),
];

fn safe(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match ESCAPES.iter().find(|(plain, _)| *plain == c) {
            Some((_, escaped)) => out.push_str(escaped),
            None => out.push(c),
        }
    }
    out
}

fn unsafe_name(id: &str) -> Option<String> {
    let mut out = String::with_capacity(id.len());
    let mut rest = id;
    while let Some(at) = rest.find('~') {
        out.push_str(rest.get(..at)?);
        let code = rest.get(at + 1..at + 3)?;
        out.push(char::from(u8::from_str_radix(code, 16).ok()?));
        rest = rest.get(at + 3..)?;
    }
    out.push_str(rest);
    Some(out)
}
