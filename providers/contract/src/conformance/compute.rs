//! Laws of compute: what reservations and scale sets take of quota, and in which order they go.

use super::Bench;
use super::Law;
use super::address;
use super::change;
use super::put;
use super::quota::allocate;
use super::same;
use super::settings;
use crate::Address;
use crate::FaultClass;
use crate::Kind;
use crate::Settings;
use crate::Value;
use crate::Verb;

pub(super) const LAWS: &[Law] = &[
    ("compute needs quota", |b| Box::pin(needs_quota(b))),
    (
        "a reservation takes quota, and a scale set takes from the reservation",
        |b| Box::pin(reserved(b)),
    ),
    (
        "a reservation in use can be neither reduced nor deleted",
        |b| Box::pin(in_use(b)),
    ),
    ("a scale set at 0 instances takes no quota", |b| {
        Box::pin(scaled_to_zero(b))
    }),
    ("a pool of nodes takes quota as a scale set does", |b| {
        Box::pin(nodes(b))
    }),
    ("a cluster takes its pools along, and their quota", |b| {
        Box::pin(cluster(b))
    }),
    ("what a pool of nodes is made of stays", |b| {
        Box::pin(fixed_nodes(b))
    }),
    ("an empty group of compute leaves no usage", |b| {
        Box::pin(gone(b))
    }),
];

/// The settings of a scale set of the ground's size.
fn machines(b: &Bench<'_>, instances: i64) -> Settings {
    settings([
        ("region", b.ground.region.as_str().into()),
        ("sku", b.ground.sku.as_str().into()),
        ("family", b.ground.family.as_str().into()),
        ("vcpus", b.ground.vcpus.into()),
        ("instances", instances.into()),
    ])
}

/// A scale set in a resource group, made.
pub(super) async fn scale_set(
    b: &Bench<'_>,
    group: &str,
    instances: i64,
    reservation: &str,
) -> Result<Address, String> {
    let at = b.within(Kind::ScaleSet, group, &["vmss"])?;
    b.put(&at, &set(b, instances, reservation)).await?;
    Ok(at)
}

fn set(b: &Bench<'_>, instances: i64, reservation: &str) -> Settings {
    let mut wanted = machines(b, instances);
    wanted.extend(settings([
        ("zone", "1".into()),
        ("power", "running".into()),
        ("reservation", reservation.into()),
    ]));
    wanted
}

async fn reservation(b: &Bench<'_>, instances: i64) -> Result<Address, String> {
    let at = b.within(Kind::CapacityReservation, "rg-a", &["crg"])?;
    b.put(&at, &reserve(b, instances)).await?;
    Ok(at)
}

fn reserve(b: &Bench<'_>, instances: i64) -> Settings {
    let mut wanted = machines(b, instances);
    wanted.insert("zones".to_owned(), Value::List(vec!["1".into()]));
    wanted
}

async fn usage(b: &Bench<'_>) -> Result<i64, String> {
    let parts = [
        &*b.ground.subscriptions[0],
        &*b.ground.region,
        &*b.ground.family,
    ];
    b.number(&address(Kind::Quota, &parts)?, "usage").await
}

async fn needs_quota(b: &Bench<'_>) -> Result<(), String> {
    b.group("rg-a").await?;
    allocate(b, 2 * b.ground.vcpus).await?;
    let at = b.within(Kind::ScaleSet, "rg-a", &["vmss"])?;
    b.refused(&put(&at, &set(b, 3, "")), &[FaultClass::Quota])
        .await?;
    b.put(&at, &set(b, 2, "")).await?;
    let reservation = b.within(Kind::CapacityReservation, "rg-a", &["crg"])?;
    b.refused(&put(&reservation, &reserve(b, 1)), &[FaultClass::Quota])
        .await
}

async fn reserved(b: &Bench<'_>) -> Result<(), String> {
    b.group("rg-a").await?;
    allocate(b, 4 * b.ground.vcpus).await?;
    let crg = reservation(b, 3).await?;
    same("reserved", &usage(b).await?, &(3 * b.ground.vcpus))?;
    scale_set(b, "rg-a", 2, &crg.to_string()).await?;
    same("covered", &usage(b).await?, &(3 * b.ground.vcpus))?;
    same("attached", &b.number(&crg, "attached").await?, &2)?;
    scale_set(b, "rg-a", 4, &crg.to_string()).await?;
    same("above it", &usage(b).await?, &(4 * b.ground.vcpus))
}

async fn in_use(b: &Bench<'_>) -> Result<(), String> {
    b.group("rg-a").await?;
    allocate(b, 4 * b.ground.vcpus).await?;
    let crg = reservation(b, 3).await?;
    scale_set(b, "rg-a", 2, &crg.to_string()).await?;
    let busy = [FaultClass::Conflict, FaultClass::Denied];
    b.refused(&put(&crg, &reserve(b, 1)), &busy).await?;
    b.refused(&change(&crg, Verb::Delete), &busy).await?;
    b.put(&crg, &reserve(b, 2)).await?;
    scale_set(b, "rg-a", 0, "").await?;
    b.put(&crg, &reserve(b, 0)).await?;
    b.delete(&crg).await?;
    same("usage", &usage(b).await?, &0)
}

