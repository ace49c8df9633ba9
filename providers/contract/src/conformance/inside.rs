//! Laws of resources that live in others: each goes round, needs its place, and goes with it.

use std::collections::BTreeMap;

use super::Bench;
use super::Law;
use super::address;
use super::change;
use super::holds;
use super::put;
use super::same;
use super::settings;
use crate::Address;
use crate::FaultClass;
use crate::Kind;
use crate::Scope;
use crate::Settings;
use crate::Value;
use crate::Verb;

pub(super) const LAWS: &[Law] = &[
    ("a look sees what is inside others as a read does", |b| {
        Box::pin(seen(b))
    }),
    ("an elastic pool goes round", |b| Box::pin(pool(b))),
    ("an elastic pool with a database stays", |b| {
        Box::pin(pool_in_use(b))
    }),
    ("ingress goes round, and takes its content with it", |b| {
        Box::pin(ingress(b))
    }),
    ("an endpoint of traffic goes round, and has weight", |b| {
        Box::pin(traffic(b))
    }),
    ("a pool of a gateway leaves the others alone", |b| {
        Box::pin(gateway_pool(b))
    }),
    ("a product goes round, and stays while it is taken", |b| {
        Box::pin(product(b))
    }),
    (
        "a registry's container goes round, and keeps its key",
        |b| Box::pin(container(b)),
    ),
];

/// Puts, puts again, changes and deletes; what is read back is what was written.
async fn round(
    b: &Bench<'_>,
    at: &Address,
    wanted: &Settings,
    more: &Settings,
) -> Result<(), String> {
    b.put(at, wanted).await?;
    let first = written(b, at, wanted).await?;
    b.put(at, wanted).await?;
    same("a put twice", &written(b, at, wanted).await?, &first)?;
    let patch = Verb::Patch {
        settings: more.clone(),
    };
    let done = b.attempt(&change(at, patch), "patch").await;
    done.map_err(|fault| format!("patch {at}: {fault}"))?;
    let mut merged = wanted.clone();
    merged.extend(more.clone());
    written(b, at, &merged).await?;
    for _ in 0..2 {
        b.delete(at).await?;
        same("after a delete", &b.read(at).await?, &None)?;
    }
    Ok(())
}

/// The settings of `wanted` as they are read back.
async fn written(b: &Bench<'_>, at: &Address, wanted: &Settings) -> Result<Settings, String> {
    let seen = b
        .read(at)
        .await?
        .ok_or_else(|| format!("{at} is not there"))?;
    let of = |name: &String| Some((name.clone(), seen.get(name)?.clone()));
    let seen: Settings = wanted.keys().filter_map(of).collect();
    same(at.as_str(), &seen, wanted)?;
    Ok(seen)
}

/// Refuses what has no place to be in.
async fn homeless(b: &Bench<'_>, at: &Address, wanted: &Settings) -> Result<(), String> {
    let classes = [FaultClass::Permanent, FaultClass::Conflict];
    b.refused(&put(at, wanted), &classes).await
}

async fn server(b: &Bench<'_>) -> Result<Address, String> {
    b.group("rg-a").await?;
    let at = b.within(Kind::SqlServer, "rg-a", &["sql"])?;
    let region = b.ground.region.as_str().into();
    b.put(&at, &settings([("region", region)])).await?;
    Ok(at)
}

fn pool_settings() -> Settings {
    settings([("sku", "StandardPool".into()), ("capacity", 50_i64.into())])
}

async fn pool(b: &Bench<'_>) -> Result<(), String> {
    let server = server(b).await?;
    let at = b.within(Kind::ElasticPool, "rg-a", &["none", "pool"])?;
    homeless(b, &at, &pool_settings()).await?;
    let at = b.within(Kind::ElasticPool, "rg-a", &["sql", "pool"])?;
    let more = settings([("capacity", 100_i64.into())]);
    round(b, &at, &pool_settings(), &more).await?;
    b.put(&at, &pool_settings()).await?;
    b.delete(&server).await?;
    same("without its server", &b.read(&at).await?, &None)
}

