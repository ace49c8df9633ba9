//! What the tests share: a clock that moves when somebody sleeps, and a stand-in for Resource
//! Manager that keeps what it is sent. It has none of the cloud's rules; the simulated cloud has.

#![expect(
    unreachable_pub,
    reason = "a module of the tests' own, shared by several of them"
)]

pub mod schemas;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value as Json;
use serde_json::json;
use stampctl_azure::Azure;
use stampctl_azure::Clock;
use stampctl_azure::Config;
use stampctl_azure::Credential;
use stampctl_azure::Endpoints;
use stampctl_azure::Places;
use stampctl_azure::Rates;
use stampctl_azure::Secret;
use stampctl_azure::map::json as tree;
use stampctl_azure::wire::Body;
use stampctl_azure::wire::Lost;
use stampctl_azure::wire::Method;
use stampctl_azure::wire::Request;
use stampctl_azure::wire::Response;
use stampctl_azure::wire::Transport;

pub const BASE: &str = "http://127.0.0.1:1";
pub const GUID: &str = "00000000-0000-0000-0000-000000000001";

pub struct Virtual(Mutex<Timestamp>);

#[async_trait]
impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, time: Duration) {
        *self.0.lock().unwrap() += SignedDuration::try_from(time).unwrap();
    }
}

/// Keeps resources by id in lower case.
#[derive(Default)]
pub struct Keeper {
    pub kept: Mutex<BTreeMap<String, Json>>,
    pub asked: Mutex<Vec<Request>>,
    /// Rows that the logs answer.
    pub rows: Mutex<Vec<Json>>,
    documents: Mutex<BTreeMap<String, (u64, Json)>>,
}

pub fn places() -> Places {
    Places {
        subscriptions: [("shared".to_owned(), GUID.to_owned())].into(),
        registries: [("tenants".to_owned(), "acct".to_owned())].into(),
        ..Places::default()
    }
}

/// A provider over a keeper.
pub fn azure(places: Places) -> (Azure, Arc<Keeper>) {
    let keeper = Arc::new(Keeper::default());
    let start = Timestamp::from_second(1_800_000_000).unwrap();
    let config = Config {
        endpoints: Endpoints::at(BASE),
        credential: Credential::Static {
            token: Secret::new("test"),
        },
        rates: Rates::default(),
        places,
    };
    let clock = Arc::new(Virtual(Mutex::new(start)));
    let azure = Azure::new(config, keeper.clone(), clock).unwrap();
    (azure, keeper)
}

#[async_trait]
impl Transport for Keeper {
    async fn send(&self, request: Request) -> Result<Response, Lost> {
        self.asked.lock().unwrap().push(request.clone());
        let rest = request.url.strip_prefix(BASE).unwrap();
        let (path, _) = rest.split_once('?').unwrap_or((rest, ""));
        let body = match &request.body {
            Body::Json(json) => json.clone(),
            _ => Json::Null,
        };
        if let Some(path) = path.strip_prefix("/cosmos/acct/dbs/stampctl/colls/registry/docs") {
            return Ok(self.document(&request, path, &body));
        }
        if path.starts_with("/logs/v1") {
            return Ok(self.logs(&body));
        }
        if path.ends_with("ResourceGraph/resources") {
            return Ok(self.graph(&body));
        }
        Ok(self.resource(request.method, path, body))
    }
}

impl Keeper {
    pub fn keep(&self, id: &str, mut body: Json) {
        let segments: Vec<&str> = id.split('/').collect();
        let name = segments.last().copied().unwrap_or_default();
        body["id"] = Json::from(id);
        if !body["name"].is_object() {
            body["name"] = Json::from(name);
        }
        if body.get("type").is_none() {
            body["type"] = Json::from(kind(id));
        }
        self.kept
            .lock()
            .unwrap()
            .insert(id.to_ascii_lowercase(), body);
    }

    pub fn at(&self, id: &str) -> Option<Json> {
        self.kept
            .lock()
            .unwrap()
            .get(&id.to_ascii_lowercase())
            .cloned()
    }

    fn resource(&self, method: Method, path: &str, body: Json) -> Response {
        let found = self.at(path);
        match method {
            Method::Get => self.read(path, found),
            Method::Put => {
                let status = if found.is_some() { 200 } else { 201 };
                let body = if body.is_null() { json!({}) } else { body };
                self.keep(path, body);
                answer(status, &self.at(path).unwrap())
            }
            Method::Patch => {
                let body = tree::over(found.unwrap_or_else(|| json!({})), body);
                self.keep(path, body);
                answer(200, &self.at(path).unwrap())
            }
            Method::Post => {
                if path.ends_with("/deallocate") || path.ends_with("/start") {
                    let (set, act) = path.rsplit_once('/').unwrap();
                    let state = if act == "start" {
                        "running"
                    } else {
                        "deallocated"
                    };
                    let code = format!("PowerState/{state}");
                    let states = json!([{"code": code, "count": 1}]);
                    let view = json!({"virtualMachine": {"statusesSummary": states}});
                    self.keep(&format!("{set}/instanceView"), view);
                }
                answer(200, &json!({}))
            }
            Method::Delete => {
                if found.is_none() {
                    return answer(404, &json!({"error": {"code": "ResourceNotFound"}}));
                }
                let own = path.to_ascii_lowercase();
                let beneath = format!("{own}/");
                let mut kept = self.kept.lock().unwrap();
                kept.retain(|id, _| *id != own && !id.starts_with(&beneath));
                answer(200, &Json::Null)
            }
        }
    }

