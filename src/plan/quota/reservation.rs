//! Capacity reservations: made larger before their stamps grow, smaller after they go.

use stampctl_contract::Address;
use stampctl_contract::AddressError;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::QuotaPlan;
use super::Reduce;
use crate::model::CapacityReservation;
use crate::model::ReservationName;
use crate::model::Seconds;
use crate::plan::Context;
use crate::plan::capacity::Reserved;
use crate::plan::draft::Draft;
use crate::plan::draft::StepDraft;
use crate::plan::draft::is;
use crate::plan::draft::put;
use crate::plan::format::Condition;
use crate::plan::format::Patience;
use crate::plan::format::StepId;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;

/// Adds the steps of one reservation and works out what each stamp takes off it.
pub(super) fn reservation(
    context: &Context<'_>,
    draft: &mut Draft,
    plan: &mut QuotaPlan,
    name: &ReservationName,
) -> Result<(), AddressError> {
    let (Some(reserved), Some(meant)) = (
        context.capacity.reservations.get(name),
        context.blueprint.fleet.capacity_reservations.get(name),
    ) else {
        return Ok(());
    };
    let last = if reserved.peak > reserved.now.unwrap_or(0) {
        Some(ensure(context, draft, plan, name, reserved, meant)?)
    } else {
        None
    };
    reductions(context, plan, name, reserved, last);
    Ok(())
}

/// Makes the reservation as large as its stamps need at the most; gives the step that proves it.
fn ensure(
    context: &Context<'_>,
    draft: &mut Draft,
    plan: &mut QuotaPlan,
    name: &ReservationName,
    reserved: &Reserved,
    meant: &CapacityReservation,
) -> Result<StepId, AddressError> {
    let subject = Subject::Reservation(name.clone());
    let settings = Settings::from([
        ("region".to_owned(), Value::text(meant.region.shared())),
        ("zones".to_owned(), Value::from(meant.zones.clone())),
        ("sku".to_owned(), Value::text(meant.sku.name.as_str())),
        ("family".to_owned(), Value::text(meant.sku.family.as_str())),
        ("vcpus".to_owned(), meant.sku.vcpus.into()),
        ("instances".to_owned(), reserved.peak.into()),
    ]);
    let home = [meant.subscription.as_str(), meant.resource_group.as_str()];
    let home = Address::new(Kind::ResourceGroup, &home)?;
    let mut operations = Vec::new();
    if !context.inventory.resources.contains_key(&home) {
        let region = ("region".to_owned(), Value::text(meant.region.shared()));
        operations.push(put(&home, Settings::from([region])));
    }
    operations.push(put(&reserved.address, settings));
    let step = StepDraft::call(&subject, StepKind::ReservationEnsure, operations)
        .why(format!("its stamps need {} machines", reserved.peak));
    let step = match reserved.now {
        None => step.fact(Condition::Absent {
            address: reserved.address.clone(),
        }),
        Some(now) => step.fact(is(&reserved.address, "instances", now)),
    };
    let allocated = reserved
        .account
        .as_ref()
        .and_then(|key| plan.allocated.get(key));
    let step = draft.add(step.after_all(allocated, "O-23"));
    let verify = StepDraft::wait_for(
        &subject,
        StepKind::ReservationVerify,
        vec![is(&reserved.address, "instances", reserved.peak)],
        Patience::fail_after(Seconds(10), context.policy().timeouts.quota),
    )
    .why("a reservation is a guarantee only when it stands")
    .after(&step, "P-3");
    let verify = draft.add(verify);
    plan.guaranteed.insert(name.clone(), verify.clone());
    Ok(verify)
}

/// What the stamps that go or shrink take off it, one after the other.
fn reductions(
    context: &Context<'_>,
    plan: &mut QuotaPlan,
    name: &ReservationName,
    reserved: &Reserved,
    mut last: Option<StepId>,
) {
    let mut instances = reserved.peak;
    let givers = context.givers(|stamp| stamp.shape.capacity_reservation.as_ref() == Some(name));
    for (stamp, gives) in givers {
        let id = &stamp.id;
        let after = instances
            .saturating_sub(gives)
            .max(reserved.end)
            .min(instances);
        plan.reduces.insert(
            id.clone(),
            Reduce {
                address: reserved.address.clone(),
                instances: (instances, after),
                previous: last.clone(),
            },
        );
        instances = after;
        last = Some(StepId::of(
            &Subject::Stamp(id.clone()),
            StepKind::ReservationReduce,
        ));
    }
}
