//! What must hold in every state on the way, whatever goes wrong: no core is lost, nothing of a
//! stamp is deleted before its quota is returned, no tenant's data is lost, and what is done is
//! not done again.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use stampctl::plan::format::StepId;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Resource;
use stampctl_contract::Value;
use stampctl_contract::Verb;
use stampctl_sim::Sim;

/// The watch over one world.
#[derive(Debug, Default)]
pub(crate) struct Laws {
    pub(crate) broken: Vec<String>,
    /// The most records that each tenant was seen to have in its data of a kind.
    most: BTreeMap<(String, Kind), i64>,
    /// Keys of calls that were made, and of those whose step has succeeded.
    made: BTreeSet<String>,
    done: BTreeSet<String>,
}

impl Laws {
    /// An operation is about to be made.
    pub(crate) fn begins(&mut self, sim: &Sim, operation: &Operation, key: &str) {
        if self.done.contains(key) {
            self.broken
                .push(format!("{key} is done, and is done again"));
        }
        self.made.insert(key.to_owned());
        if operation.verb == Verb::Delete {
            self.judge_delete(sim, &operation.address);
        }
    }

    /// A step is done.
    pub(crate) fn succeeded(&mut self, step: &StepId) {
        let part = format!("/{step}/");
        let of_it = self.made.iter().filter(|key| key.contains(&part));
        self.done.extend(of_it.cloned());
    }

    /// Looks at the world.
    pub(crate) fn look(&mut self, sim: &Sim) {
        let show = sim.show().expect("shows");
        if !show.lost_quota.is_empty() {
            let lost = format!("cores are lost: {:?}", show.lost_quota);
            self.broken.push(lost);
        }
        let all: BTreeMap<&Address, &Resource> =
            show.resources.iter().map(|it| (&it.address, it)).collect();
        for entry in &show.resources {
            if entry.address.part("collection") == Some("tenants") {
                self.look_after(entry, &all);
            }
        }
    }

    /// A tenant that lives has its data where its entry says, and never less than before.
    fn look_after(&mut self, entry: &Resource, all: &BTreeMap<&Address, &Resource>) {
        if !matches!(entry.text("state"), Some("active" | "moving" | "migrating")) {
            return;
        }
        let tenant = entry.address.name().to_owned();
        let data = entry.get("data").and_then(Value::as_list);
        for named in data.unwrap_or_default() {
            let address = named.as_str().and_then(|text| text.parse::<Address>().ok());
            let Some(address) = address else { continue };
            let Some(found) = all.get(&address) else {
                let gone = format!("{tenant} lives, and {address} is gone");
                self.broken.push(gone);
                continue;
            };
            let records = found.int("records").unwrap_or_default();
            let most = self.most.entry((tenant.clone(), address.kind()));
            let most = most.or_default();
            if records < *most {
                let lost = format!("{tenant} had {most} records, {address} has {records}");
                self.broken.push(lost);
            }
            *most = records.max(*most);
        }
    }

    /// What is part of a stamp goes only when the registry says that its quota is returned, and
    /// when none of its machines is left.
    fn judge_delete(&mut self, sim: &Sim, address: &Address) {
        let whole = matches!(
            address.kind(),
            Kind::ResourceGroup | Kind::SqlServer | Kind::StorageAccount | Kind::ScaleSet
        );
        if !whole {
            return;
        }
        let show = sim.show().expect("shows");
        let parts: Vec<&str> = address.parts().take(2).collect();
        let group = Address::new(Kind::ResourceGroup, &parts).expect("an address");
        let find = |wanted: &Address| show.resources.iter().find(|it| it.address == *wanted);
        let Some(stamp) = find(&group).and_then(|it| it.tag("StampId").map(str::to_owned)) else {
            return;
        };
        let entry = show.resources.iter().find(|it| {
            it.address.part("collection") == Some("stamps") && it.address.name() == stamp
        });
        let state = entry.and_then(|it| it.text("state")).unwrap_or_default();
        if !matches!(
            state,
            "quota-returned" | "quota_returned" | "deleting" | "deleted"
        ) {
            let early = format!("{address} is deleted while {stamp} is `{state}`");
            self.broken.push(early);
        }
        let machines = show.resources.iter().filter(|it| {
            it.address.kind() == Kind::ScaleSet
                && it.address.path().starts_with(&format!("{}/", group.path()))
        });
        for set in machines {
            if set.int("instances") != Some(0) {
                let early = format!("{address} is deleted while {} has machines", set.address);
                self.broken.push(early);
            }
        }
    }
}