    fn read(&self, path: &str, found: Option<Json>) -> Response {
        if let Some(found) = found {
            return answer(200, &found);
        }
        let depth = path.split('/').count();
        let is_list = !path.ends_with("/instanceView") && {
            let last = path
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            [
                "usages",
                "locks",
                "subscriptions",
                "capacityreservations",
                "resourcegroups",
                "capacityreservationgroups",
                "containers",
                "origins",
                "databases",
                "users",
                "policyfragments",
                "skus",
                "virtualmachinescalesets",
                "resources",
            ]
            .contains(&last.as_str())
        };
        if !is_list {
            return answer(
                404,
                &json!({"error": {"code": "ResourceNotFound", "message": path}}),
            );
        }
        let beneath = format!("{}/", path.to_ascii_lowercase());
        let kept = self.kept.lock().unwrap();
        let items: Vec<&Json> = kept
            .iter()
            .filter(|(id, _)| id.starts_with(&beneath) && id.split('/').count() == depth + 1)
            .map(|(_, item)| item)
            .collect();
        answer(200, &json!({"value": items}))
    }

    fn graph(&self, body: &Json) -> Response {
        let query = body["query"].as_str().unwrap();
        let kept = self.kept.lock().unwrap();
        let rows: Vec<&Json> = kept
            .values()
            .filter(|row| {
                let kind = row["type"]
                    .as_str()
                    .unwrap_or_default()
                    .to_ascii_lowercase();
                query.contains(&format!("'{kind}'"))
            })
            .collect();
        let from: usize = body
            .pointer("/options/$skipToken")
            .and_then(Json::as_str)
            .map_or(0, |token| token.parse().unwrap());
        let page: Vec<&Json> = rows.iter().skip(from).take(1000).copied().collect();
        let mut answered = json!({"count": page.len(), "totalRecords": rows.len(), "data": page,
                                  "resultTruncated": "false"});
        if rows.len() > from + 1000 {
            answered["$skipToken"] = Json::from((from + 1000).to_string());
        }
        answer(200, &answered)
    }

    fn logs(&self, body: &Json) -> Response {
        let query = body["query"].as_str().unwrap();
        let rows = self.rows.lock().unwrap();
        let rows: Vec<&Json> = rows
            .iter()
            .filter(|row| {
                let path = row[1].as_str().unwrap();
                !query.contains("Path ==") || query.contains(&format!("'{path}'"))
            })
            .collect();
        let columns =
            ["Kind", "Path", "Settings"].map(|name| json!({"name": name, "type": "string"}));
        answer(
            200,
            &json!({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]}),
        )
    }

    fn document(&self, request: &Request, path: &str, body: &Json) -> Response {
        let header = |name: &str| {
            let found = request.headers.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        };
        let mut documents = self.documents.lock().unwrap();
        if header("x-ms-documentdb-isquery").is_some() {
            let all: Vec<Json> = documents.values().map(|(_, it)| it.clone()).collect();
            return answer(200, &json!({"Documents": all}));
        }
        let name = body["id"]
            .as_str()
            .map_or_else(|| path.trim_start_matches('/').to_owned(), str::to_owned);
        let key = format!("{}/{name}", header("x-ms-documentdb-partitionkey").unwrap());
        let found = documents.get(&key).cloned();
        let version = found.as_ref().map(|(version, _)| format!("\"{version}\""));
        if let Some(wanted) = header("if-match")
            && version.as_ref() != Some(&wanted)
        {
            return answer(
                412,
                &json!({"code": "PreconditionFailed", "message": "etag"}),
            );
        }
        match request.method {
            Method::Get | Method::Patch => match found {
                Some((_, document)) => answer(200, &document),
                None => answer(404, &json!({"code": "NotFound", "message": "none"})),
            },
            Method::Delete => {
                documents.remove(&key);
                answer(if found.is_some() { 204 } else { 404 }, &Json::Null)
            }
            Method::Put | Method::Post => {
                let upsert = header("x-ms-documentdb-is-upsert").is_some();
                if request.method == Method::Post && !upsert && found.is_some() {
                    return answer(409, &json!({"code": "Conflict", "message": "exists"}));
                }
                let next = found.map_or(1, |(version, _)| version + 1);
                let mut document = body.clone();
                document["_etag"] = Json::from(format!("\"{next}\""));
                documents.insert(key, (next, document.clone()));
                answer(201, &document)
            }
        }
    }
}

/// The type that an id says.
fn kind(id: &str) -> String {
    let Some((_, rest)) = id.rsplit_once("/providers/") else {
        return match id.split('/').count() {
            3 => "microsoft.resources/subscriptions".to_owned(),
            _ => "microsoft.resources/subscriptions/resourcegroups".to_owned(),
        };
    };
    let parts: Vec<&str> = rest.split('/').collect();
    let mut kind = vec![parts[0]];
    kind.extend(parts.iter().skip(1).step_by(2));
    kind.join("/").to_ascii_lowercase()
}

fn answer(status: u16, body: &Json) -> Response {
    Response {
        status,
        headers: Vec::new(),
        text: if body.is_null() {
            String::new()
        } else {
            body.to_string()
        },
    }
}