async fn pool_in_use(b: &Bench<'_>) -> Result<(), String> {
    server(b).await?;
    let at = b.within(Kind::ElasticPool, "rg-a", &["sql", "pool"])?;
    let database = b.within(Kind::SqlDatabase, "rg-a", &["sql", "db"])?;
    let pooled = settings([("sku", "pool:pool".into())]);
    homeless(b, &database, &pooled).await?;
    b.put(&at, &pool_settings()).await?;
    b.put(&database, &pooled).await?;
    b.refused(&change(&at, Verb::Delete), &[FaultClass::Conflict])
        .await?;
    let alone = settings([("sku", "S3".into())]);
    b.put(&database, &alone).await?;
    b.delete(&at).await
}

async fn ingress(b: &Bench<'_>) -> Result<(), String> {
    b.group("rg-a").await?;
    let profile = b.within(Kind::IngressProfile, "rg-a", &["fd"])?;
    let endpoint = b.within(Kind::IngressEndpoint, "rg-a", &["fd", "app"])?;
    let group = b.within(Kind::OriginGroup, "rg-a", &["fd", "og"])?;
    let origin = b.within(Kind::Origin, "rg-a", &["fd", "og", "one"])?;
    let on = settings([("enabled", true.into()), ("tags", tags())]);
    let probed = settings([("probe", "/live".into()), ("interval", 30_i64.into())]);
    homeless(b, &endpoint, &on).await?;
    homeless(b, &group, &probed).await?;
    let sku = settings([("sku", "Standard_AzureFrontDoor".into()), ("tags", tags())]);
    let untagged = settings([("tags", Value::Map(BTreeMap::new()))]);
    round(b, &profile, &sku, &untagged).await?;
    b.put(&profile, &sku).await?;
    round(b, &endpoint, &on, &settings([("enabled", false.into())])).await?;
    round(b, &group, &probed, &settings([("interval", 60_i64.into())])).await?;
    let never = settings([("probe", "/live".into()), ("interval", 0_i64.into())]);
    homeless(b, &group, &never).await?;
    b.put(&endpoint, &on).await?;
    let seen = b.put(&endpoint, &on).await?;
    holds(seen.text("host").is_some(), "an endpoint has no host")?;
    let traffic = settings([
        ("host", "a.example.com".into()),
        ("weight", 5_i64.into()),
        ("enabled", true.into()),
    ]);
    b.put(&group, &probed).await?;
    b.put(&origin, &traffic).await?;
    b.delete(&group).await?;
    same("without its group", &b.read(&origin).await?, &None)?;
    b.put(&group, &probed).await?;
    b.put(&origin, &traffic).await?;
    b.delete(&profile).await?;
    for gone in [endpoint, group, origin] {
        same("without its profile", &b.read(&gone).await?, &None)?;
    }
    Ok(())
}

async fn traffic(b: &Bench<'_>) -> Result<(), String> {
    let at = b.within(Kind::TrafficEndpoint, "rg-a", &["tm", "one"])?;
    let of = |weight: i64| {
        settings([
            ("host", "a.example.com".into()),
            ("weight", weight.into()),
            ("enabled", true.into()),
        ])
    };
    homeless(b, &at, &of(10)).await?;
    let group = b.group("rg-a").await?;
    let off = settings([("enabled", false.into()), ("weight", 1_i64.into())]);
    round(b, &at, &of(1000), &off).await?;
    for none in [0, 1001] {
        b.refused(&put(&at, &of(none)), &[FaultClass::Permanent])
            .await?;
    }
    b.put(&at, &of(1)).await?;
    b.delete(&group).await?;
    same("without its group", &b.read(&at).await?, &None)
}

async fn gateway_pool(b: &Bench<'_>) -> Result<(), String> {
    let pool = |name: &str| {
        let mut parts: Vec<&str> = b.ground.gateway.iter().map(String::as_str).collect();
        parts.push(name);
        address(Kind::GatewayPool, &parts)
    };
    let of = |members: &[&str]| {
        let members = members.iter().map(|member| (*member).into());
        settings([("members", Value::List(members.collect()))])
    };
    let (one, other) = (pool("one")?, pool("other")?);
    b.put(&other, &of(&["b.example.com"])).await?;
    let before = b.read(&other).await?;
    let (first, then) = (of(&["a.example.com", "10.0.0.4"]), of(&[]));
    round(b, &one, &first, &then).await?;
    same("another pool", &b.read(&other).await?, &before)
}

