//! Stamps and tenants of the opening world by number, so that a step's subject and a call's stamp
//! are looked up by text once and by number ever after. Pure.

use stampctl_contract::Address;
use stampctl_contract::Kind;

use super::graph::Graph;
use crate::model::Lookup;
use crate::model::StampId;
use crate::model::TenantId;
use crate::plan::format::Opening;
use crate::plan::format::Subject;
use crate::plan::format::opening::OpeningStamp;
use crate::plan::format::opening::OpeningTenant;

/// Whom the steps of a family are about, if the opening world knows it.
#[derive(Clone, Copy, Debug)]
enum About {
    Stamp(usize),
    Tenant(usize),
    Other,
}

/// The index. Numbers are places in the opening world, by id ascending.
pub struct Index<'p> {
    stamps: Vec<(&'p StampId, &'p OpeningStamp)>,
    tenants: Vec<(&'p TenantId, &'p OpeningTenant)>,
    stamp_numbers: Lookup<&'p str, usize>,
    tenant_numbers: Lookup<&'p str, usize>,
    /// The stamp of each resource group, by the group's path.
    groups: Lookup<&'p str, usize>,
    /// The stamp of each origin.
    origins: Lookup<&'p Address, usize>,
    /// Whom each family is about.
    about: Vec<About>,
}

impl<'p> Index<'p> {
    /// The index of an opening world, for the steps of this graph.
    pub fn of(opening: &'p Opening, graph: &Graph<'p>) -> Self {
        let stamps: Vec<_> = opening.stamps.iter().collect();
        let tenants: Vec<_> = opening.tenants.iter().collect();
        let ids = stamps.iter().enumerate();
        let stamp_numbers: Lookup<&str, usize> =
            ids.map(|(at, (id, _))| (id.as_str(), at)).collect();
        let ids = tenants.iter().enumerate();
        let tenant_numbers: Lookup<&str, usize> =
            ids.map(|(at, (id, _))| (id.as_str(), at)).collect();
        // Of several stamps with one group or origin the last is meant.
        let groups = stamps.iter().enumerate().rev();
        let groups = groups.map(|(at, (_, stamp))| (stamp.resource_group.path(), at));
        let origins = stamps.iter().enumerate().rev();
        let origins = origins.filter_map(|(at, (_, stamp))| Some((stamp.origin.as_ref()?, at)));
        let about = (0..graph.families()).map(|family| {
            match &graph.step(graph.family(family)[0]).subject {
                Subject::Stamp(id) => stamp_numbers.get(id.as_str()).copied().map(About::Stamp),
                Subject::Tenant(id) => tenant_numbers.get(id.as_str()).copied().map(About::Tenant),
                Subject::Fleet | Subject::Quota(_) | Subject::Reservation(_) => None,
            }
            .unwrap_or(About::Other)
        });
        Self {
            about: about.collect(),
            groups: groups.collect(),
            origins: origins.collect(),
            stamps,
            tenants,
            stamp_numbers,
            tenant_numbers,
        }
    }

    /// Every stamp, by number.
    pub fn stamps(&self) -> &[(&'p StampId, &'p OpeningStamp)] {
        &self.stamps
    }

    /// Every tenant, by number.
    pub fn tenants(&self) -> &[(&'p TenantId, &'p OpeningTenant)] {
        &self.tenants
    }

    /// The number of the stamp with this id.
    pub fn stamp(&self, id: &str) -> Option<usize> {
        self.stamp_numbers.get(id).copied()
    }

    /// The number of the tenant with this id.
    pub fn tenant(&self, id: &str) -> Option<usize> {
        self.tenant_numbers.get(id).copied()
    }

    /// The number of the stamp that a family is about.
    pub fn stamp_of(&self, family: usize) -> Option<usize> {
        match self.about[family] {
            About::Stamp(number) => Some(number),
            About::Tenant(_) | About::Other => None,
        }
    }

    /// The number of the tenant that a family is about.
    pub fn tenant_of(&self, family: usize) -> Option<usize> {
        match self.about[family] {
            About::Tenant(number) => Some(number),
            About::Stamp(_) | About::Other => None,
        }
    }

    /// The stamp whose resource group holds the address or is it.
    pub fn owner(&self, address: &Address) -> Option<usize> {
        if !is_in_group(address.kind()) {
            return None;
        }
        let path = address.path();
        let mut slashes = path.bytes().enumerate().filter(|(_, byte)| *byte == b'/');
        let end = slashes.nth(1).map_or(path.len(), |(at, _)| at);
        self.groups.get(&path[..end]).copied()
    }

    /// The stamp that ingress reaches through this origin.
    pub fn behind(&self, origin: &Address) -> Option<usize> {
        self.origins.get(origin).copied()
    }
}

/// Whether a path of this kind begins with a subscription and a resource group.
fn is_in_group(kind: Kind) -> bool {
    kind.parts().get(1) == Some(&"resource_group")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_group_is_always_the_second_part() {
        for kind in Kind::ALL.iter().copied() {
            assert_eq!(
                is_in_group(kind),
                kind.parts().contains(&"resource_group"),
                "{kind}"
            );
        }
    }
}
