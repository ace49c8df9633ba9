//! What a user needs and what a stamp carries, where nothing else is known.

use serde::Deserialize;
use serde::Serialize;

use crate::model::Load;

/// What one user needs (design §11.14). DTU in hundredths, storage in MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct DemandPerUser {
    /// Millicores, MiB, MiB, hundredths of a DTU.
    pub load: Load,
    /// Requests a day.
    pub requests_per_day: u64,
}

impl Default for DemandPerUser {
    fn default() -> Self {
        Self {
            load: Load {
                cpu: 10,
                memory: 40,
                storage: 300,
                dtu: 50,
            },
            requests_per_day: 200,
        }
    }
}

/// What a stamp carries beside its cores (S0-33, S0-34, design §11.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct StampCapacity {
    /// GiB of memory for each VM.
    pub memory_gib_per_vm: u64,
    /// GiB of storage for each stamp.
    pub storage_gib: u64,
    /// DTU for each stamp.
    pub dtu: u64,
}

impl Default for StampCapacity {
    fn default() -> Self {
        Self {
            memory_gib_per_vm: 32,
            storage_gib: 2_048,
            dtu: 4_000,
        }
    }
}

impl StampCapacity {
    /// The capacity of a stamp with these machines.
    pub fn of(&self, vcpus: u32, instances: u32) -> Load {
        Load {
            cpu: u64::from(vcpus) * u64::from(instances) * 1_000,
            memory: u64::from(instances) * self.memory_gib_per_vm * 1_024,
            storage: self.storage_gib * 1_024,
            dtu: self.dtu * 100,
        }
    }
}
