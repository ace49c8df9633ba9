//! Laws of tenants' data: a copy carries one tenant's content and nothing else (I-7).

use super::Bench;
use super::Law;
use super::address;
use super::change;
use super::holds;
use super::same;
use super::settings;
use crate::Address;
use crate::FaultClass;
use crate::Kind;
use crate::Value;
use crate::Verb;

pub(super) const LAWS: &[Law] = &[
    ("a copy makes content equal, and again", |b| {
        Box::pin(equal(b))
    }),
    ("a copy carries one tenant's content", |b| {
        Box::pin(scoped(b))
    }),
    ("a backup outlives what it was taken of", |b| {
        Box::pin(backup(b))
    }),
    ("a backup of a tenant or a group is of all its data", |b| {
        Box::pin(tenant_backup(b))
    }),
];

async fn server(b: &Bench<'_>, group: &str) -> Result<(), String> {
    b.group(group).await?;
    let at = b.within(Kind::SqlServer, group, &["sql"])?;
    b.put(
        &at,
        &settings([("region", b.ground.region.as_str().into())]),
    )
    .await
    .map(|_| ())
}

async fn database(b: &Bench<'_>, group: &str, tenant: &str) -> Result<Address, String> {
    let at = b.within(Kind::SqlDatabase, group, &["sql", &format!("db-{tenant}")])?;
    let wanted = settings([("sku", "S3".into()), ("tenant", tenant.into())]);
    b.put(&at, &wanted).await?;
    Ok(at)
}

/// Lets a tenant write to its data for a while, and freezes it.
async fn write(b: &Bench<'_>, tenant: &str, homes: &[&Address]) -> Result<(), String> {
    let at = address(Kind::RegistryItem, &[&b.ground.registry, "tenants", tenant])?;
    let item = |frozen: bool| {
        settings([
            ("state", "active".into()),
            ("routed", true.into()),
            ("frozen", frozen.into()),
            (
                "data",
                Value::List(homes.iter().map(|it| it.to_string().into()).collect()),
            ),
        ])
    };
    b.put(&at, &item(false)).await?;
    b.cloud.pass(7_200);
    b.put(&at, &item(true)).await.map(|_| ())
}

async fn digest(b: &Bench<'_>, at: &Address) -> Result<String, String> {
    let resource = b
        .read(at)
        .await?
        .ok_or_else(|| format!("{at} is not there"))?;
    resource
        .text("digest")
        .map(str::to_owned)
        .ok_or_else(|| format!("{at} has no digest"))
}

async fn equal(b: &Bench<'_>) -> Result<(), String> {
    server(b, "rg-a").await?;
    server(b, "rg-b").await?;
    let (from, to) = (
        database(b, "rg-a", "ann").await?,
        database(b, "rg-b", "ann").await?,
    );
    write(b, "ann", &[&from]).await?;
    holds(
        digest(b, &from).await? != digest(b, &to).await?,
        "equal before the copy",
    )?;
    let verb = Verb::Copy {
        from: from.clone(),
        tenant: "ann".to_owned(),
    };
    for _ in 0..2 {
        let done = b.attempt(&change(&to, verb.clone()), "copy").await;
        done.map_err(|fault| format!("copy: {fault}"))?;
        same(
            "after the copy",
            &digest(b, &to).await?,
            &digest(b, &from).await?,
        )?;
    }
    let records = b.number(&from, "records").await?;
    same("records", &b.number(&to, "records").await?, &records)
}

async fn scoped(b: &Bench<'_>) -> Result<(), String> {
    server(b, "rg-a").await?;
    server(b, "rg-b").await?;
    let (ann, bob) = (
        database(b, "rg-a", "ann").await?,
        database(b, "rg-b", "bob").await?,
    );
    write(b, "ann", &[&ann]).await?;
    let classes = [FaultClass::Permanent, FaultClass::Denied];
    for tenant in ["ann", "bob"] {
        let verb = Verb::Copy {
            from: ann.clone(),
            tenant: tenant.to_owned(),
        };
        b.refused(&change(&bob, verb), &classes).await?;
    }
    let seen = b.read(&bob).await?.ok_or("it is gone")?;
    same(
        "tenants",
        &seen.get("tenants"),
        &Some(&Value::List(vec!["bob".into()])),
    )
}

async fn backup(b: &Bench<'_>) -> Result<(), String> {
    server(b, "rg-a").await?;
    let from = database(b, "rg-a", "ann").await?;
    write(b, "ann", &[&from]).await?;
    let wanted = digest(b, &from).await?;
    let at = address(Kind::Backup, &[&b.ground.subscriptions[0], "vault", "ann"])?;
    let asked = settings([
        ("source", from.to_string().into()),
        ("tenant", "ann".into()),
    ]);
    let taken = b.put(&at, &asked).await?;
    same("digest", &taken.text("digest"), &Some(wanted.as_str()))?;
    same("verified", &taken.truth("verified"), &Some(true))?;
    b.delete(&from).await?;
    same("after the delete", &digest(b, &at).await?, &wanted)
}

async fn tenant_backup(b: &Bench<'_>) -> Result<(), String> {
    server(b, "rg-a").await?;
    let rows = database(b, "rg-a", "ann").await?;
    let other = database(b, "rg-a", "bob").await?;
    let account = b.within(Kind::StorageAccount, "rg-a", &["stann"])?;
    let wanted = [
        ("region", b.ground.region.as_str().into()),
        ("sku", "Standard_LRS".into()),
    ];
    b.put(&account, &settings(wanted)).await?;
    let blobs = b.within(Kind::BlobContainer, "rg-a", &["stann", "tenant-ann"])?;
    b.put(&blobs, &settings([("tenant", "ann".into())])).await?;
    write(b, "bob", &[&other]).await?;
    write(b, "ann", &[&rows, &blobs]).await?;
    let all = b.number(&rows, "records").await? + b.number(&blobs, "records").await?;
    let others = b.number(&other, "records").await?;
    holds(all > others && others > 0, "tenants write nothing")?;
    let item = address(Kind::RegistryItem, &[&b.ground.registry, "tenants", "ann"])?;
    let at = address(
        Kind::Backup,
        &[&b.ground.subscriptions[0], "vault", "all-of-ann"],
    )?;
    let asked = settings([
        ("source", item.to_string().into()),
        ("tenant", "ann".into()),
    ]);
    let taken = b.put(&at, &asked).await?;
    same("records", &taken.int("records"), &Some(all))?;
    same("verified", &taken.truth("verified"), &Some(true))?;
    let kept = digest(b, &at).await?;
    let group = b.within(Kind::ResourceGroup, "rg-a", &[])?;
    let everyone = settings([("source", group.to_string().into()), ("tenant", "".into())]);
    let whole = address(
        Kind::Backup,
        &[&b.ground.subscriptions[0], "vault", "all-of-a"],
    )?;
    let taken = b.put(&whole, &everyone).await?;
    same("of the group", &taken.int("records"), &Some(all + others))?;
    b.delete(&rows).await?;
    b.delete(&blobs).await?;
    same("after the deletes", &digest(b, &at).await?, &kept)?;
    b.delete(&at).await?;
    holds(b.read(&at).await?.is_none(), "a dropped backup is gone")
}