async fn product(b: &Bench<'_>) -> Result<(), String> {
    b.group("rg-a").await?;
    let at = b.within(Kind::ApiProduct, "rg-a", &["apim", "basic"])?;
    let user = b.within(Kind::ApiUser, "rg-a", &["apim", "ann"])?;
    let taken = b.within(Kind::ApiSubscription, "rg-a", &["apim", "ann-basic"])?;
    let wanted = settings([
        ("title", "Basic".into()),
        ("state", "published".into()),
        ("approval", true.into()),
    ]);
    let more = settings([("state", "notPublished".into()), ("approval", false.into())]);
    round(b, &at, &wanted, &more).await?;
    b.put(&at, &wanted).await?;
    let who = settings([("email", "a@b.example".into()), ("state", "active".into())]);
    b.put(&user, &who).await?;
    let what = settings([
        ("product", "basic".into()),
        ("user", "ann".into()),
        ("state", "active".into()),
    ]);
    b.put(&taken, &what).await?;
    let classes = [FaultClass::Permanent, FaultClass::Conflict];
    b.refused(&change(&at, Verb::Delete), &classes).await?;
    b.delete(&taken).await?;
    b.delete(&at).await
}

async fn container(b: &Bench<'_>) -> Result<(), String> {
    let at = b.within(
        Kind::RegistryContainer,
        "rg-a",
        &["account", "stampctl", "registry"],
    )?;
    let wanted = settings([("partition_key", "/collection".into())]);
    homeless(b, &at, &wanted).await?;
    let group = b.group("rg-a").await?;
    round(b, &at, &wanted, &Settings::new()).await?;
    b.put(&at, &wanted).await?;
    let other = settings([("partition_key", "/other".into())]);
    b.refused(&put(&at, &other), &[FaultClass::Permanent])
        .await?;
    b.delete(&group).await?;
    same("without its group", &b.read(&at).await?, &None)
}

async fn seen(b: &Bench<'_>) -> Result<(), String> {
    server(b).await?;
    let region = || ("region", b.ground.region.as_str().into());
    let within = |kind: Kind, rest: &[&str]| b.within(kind, "rg-a", rest);
    let nodes = settings([
        region(),
        ("zones", Value::List(vec!["1".into(), "2".into()])),
        ("sku", b.ground.sku.as_str().into()),
        ("family", b.ground.family.as_str().into()),
        ("vcpus", b.ground.vcpus.into()),
        ("instances", 0_i64.into()),
        ("power", "running".into()),
        ("reservation", "".into()),
        ("tags", tags()),
    ]);
    let host = ("host", Value::text("a.example.com"));
    let mut gateway: Vec<&str> = b.ground.gateway.iter().map(String::as_str).collect();
    gateway.push("one");
    let members = Value::List(vec!["a.example.com".into(), "10.0.0.4".into()]);
    let all = [
        (
            within(Kind::ElasticPool, &["sql", "pool"])?,
            pool_settings(),
        ),
        (
            within(Kind::IngressProfile, &["fd"])?,
            settings([("sku", "Standard_AzureFrontDoor".into()), ("tags", tags())]),
        ),
        (
            within(Kind::IngressEndpoint, &["fd", "app"])?,
            settings([("enabled", false.into()), ("tags", tags())]),
        ),
        (
            within(Kind::TrafficEndpoint, &["tm", "one"])?,
            settings([host, ("weight", 7_i64.into()), ("enabled", true.into())]),
        ),
        (
            within(Kind::Cluster, &["aks"])?,
            settings([region(), ("tags", tags())]),
        ),
        (within(Kind::NodePool, &["aks", "one"])?, nodes),
        (
            address(Kind::GatewayPool, &gateway)?,
            settings([("members", members)]),
        ),
    ];
    for (at, wanted) in &all {
        b.put(at, wanted).await?;
    }
    // A look at everything may be a little old.
    b.cloud.pass(600);
    let mut subscriptions = b.ground.subscriptions.to_vec();
    subscriptions.push(b.ground.gateway[0].clone());
    let scope = Scope {
        subscriptions,
        ..Scope::default()
    };
    let look = b.cloud().observe(&scope).await;
    for (at, wanted) in &all {
        written(b, at, wanted).await?;
        let read = b.read(at).await?;
        let found = look.resources.iter().find(|it| it.address == *at);
        same(at.as_str(), &found, &read.as_ref())?;
    }
    Ok(())
}

fn tags() -> Value {
    Value::Map([("owner".to_owned(), Value::text("conformance"))].into())
}
