//! The tenant registry over Cosmos DB's data plane.

use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Query;
use stampctl_contract::Resource;
use stampctl_contract::Settings;
use stampctl_contract::Verb;

use crate::azure::Azure;
use crate::client::Outgoing;
use crate::client::json_or_absent;
use crate::endpoints::Audience;
use crate::fault;
use crate::fault::conflict;
use crate::fault::permanent;
use crate::map::json;
use crate::map::registry;
use crate::throttle::Class;
use crate::wire::Body;
use crate::wire::Method;
use crate::wire::Response;

/// Items to a page.
const PAGE: &str = "1000";
/// A store that never ends a list is stopped here.
const MOST_PAGES: usize = 100_000;
/// Tries at a change of an item that others change too.
const TRIES: usize = 5;

impl Azure {
    fn documents(&self, method: Method, registry: &str, path: &str, key: &str) -> Outgoing {
        let account = self.places.account(registry).to_owned();
        let endpoint = &self.client.endpoints().registry;
        let base = endpoint.replace("{account}", &account);
        let now = self.client.now();
        let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        Outgoing {
            method,
            url: format!("{base}{path}"),
            audience: Audience::Registry,
            account,
            class: Class::Data,
            headers: vec![
                ("x-ms-version", registry::VERSION.to_owned()),
                ("x-ms-date", date.to_ascii_lowercase()),
            ],
            body: Body::None,
            asks: method == Method::Get,
            key: key.to_owned(),
        }
    }

    /// One item.
    pub(crate) async fn item(&self, address: &Address) -> Result<Option<Resource>, Fault> {
        let registry = address.part("registry").unwrap_or_default();
        let mut get = self.documents(Method::Get, registry, &registry::path(address), "read");
        get.headers
            .push(("x-ms-documentdb-partitionkey", registry::partition(address)));
        let found = json_or_absent(&self.client.send(&get).await?)?;
        match found {
            None => Ok(None),
            Some(document) => match registry::read(registry, &document) {
                Some(item) => Ok(Some(item)),
                None => Err(permanent("Registry", format!("{address} cannot be read"))),
            },
        }
    }

