//! A subscription's cores in a region are limited beside those of each family.

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Verb;

use super::super::face::Face;
use super::super::wire::Refusal;

/// The limit of all families together, where one is asked for.
pub(crate) fn regional_limit(face: &Face) -> Option<i64> {
    face.options.surprises.regional_cores.map(i64::from)
}

/// Refuses compute that the region's limit has no cores left for, whatever its family's has.
pub(crate) fn check_region(face: &Face, at: &Address, verb: &Verb) -> Result<(), Refusal> {
    let (Some(limit), Verb::Put { settings } | Verb::Patch { settings }) =
        (regional_limit(face), verb)
    else {
        return Ok(());
    };
    if ![Kind::ScaleSet, Kind::CapacityReservation].contains(&at.kind()) {
        return Ok(());
    }
    let over = face.look(|world| {
        let old = world.resources.get(at).map(|entry| &entry.settings);
        let mut new = old.cloned().unwrap_or_default();
        new.extend(settings.clone());
        let shift = world.shift(at, old, Some(&new));
        shift.cores.iter().find_map(|(quota, more)| {
            let beneath: Vec<&str> = quota.parts().take(2).collect();
            let beneath = beneath.join("/");
            let all = world.beneath(Kind::Quota, &beneath);
            let used: i64 = all.map(|(one, _)| world.usage(one)).sum();
            (*more > 0 && used + more > limit).then_some((used, *more))
        })
    })?;
    let Some((used, more)) = over else {
        return Ok(());
    };
    Err(Refusal::new(
        409,
        "OperationNotAllowed",
        format!(
            "Operation could not be completed as it results in exceeding approved Total Regional \
             Cores quota. Additional details - Current Limit: {limit}, Current Usage: {used}, \
             Additional Required: {more}."
        ),
    ))
}
