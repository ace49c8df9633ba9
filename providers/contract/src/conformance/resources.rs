//! Laws of resources in general: put, patch, delete, read, list, observe.

use super::Bench;
use super::Law;
use super::address;
use super::change;
use super::holds;
use super::put;
use super::same;
use super::settings;
use crate::FaultClass;
use crate::Kind;
use crate::Query;
use crate::Scope;
use crate::Value;
use crate::Verb;

pub(super) const LAWS: &[Law] = &[
    ("what is put is read back", |b| Box::pin(read_back(b))),
    ("a put twice is a put once", |b| Box::pin(put_twice(b))),
    ("a patch changes what it names and nothing else", |b| {
        Box::pin(patch(b))
    }),
    ("a patch of what is not there is refused", |b| {
        Box::pin(patch_absent(b))
    }),
    ("a delete twice is a delete once", |b| {
        Box::pin(delete_twice(b))
    }),
    ("a resource needs the place that it is in", |b| {
        Box::pin(parents(b))
    }),
    ("a resource group takes its content with it", |b| {
        Box::pin(group_content(b))
    }),
    ("what the cloud computes cannot be set", |b| {
        Box::pin(read_only(b))
    }),
    ("list and observe agree with read", |b| Box::pin(agree(b))),
    ("a read changes nothing", |b| Box::pin(pure_reads(b))),
    ("a locked resource group cannot be deleted", |b| {
        Box::pin(locked(b))
    }),
];

async fn read_back(b: &Bench<'_>) -> Result<(), String> {
    let at = b.group("rg-a").await?;
    let seen = b.read(&at).await?.ok_or("it is not there")?;
    same("address", &seen.address, &at)?;
    same(
        "region",
        &seen.text("region"),
        &Some(b.ground.region.as_str()),
    )?;
    same("tag", &seen.tag("owner"), &Some("conformance"))?;
    let other = b.within(Kind::ResourceGroup, "rg-b", &[])?;
    same("another", &b.read(&other).await?, &None)
}

async fn put_twice(b: &Bench<'_>) -> Result<(), String> {
    let at = b.group("rg-a").await?;
    let first = b.read(&at).await?;
    b.group("rg-a").await?;
    same("after the second put", &b.read(&at).await?, &first)
}

async fn patch(b: &Bench<'_>) -> Result<(), String> {
    let at = b.group("rg-a").await?;
    let tags = Value::Map([("x".to_owned(), Value::text("1"))].into());
    let verb = Verb::Patch {
        settings: settings([("tags", tags)]),
    };
    let done = b.attempt(&change(&at, verb), "patch").await;
    done.map_err(|fault| fault.to_string())?;
    let seen = b.read(&at).await?.ok_or("it is gone")?;
    same("patched", &seen.tag("x"), &Some("1"))?;
    same("replaced", &seen.tag("owner"), &None)?;
    same(
        "left",
        &seen.text("region"),
        &Some(b.ground.region.as_str()),
    )
}

async fn patch_absent(b: &Bench<'_>) -> Result<(), String> {
    let at = b.within(Kind::ResourceGroup, "rg-none", &[])?;
    let verb = Verb::Patch {
        settings: settings([("region", "x".into())]),
    };
    b.refused(
        &change(&at, verb),
        &[FaultClass::Permanent, FaultClass::Conflict],
    )
    .await
}

async fn delete_twice(b: &Bench<'_>) -> Result<(), String> {
    let at = b.group("rg-a").await?;
    b.delete(&at).await?;
    same("after a delete", &b.read(&at).await?, &None)?;
    b.delete(&at).await?;
    same("after two", &b.read(&at).await?, &None)
}

async fn parents(b: &Bench<'_>) -> Result<(), String> {
    let at = b.within(Kind::SqlServer, "rg-none", &["sql"])?;
    let wanted = settings([("region", b.ground.region.as_str().into())]);
    b.refused(
        &put(&at, &wanted),
        &[FaultClass::Permanent, FaultClass::Conflict],
    )
    .await
}

