//! How many calls a plan's work takes, and how long the limits of Azure make it last at least.
//! Pure.
//!
//! For each operation the table has what it always takes: the looks before a change, the change,
//! one question after an operation that takes time, and the look afterwards that proves it. More
//! questions, more tries and what depends on content come on top, so every number is a least.

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::Forecast;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Precondition;
use stampctl_contract::Verb;
use stampctl_contract::Work;

use crate::config::Places;
use crate::throttle::Class;
use crate::throttle::Rates;

/// What reads and changes of one kind take, in calls.
struct Takes {
    /// To look at it.
    look: u64,
    /// To look at what a change of it starts from.
    before: u64,
    /// Requests that make or change it.
    writes: u64,
    /// Questions after a change that takes time.
    polls: u64,
}

/// What a kind takes.
fn takes(kind: Kind) -> Takes {
    let takes = |look, before, writes, polls| Takes {
        look,
        before,
        writes,
        polls,
    };
    match kind {
        Kind::ScaleSet
        | Kind::Cluster
        | Kind::IngressEndpoint
        | Kind::OriginGroup
        | Kind::GatewayPool
        | Kind::Quota
        | Kind::GroupQuota
        | Kind::QuotaAllocation => takes(1, 1, 1, 1),
        // Its cluster is read with it, because only the cluster says where it is.
        Kind::NodePool => takes(2, 2, 1, 1),
        // Of a backup: a container that is the record, and what is copied.
        Kind::CapacityReservation | Kind::Backup => takes(1, 1, 2, 0),
        Kind::SqlServer
        | Kind::StorageAccount
        | Kind::BlobContainer
        | Kind::Origin
        | Kind::TrafficEndpoint
        | Kind::Alert
        | Kind::ApiProduct => takes(1, 1, 1, 0),
        Kind::SqlDatabase | Kind::ElasticPool => takes(1, 2, 1, 1),
        Kind::IngressProfile => takes(1, 0, 1, 1),
        Kind::QuotaGroup => takes(2, 2, 1, 0),
        // The database around it, and itself, each with a question.
        Kind::RegistryContainer => takes(1, 1, 2, 2),
        _ => takes(1, 0, 1, 0),
    }
}

/// Calls by the bucket that they come from.
#[derive(Default)]
struct Count(BTreeMap<(String, Class), u64>);

impl Count {
    fn add(&mut self, place: &str, class: Class, calls: u64) {
        if calls > 0 {
            *self.0.entry((place.to_owned(), class)).or_default() += calls;
        }
    }

    /// A look at what is there.
    fn look(&mut self, address: &Address, places: &Places) {
        match address.kind() {
            Kind::RegistryItem => self.add("", Class::Data, 1),
            Kind::StampMetrics | Kind::TenantMetrics => {
                let queries = u64::try_from(places.workspaces.len()).unwrap_or(u64::MAX);
                self.add("", Class::Logs, queries);
            }
            Kind::TenantSchema => {}
            kind => self.add(&place(address), Class::Reads, takes(kind).look),
        }
    }

    fn change(&mut self, operation: &Operation, places: &Places) {
        let address = &operation.address;
        let here = place(address);
        if address.kind() == Kind::RegistryItem {
            let reads = match operation.verb {
                Verb::Patch { .. } => 1,
                _ => 0,
            };
            // The version that the change is conditional on is read first.
            let version = u64::from(operation.precondition.is_any());
            return self.add("", Class::Data, 1 + reads + version);
        }
        if address.kind() == Kind::TenantSchema {
            return;
        }
        let takes = takes(address.kind());
        if operation.precondition == Precondition::Absent {
            self.look(address, places);
        }
        match &operation.verb {
            Verb::Put { .. } | Verb::Patch { .. } => {
                if matches!(operation.verb, Verb::Patch { .. }) {
                    self.look(address, places);
                }
                self.add(&here, Class::Reads, takes.before + takes.polls);
                self.add(&here, Class::Writes, takes.writes);
            }
            Verb::Delete if address.kind() == Kind::GatewayPool => {
                // Its gateway is read, and written without it.
                self.add(&here, Class::Reads, 1);
                self.add(&here, Class::Writes, 1);
            }
            Verb::Delete => self.add(&here, Class::Deletes, 1),
            Verb::Copy { from, .. } => {
                self.look(from, places);
                self.look(address, places);
                if address.kind() == Kind::SqlDatabase {
                    // The region of the server, the destination as it is, and a question.
                    self.add(&here, Class::Reads, 3);
                    self.add(&here, Class::Writes, 1);
                } else {
                    self.add("", Class::Data, 1);
                }
            }
        }
        // Whether it is as it was to be.
        self.look(address, places);
    }

    fn forecast(&self, rates: &Rates) -> Forecast {
        let buckets = self.0.iter();
        let slowest = buckets
            .map(|((_, class), calls)| rates.eta(*class, *calls))
            .max()
            .unwrap_or_default();
        Forecast {
            calls: self.0.values().sum(),
            at_least_seconds: slowest.as_secs(),
        }
    }
}

/// What the cloud counts by: the subscription, else the directory.
fn place(address: &Address) -> String {
    address.part("subscription").unwrap_or_default().to_owned()
}

/// What `work` takes at these rates.
pub fn forecast(work: &Work<'_>, places: &Places, rates: &Rates) -> Forecast {
    let mut count = Count::default();
    for look in &work.looks {
        count.look(look, places);
    }
    for change in &work.changes {
        count.change(change, places);
    }
    count.forecast(rates)
}

#[cfg(test)]
mod tests {
    use stampctl_contract::Settings;

    use super::*;
    use crate::throttle::Rate;

    fn containers(subscription: &str, count: usize) -> Vec<Operation> {
        let put = |at: usize| Operation {
            address: Address::new(
                Kind::BlobContainer,
                &[subscription, "rg", "st", &format!("c-{at}")],
            )
            .unwrap(),
            verb: Verb::Put {
                settings: Settings::new(),
            },
            precondition: Precondition::Any,
        };
        (0..count).map(put).collect()
    }

    fn of(operations: &[Operation], rates: &Rates) -> Forecast {
        let work = Work {
            changes: operations.iter().collect(),
            looks: vec![],
        };
        forecast(&work, &Places::default(), rates)
    }

    #[test]
    fn subscriptions_have_buckets_of_their_own() {
        let wide = Rate {
            burst: 10_000,
            per_kilosecond: 1_000_000,
        };
        let rates = Rates::default().with(Class::Reads, wide).with(
            Class::Writes,
            Rate {
                burst: 200,
                per_kilosecond: 12_000,
            },
        );
        let one = containers("a", 500);
        let forecast = of(&one, &rates);
        assert_eq!((forecast.calls, forecast.at_least_seconds), (1500, 25));
        let mut two = containers("a", 250);
        two.extend(containers("b", 250));
        let forecast = of(&two, &rates);
        assert_eq!((forecast.calls, forecast.at_least_seconds), (1500, 4));
    }

    #[test]
    fn reads_are_waited_for_where_they_are_more() {
        let forecast = of(&containers("a", 500), &Rates::default());
        // 1,000 reads at 25 a second after 250; 500 writes at 10 after 200.
        assert_eq!(forecast.at_least_seconds, 30);
    }
}