    /// All items that answer a query, by pages.
    pub(crate) async fn items(
        &self,
        registry: &str,
        query: &Query,
    ) -> Result<Vec<Resource>, Fault> {
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut post = self.documents(Method::Post, registry, registry::DOCUMENTS, "query");
            post.asks = true;
            post.body = Body::Json(registry::sql(query));
            post.headers.extend([
                ("content-type", "application/query+json".to_owned()),
                ("x-ms-documentdb-isquery", "true".to_owned()),
                (
                    "x-ms-documentdb-query-enablecrosspartition",
                    "true".to_owned(),
                ),
                ("x-ms-max-item-count", PAGE.to_owned()),
            ]);
            post.headers
                .extend(next.take().map(|token| ("x-ms-continuation", token)));
            let answer = self.client.send(&post).await?;
            if !answer.ok() {
                return Err(fault::of_response(Method::Get, &answer));
            }
            let page = answer.json().unwrap_or_default();
            for document in json::list(&page, &["Documents"]) {
                found.extend(registry::read(registry, document).filter(|it| query.admits(it)));
            }
            match answer
                .header("x-ms-continuation")
                .filter(|it| !it.is_empty())
            {
                None => {
                    found.sort_by(|a, b| a.address.cmp(&b.address));
                    found.dedup_by(|a, b| a.address == b.address);
                    return Ok(found);
                }
                Some(token) => next = Some(token.to_owned()),
            }
        }
        Err(permanent("EndlessList", "the registry's pages do not end"))
    }

    /// Changes an item, on its version where the operation names one.
    pub(crate) async fn change_item(
        &self,
        operation: &Operation,
        key: &str,
    ) -> Result<Outcome, Fault> {
        let address = &operation.address;
        match &operation.verb {
            Verb::Put { settings } => {
                let done = self
                    .put_item(address, settings, &operation.precondition, key)
                    .await?;
                Ok(Outcome::Done(Some(done)))
            }
            Verb::Patch { settings } => self.patch_item(operation, settings, key).await,
            Verb::Delete => {
                self.delete_item(address, &operation.precondition, key)
                    .await
            }
            Verb::Copy { .. } => Err(permanent("CopyKinds", "a registry item is not copied")),
        }
    }

    async fn put_item(
        &self,
        address: &Address,
        settings: &Settings,
        precondition: &Precondition,
        key: &str,
    ) -> Result<Resource, Fault> {
        let registry = address.part("registry").unwrap_or_default();
        let mut request = match precondition {
            Precondition::Version(etag) => {
                let path = registry::path(address);
                let mut put = self.documents(Method::Put, registry, &path, key);
                put.headers.push(("if-match", etag.0.to_string()));
                put
            }
            Precondition::Any => {
                let mut post = self.documents(Method::Post, registry, registry::DOCUMENTS, key);
                let upsert = ("x-ms-documentdb-is-upsert", "true".to_owned());
                post.headers.push(upsert);
                post
            }
            Precondition::Absent => {
                let mut post = self.documents(Method::Post, registry, registry::DOCUMENTS, key);
                post.headers.push(("if-none-match", "*".to_owned()));
                post
            }
        };
        let partition = registry::partition(address);
        request
            .headers
            .push(("x-ms-documentdb-partitionkey", partition));
        request.body = Body::Json(registry::document(address, settings));
        let answer = self.client.send(&request).await?;
        let document = written(address, request.method, &answer)?;
        let item = document.and_then(|document| registry::read(registry, &document));
        item.ok_or_else(|| {
            let why = "the registry did not say what it wrote";
            Fault::new(FaultClass::Transient, "Registry", why).ambiguous()
        })
    }

    async fn patch_item(
        &self,
        operation: &Operation,
        settings: &Settings,
        key: &str,
    ) -> Result<Outcome, Fault> {
        let address = &operation.address;
        for _ in 0..TRIES {
            let found = self.item(address).await?.ok_or_else(|| {
                permanent("ResourceNotFound", format!("{address} does not exist"))
            })?;
            let version = match &operation.precondition {
                Precondition::Version(wanted) if found.etag.as_ref() != Some(wanted) => {
                    return Err(conflict("PreconditionFailed", format!("{address} changed")));
                }
                Precondition::Absent => {
                    return Err(conflict("AlreadyExists", format!("{address} exists")));
                }
                _ => found.etag.clone(),
            };
            let mut merged = found.settings;
            merged.extend(settings.clone());
            let at = version.map_or(Precondition::Any, Precondition::Version);
            match self.put_item(address, &merged, &at, key).await {
                Err(fault)
                    if fault.class == FaultClass::Conflict && operation.precondition.is_any() => {}
                other => return other.map(|item| Outcome::Done(Some(item))),
            }
        }
        Err(conflict(
            "Busy",
            format!("{address} is changed all the time"),
        ))
    }

    async fn delete_item(
        &self,
        address: &Address,
        precondition: &Precondition,
        key: &str,
    ) -> Result<Outcome, Fault> {
        let registry = address.part("registry").unwrap_or_default();
        if *precondition == Precondition::Absent {
            return match self.item(address).await? {
                None => Ok(Outcome::Done(None)),
                Some(_) => Err(conflict("AlreadyExists", format!("{address} exists"))),
            };
        }
        let mut delete = self.documents(Method::Delete, registry, &registry::path(address), key);
        delete
            .headers
            .push(("x-ms-documentdb-partitionkey", registry::partition(address)));
        if let Precondition::Version(etag) = precondition {
            delete.headers.push(("if-match", etag.0.to_string()));
        }
        let answer = self.client.send(&delete).await?;
        if answer.status == 404 || answer.ok() {
            return Ok(Outcome::Done(None));
        }
        Err(fault::of_response(Method::Delete, &answer))
    }
}

fn written(
    address: &Address,
    method: Method,
    answer: &Response,
) -> Result<Option<serde_json::Value>, Fault> {
    match answer.status {
        404 if method == Method::Put => {
            Err(conflict("PreconditionFailed", format!("{address} is gone")))
        }
        404 => Err(permanent(
            "Registry",
            "the registry has no database `stampctl` or container",
        )),
        _ if !answer.ok() => Err(fault::of_response(method, answer)),
        _ => Ok(answer.json()),
    }
}
