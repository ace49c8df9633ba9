//! Laws of the tenant registry: versions and conditions.

use super::Bench;
use super::Law;
use super::address;
use super::holds;
use super::put;
use super::same;
use super::settings;
use crate::Address;
use crate::FaultClass;
use crate::Kind;
use crate::Precondition;

pub(super) const LAWS: &[Law] = &[
    ("each write of a registry item changes its version", |b| {
        Box::pin(versions(b))
    }),
    ("a write on an old version is a conflict", |b| {
        Box::pin(old_version(b))
    }),
    (
        "a write on absence is a conflict where there is something",
        |b| Box::pin(absent(b)),
    ),
];

fn item(b: &Bench<'_>) -> Result<Address, String> {
    address(Kind::RegistryItem, &[&b.ground.registry, "notes", "a"])
}

async fn versions(b: &Bench<'_>) -> Result<(), String> {
    let at = item(b)?;
    let first = b.put(&at, &settings([("n", 1_i64.into())])).await?;
    let second = b.put(&at, &settings([("n", 2_i64.into())])).await?;
    holds(first.etag.is_some(), "it has no version")?;
    holds(first.etag != second.etag, "its version did not change")?;
    same("read", &b.read(&at).await?, &Some(second))
}

async fn old_version(b: &Bench<'_>) -> Result<(), String> {
    let at = item(b)?;
    let first = b.put(&at, &settings([("n", 1_i64.into())])).await?;
    let second = b.put(&at, &settings([("n", 2_i64.into())])).await?;
    let version = |etag| Precondition::Version(etag);
    let mut late = put(&at, &settings([("n", 3_i64.into())]));
    late.precondition = version(first.etag.ok_or("it has no version")?);
    b.refused(&late, &[FaultClass::Conflict]).await?;
    late.precondition = version(second.etag.ok_or("it has no version")?);
    let done = b.attempt(&late, "in time").await;
    done.map_err(|fault| format!("a write on the newest version: {fault}"))?;
    same("n", &b.number(&at, "n").await?, &3)
}

async fn absent(b: &Bench<'_>) -> Result<(), String> {
    let at = item(b)?;
    let mut first = put(&at, &settings([("n", 1_i64.into())]));
    first.precondition = Precondition::Absent;
    let done = b.attempt(&first, "first").await;
    done.map_err(|fault| format!("a write on absence: {fault}"))?;
    b.refused(&first, &[FaultClass::Conflict]).await
}
