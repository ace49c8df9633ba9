//! Laws of quota: a group's cores are conserved, and no limit falls below what is in use.

use super::Bench;
use super::Law;
use super::address;
use super::put;
use super::same;
use super::settings;
use crate::Address;
use crate::FaultClass;
use crate::Kind;

pub(super) const LAWS: &[Law] = &[
    (
        "an allocation moves cores from the group to the subscription and back",
        |b| Box::pin(there_and_back(b)),
    ),
    ("a group's cores are conserved", |b| Box::pin(conserved(b))),
    ("a group allocates no more than it has", |b| {
        Box::pin(no_more(b))
    }),
    ("a subscription returns only what it does not use", |b| {
        Box::pin(in_use(b))
    }),
    (
        "a subscription's limit does not fall below its usage",
        |b| Box::pin(limit(b)),
    ),
    (
        "a group's limit does not fall below what it has allocated",
        |b| Box::pin(group_limit(b)),
    ),
    ("only a member gets cores of a group", |b| {
        Box::pin(members(b))
    }),
];

/// The accounts of the ground's region and family.
struct Accounts {
    group: Address,
    allocations: [Address; 2],
    limits: [Address; 2],
}

fn accounts(b: &Bench<'_>) -> Result<Accounts, String> {
    let (mg, group) = (&*b.ground.group.0, &*b.ground.group.1);
    let (region, family) = (&*b.ground.region, &*b.ground.family);
    let [one, two] = &b.ground.subscriptions;
    let allocation = |to: &str| address(Kind::QuotaAllocation, &[mg, group, to, region, family]);
    let limit = |of: &str| address(Kind::Quota, &[of, region, family]);
    Ok(Accounts {
        group: address(Kind::GroupQuota, &[mg, group, region, family])?,
        allocations: [allocation(one)?, allocation(two)?],
        limits: [limit(one)?, limit(two)?],
    })
}

/// Allocates to the first subscription.
pub(super) async fn allocate(b: &Bench<'_>, cores: i64) -> Result<(), String> {
    let at = &accounts(b)?.allocations[0];
    b.put(at, &settings([("cores", cores.into())]))
        .await
        .map(|_| ())
}

async fn there_and_back(b: &Bench<'_>) -> Result<(), String> {
    let at = accounts(b)?;
    let had = b.number(&at.limits[0], "limit").await?;
    allocate(b, 32).await?;
    let free = b.ground.cores - 32;
    same("group", &b.number(&at.group, "available").await?, &free)?;
    same(
        "subscription",
        &b.number(&at.limits[0], "limit").await?,
        &(had + 32),
    )?;
    allocate(b, 0).await?;
    same(
        "group",
        &b.number(&at.group, "available").await?,
        &b.ground.cores,
    )?;
    same(
        "subscription",
        &b.number(&at.limits[0], "limit").await?,
        &had,
    )
}

async fn conserved(b: &Bench<'_>) -> Result<(), String> {
    let at = accounts(b)?;
    for (which, cores) in [(0, 16), (1, 24), (0, 8), (1, 24), (0, 40), (1, 0)] {
        b.put(
            &at.allocations[which],
            &settings([("cores", i64::into(cores))]),
        )
        .await?;
        let sum = b.number(&at.group, "available").await?
            + b.number(&at.allocations[0], "cores").await?
            + b.number(&at.allocations[1], "cores").await?;
        same(
            "available and allocated",
            &sum,
            &b.number(&at.group, "limit").await?,
        )?;
    }
    Ok(())
}

async fn no_more(b: &Bench<'_>) -> Result<(), String> {
    let at = accounts(b)?;
    allocate(b, 32).await?;
    let rest = b.ground.cores - 32;
    let more = put(
        &at.allocations[1],
        &settings([("cores", (rest + 1).into())]),
    );
    b.refused(&more, &[FaultClass::Quota]).await?;
    b.put(&at.allocations[1], &settings([("cores", rest.into())]))
        .await
        .map(|_| ())
}

async fn in_use(b: &Bench<'_>) -> Result<(), String> {
    let at = accounts(b)?;
    allocate(b, 32).await?;
    b.group("rg-a").await?;
    super::compute::scale_set(b, "rg-a", 2, "").await?;
    let used = 2 * b.ground.vcpus;
    same("usage", &b.number(&at.limits[0], "usage").await?, &used)?;
    let less = put(
        &at.allocations[0],
        &settings([("cores", (used - 1).into())]),
    );
    b.refused(&less, &[FaultClass::Quota]).await?;
    allocate(b, used).await?;
    same("limit", &b.number(&at.limits[0], "limit").await?, &used)
}

async fn limit(b: &Bench<'_>) -> Result<(), String> {
    let at = accounts(b)?;
    allocate(b, 32).await?;
    b.group("rg-a").await?;
    super::compute::scale_set(b, "rg-a", 2, "").await?;
    let less = put(
        &at.limits[0],
        &settings([("limit", (2 * b.ground.vcpus - 1).into())]),
    );
    b.refused(&less, &[FaultClass::Quota]).await
}

async fn group_limit(b: &Bench<'_>) -> Result<(), String> {
    let at = accounts(b)?;
    allocate(b, 32).await?;
    b.refused(
        &put(&at.group, &settings([("limit", 31_i64.into())])),
        &[FaultClass::Quota],
    )
    .await
}

async fn members(b: &Bench<'_>) -> Result<(), String> {
    let at = accounts(b)?;
    let group = address(Kind::QuotaGroup, &[&b.ground.group.0, &b.ground.group.1])?;
    let only: Vec<&str> = vec![&b.ground.subscriptions[0]];
    b.put(&group, &settings([("subscriptions", only.into())]))
        .await?;
    let more = put(&at.allocations[1], &settings([("cores", 8_i64.into())]));
    b.refused(&more, &[FaultClass::Permanent, FaultClass::Denied])
        .await
}