async fn group_content(b: &Bench<'_>) -> Result<(), String> {
    let at = b.group("rg-a").await?;
    b.group("rg-a-b").await?;
    let region = || ("region", b.ground.region.as_str().into());
    let server = b.within(Kind::SqlServer, "rg-a", &["sql-a"])?;
    let other = b.within(Kind::SqlServer, "rg-a-b", &["sql-b"])?;
    b.put(&server, &settings([region()])).await?;
    b.put(&other, &settings([region()])).await?;
    let database = b.within(Kind::SqlDatabase, "rg-a", &["sql-a", "db"])?;
    b.put(&database, &settings([("sku", "S3".into())])).await?;
    b.delete(&at).await?;
    same("the server", &b.read(&server).await?, &None)?;
    same("the database", &b.read(&database).await?, &None)?;
    holds(
        b.read(&other).await?.is_some(),
        "a group of a longer name lost its content",
    )
}

async fn read_only(b: &Bench<'_>) -> Result<(), String> {
    let (subscription, region) = (&b.ground.subscriptions[0], &b.ground.region);
    let quota = address(Kind::Quota, &[subscription, region, &b.ground.family])?;
    let usage = settings([("limit", 8_i64.into()), ("usage", 0_i64.into())]);
    b.refused(&put(&quota, &usage), &[FaultClass::Permanent])
        .await?;
    b.group("rg-a").await?;
    let health = b.within(Kind::Health, "rg-a", &[])?;
    let live = settings([("live", true.into())]);
    b.refused(&put(&health, &live), &[FaultClass::Permanent])
        .await
}

async fn agree(b: &Bench<'_>) -> Result<(), String> {
    b.group("rg-a").await?;
    b.group("rg-b").await?;
    let query = Query {
        kind: Some(Kind::ResourceGroup),
        beneath: b.ground.subscriptions[0].clone(),
        equals: None,
    };
    let listed = b
        .cloud()
        .list(&query)
        .await
        .map_err(|fault| fault.to_string())?;
    same("listed", &listed.len(), &2)?;
    holds(
        listed.is_sorted_by_key(|it| it.address.clone()),
        "the list is not in order",
    )?;
    for resource in &listed {
        let read = b.read(&resource.address).await?;
        same("read and list", &read.as_ref(), &Some(resource))?;
    }
    // A look at everything may be a little old.
    b.cloud.pass(600);
    let scope = Scope {
        subscriptions: b.ground.subscriptions.to_vec(),
        quota_groups: vec![b.ground.group.clone()],
        registry: b.ground.registry.clone(),
    };
    let seen = b.cloud().observe(&scope).await;
    same("gaps", &seen.gaps, &Vec::new())?;
    holds(
        seen.resources.is_sorted_by_key(|it| it.address.clone()),
        "it is not in order",
    )?;
    for resource in &listed {
        holds(
            seen.resources.contains(resource),
            format!("{} was not seen", resource.address),
        )?;
    }
    let group = address(Kind::QuotaGroup, &[&b.ground.group.0, &b.ground.group.1])?;
    let found = seen.resources.iter().any(|it| it.address == group);
    holds(found, "the quota group was not seen")
}

async fn pure_reads(b: &Bench<'_>) -> Result<(), String> {
    let at = b.group("rg-a").await?;
    let query = Query {
        kind: None,
        beneath: String::new(),
        equals: None,
    };
    let before = b
        .cloud()
        .list(&query)
        .await
        .map_err(|fault| fault.to_string())?;
    b.read(&at).await?;
    b.cloud().observe(&Scope::default()).await;
    let after = b
        .cloud()
        .list(&query)
        .await
        .map_err(|fault| fault.to_string())?;
    same("the world", &after, &before)
}

async fn locked(b: &Bench<'_>) -> Result<(), String> {
    let at = b.group("rg-a").await?;
    let lock = b.within(Kind::Lock, "rg-a", &["lock"])?;
    b.put(&lock, &settings([("level", "CanNotDelete".into())]))
        .await?;
    b.refused(
        &change(&at, Verb::Delete),
        &[FaultClass::Denied, FaultClass::Conflict],
    )
    .await?;
    b.delete(&lock).await?;
    b.delete(&at).await
}