async fn scaled_to_zero(b: &Bench<'_>) -> Result<(), String> {
    b.group("rg-a").await?;
    allocate(b, 4 * b.ground.vcpus).await?;
    let at = scale_set(b, "rg-a", 4, "").await?;
    same("running", &usage(b).await?, &(4 * b.ground.vcpus))?;
    for (name, value) in [("power", "deallocated".into()), ("instances", 0_i64.into())] {
        let verb = Verb::Patch {
            settings: settings([(name, value)]),
        };
        let done = b.attempt(&change(&at, verb), name).await;
        done.map_err(|fault| format!("patch `{name}`: {fault}"))?;
    }
    same("released", &usage(b).await?, &0)?;
    allocate(b, 0).await
}

async fn gone(b: &Bench<'_>) -> Result<(), String> {
    let group = b.group("rg-a").await?;
    allocate(b, 4 * b.ground.vcpus).await?;
    let crg = reservation(b, 3).await?;
    scale_set(b, "rg-a", 2, &crg.to_string()).await?;
    b.delete(&group).await?;
    same("usage", &usage(b).await?, &0)
}

/// A cluster in a new resource group, made.
async fn made_cluster(b: &Bench<'_>) -> Result<Address, String> {
    b.group("rg-a").await?;
    allocate(b, 4 * b.ground.vcpus).await?;
    let at = b.within(Kind::Cluster, "rg-a", &["aks"])?;
    let region = b.ground.region.as_str().into();
    b.put(&at, &settings([("region", region)])).await?;
    Ok(at)
}

fn pool(b: &Bench<'_>, instances: i64, power: &str, reservation: &str) -> Settings {
    let mut wanted = reserve(b, instances);
    wanted.extend(settings([
        ("power", power.into()),
        ("reservation", reservation.into()),
    ]));
    wanted
}

async fn nodes(b: &Bench<'_>) -> Result<(), String> {
    made_cluster(b).await?;
    let one = b.ground.vcpus;
    let at = b.within(Kind::NodePool, "rg-a", &["aks", "one"])?;
    b.refused(&put(&at, &pool(b, 5, "running", "")), &[FaultClass::Quota])
        .await?;
    let wanted = pool(b, 3, "running", "");
    for _ in 0..2 {
        let seen = b.put(&at, &wanted).await?;
        for (name, value) in &wanted {
            same(name, &seen.get(name), &Some(value))?;
        }
        same("used", &usage(b).await?, &(3 * one))?;
    }
    for (name, value) in [("power", "deallocated".into()), ("instances", 0_i64.into())] {
        let verb = Verb::Patch {
            settings: settings([(name, value)]),
        };
        let done = b.attempt(&change(&at, verb), name).await;
        done.map_err(|fault| format!("patch `{name}`: {fault}"))?;
    }
    same("scaled to nothing", &usage(b).await?, &0)?;
    let crg = reservation(b, 3).await?;
    let covered = b.within(Kind::NodePool, "rg-a", &["aks", "two"])?;
    let wanted = pool(b, 2, "running", crg.as_str());
    b.put(&covered, &wanted).await?;
    same("covered", &usage(b).await?, &(3 * one))?;
    same("attached", &b.number(&crg, "attached").await?, &2)?;
    b.refused(&change(&crg, Verb::Delete), &[FaultClass::Conflict])
        .await?;
    for gone in [&covered, &at] {
        for _ in 0..2 {
            b.delete(gone).await?;
            same("after a delete", &b.read(gone).await?, &None)?;
        }
    }
    b.delete(&crg).await?;
    same("left", &usage(b).await?, &0)
}

async fn cluster(b: &Bench<'_>) -> Result<(), String> {
    let at = b.within(Kind::NodePool, "rg-a", &["aks", "one"])?;
    let wanted = pool(b, 2, "running", "");
    let classes = [FaultClass::Permanent, FaultClass::Conflict];
    b.group("rg-a").await?;
    b.refused(&put(&at, &wanted), &classes).await?;
    let cluster = made_cluster(b).await?;
    b.put(&at, &wanted).await?;
    same("used", &usage(b).await?, &(2 * b.ground.vcpus))?;
    b.delete(&cluster).await?;
    same("the pool", &b.read(&at).await?, &None)?;
    same("the cluster", &b.read(&cluster).await?, &None)?;
    same("left", &usage(b).await?, &0)
}

async fn fixed_nodes(b: &Bench<'_>) -> Result<(), String> {
    made_cluster(b).await?;
    let at = b.within(Kind::NodePool, "rg-a", &["aks", "one"])?;
    b.put(&at, &pool(b, 1, "running", "")).await?;
    let mut other = pool(b, 1, "running", "");
    other.insert("zones".to_owned(), Value::List(vec!["2".into()]));
    b.refused(&put(&at, &other), &[FaultClass::Permanent]).await
}
