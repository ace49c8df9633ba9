//! ARM ids of the world's resources.

use stampctl_contract::Address;
use stampctl_contract::Kind;

use super::face::Face;
use super::path::Target;
use super::path::group_id;
use super::reservation;
use super::types;

impl Face {
    /// The ARM id of what the world has at an address; `None` where ARM does not show the kind
    /// within a resource group.
    pub(crate) fn id_of(&self, at: &Address) -> Option<String> {
        let subscription = self.subscription_id(at.part("subscription")?).ok()?;
        let group = at.part("resource_group")?;
        if at.kind() == Kind::ResourceGroup {
            return Some(group_id(&subscription, group));
        }
        if at.kind() == Kind::CapacityReservation {
            let rest = ["capacityReservationGroups".to_owned(), at.name().to_owned()];
            let target = Target::new(&subscription, group, "Microsoft.Compute", &rest);
            return Some(target.id(reservation::GROUP));
        }
        let (of, target) = target_of(at, &subscription)?;
        Some(target.id(of.name))
    }

    /// The region of a resource's resource group.
    pub(crate) fn location_of(&self, target: &Target) -> String {
        let found = || {
            let name = self.subscription_name(&target.subscription).ok()?;
            let group = self.group_address(&name, &target.group).ok()?;
            let group = self.read(&group).ok()??;
            group.text("region").map(str::to_owned)
        };
        found().unwrap_or_else(|| "global".to_owned())
    }
}

/// The first type that shows a kind, and where on it the resource is.
pub(crate) fn target_of(
    at: &Address,
    subscription: &str,
) -> Option<(&'static types::Type, Target)> {
    let of = types::all().find(|of| of.kind == Some(at.kind()))?;
    let words: Vec<&str> = of.name.split('/').collect();
    let own: Vec<&str> = at.parts().skip(2).collect();
    let mut rest = Vec::new();
    for (depth, word) in words.iter().skip(1).enumerate() {
        let picked = of.pick.iter().position(|at| *at == depth);
        let name = picked.map_or(Some("default"), |at| own.get(at).copied())?;
        rest.push((*word).to_owned());
        rest.push(name.to_owned());
    }
    let target = Target::new(subscription, at.part("resource_group")?, words[0], &rest);
    Some((of, target))
}
