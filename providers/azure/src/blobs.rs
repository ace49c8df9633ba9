//! Blobs themselves: what is in a container, and making one container's content another's.
//!
//! Where the operator configures no blob endpoint, containers are not looked into: records and
//! digest are then what the logs say, or unknown.

use std::collections::BTreeMap;

use sha2::Digest as _;
use sha2::Sha256;
use stampctl_contract::Address;
use stampctl_contract::Fault;

use crate::azure::Azure;
use crate::client::Outgoing;
use crate::endpoints::Audience;
use crate::fault;
use crate::fault::permanent;
use crate::map::xml;
use crate::text::encode;
use crate::text::hex;
use crate::throttle::Class;
use crate::wire::Body;
use crate::wire::Method;

/// The version of the data plane.
const VERSION: &str = "2023-11-03";
/// Pages of 5,000 names that are looked through for a digest.
const MOST_PAGES: usize = 40;
/// The largest blob that is copied in one call.
const LARGEST: u64 = 5_000 << 20;

/// A blob's length, and the service's MD5 where it has one.
type Blobs = BTreeMap<String, (u64, Option<String>)>;

impl Azure {
    fn container_url(&self, container: &Address) -> Option<String> {
        let account = container.part("account").unwrap_or_default();
        let endpoint = self.client.endpoints().blobs.as_ref()?;
        let base = endpoint.replace("{account}", account);
        Some(format!("{base}/{}", encode(container.name())))
    }

    fn blob_request(method: Method, container: &Address, url: String) -> Outgoing {
        Outgoing {
            method,
            url,
            audience: Audience::Blobs,
            account: container.part("account").unwrap_or_default().to_owned(),
            class: Class::Data,
            headers: vec![("x-ms-version", VERSION.to_owned())],
            body: Body::None,
            asks: method == Method::Get,
            key: "blobs".to_owned(),
        }
    }

    /// How many blobs a container has, and a digest over their names, lengths and MD5s. `None`
    /// where blobs are not looked into, are too many, or one has no MD5.
    pub(crate) async fn blob_content(
        &self,
        container: &Address,
    ) -> Result<Option<(i64, String)>, Fault> {
        if self.container_url(container).is_none() {
            return Ok(None);
        }
        let Some(blobs) = self.blobs(container).await? else {
            return Ok(None);
        };
        let mut sum = Sha256::new();
        for (name, (length, md5)) in &blobs {
            let Some(md5) = md5 else { return Ok(None) };
            sum.update(format!("{}:{name}:{length}:{md5};", name.len()));
        }
        let hex = hex(&sum.finalize(), 32);
        let records = i64::try_from(blobs.len()).unwrap_or(i64::MAX);
        Ok(Some((records, format!("sha256:{hex}"))))
    }

    /// All blobs of a container; `None` where they are too many to look through.
    async fn blobs(&self, container: &Address) -> Result<Option<Blobs>, Fault> {
        let url = self.container_url(container).ok_or_else(no_endpoint)?;
        let mut blobs = Blobs::new();
        let mut marker = String::new();
        for _ in 0..MOST_PAGES {
            let page = format!(
                "{url}?restype=container&comp=list&marker={}",
                encode(&marker)
            );
            let get = Self::blob_request(Method::Get, container, page);
            let answer = self.client.send(&get).await?;
            if !answer.ok() {
                return Err(fault::of_response(Method::Get, &answer));
            }
            for blob in xml::elements(&answer.text, "Blob") {
                let text = |name| xml::elements(blob, name).next().map(xml::unescape);
                let Some(name) = text("Name") else { continue };
                let length = text("Content-Length").and_then(|it| it.parse().ok());
                let md5 = text("Content-MD5").filter(|it| !it.is_empty());
                blobs.insert(name, (length.unwrap_or(0), md5));
            }
            let next = xml::elements(&answer.text, "NextMarker").next();
            match next.map(xml::unescape).filter(|it| !it.is_empty()) {
                None => return Ok(Some(blobs)),
                Some(next) => marker = next,
            }
        }
        Ok(None)
    }

    /// Makes the content of a container equal to another's: copies what differs, on the server's
    /// side, and removes what the other does not have.
    pub(crate) async fn copy_blobs(&self, to: &Address, from: &Address) -> Result<(), Fault> {
        let too_many = || {
            permanent(
                "TooManyBlobs",
                "too many blobs to copy one by one; use azcopy",
            )
        };
        let source = self.blobs(from).await?.ok_or_else(too_many)?;
        let target = self.blobs(to).await?.ok_or_else(too_many)?;
        let source_url = self.container_url(from).ok_or_else(no_endpoint)?;
        let target_url = self.container_url(to).ok_or_else(no_endpoint)?;
        for (name, seen) in &source {
            if target.get(name) == Some(seen) && seen.1.is_some() {
                continue;
            }
            if seen.0 > LARGEST {
                let why = format!("`{name}` of {from} is larger than one call copies; use azcopy");
                return Err(permanent("BlobTooLarge", why));
            }
            let blob = name.split('/').map(encode).collect::<Vec<_>>().join("/");
            let mut put = Self::blob_request(Method::Put, to, format!("{target_url}/{blob}"));
            put.headers.extend([
                ("x-ms-blob-type", "BlockBlob".to_owned()),
                ("x-ms-copy-source", format!("{source_url}/{blob}")),
                (
                    "x-ms-copy-source-authorization",
                    self.client.bearer(&put).await?,
                ),
            ]);
            self.changed(&put).await?;
        }
        for name in target.keys().filter(|name| !source.contains_key(*name)) {
            let blob = name.split('/').map(encode).collect::<Vec<_>>().join("/");
            let delete = Self::blob_request(Method::Delete, to, format!("{target_url}/{blob}"));
            self.changed(&delete).await?;
        }
        Ok(())
    }

    async fn changed(&self, request: &Outgoing) -> Result<(), Fault> {
        let answer = self.client.send(request).await?;
        let gone = request.method == Method::Delete && answer.status == 404;
        if answer.ok() || gone {
            return Ok(());
        }
        Err(fault::of_response(request.method, &answer))
    }
}

fn no_endpoint() -> Fault {
    permanent(
        "NoBlobEndpoint",
        "no blob endpoint is configured, so the content of containers cannot be copied",
    )
}
