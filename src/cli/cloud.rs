//! The cloud that a fleet lives in, opened.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use stampctl_azure::Azure;
use stampctl_contract::Provider;
use stampctl_sim::Sim;
use stampctl_sim::SimError;
use stampctl_sim::WorldSpec;
use stampctl_sim::spec::GroupSpec;
use stampctl_sim::spec::LimitSpec;

use super::azure;
use super::exit::Exit;
use super::load::LoadedFleet;
use super::outfile;
use super::stop::Stop;
use crate::manifest::source::is_beneath;
use crate::model::Fleet;
use crate::model::ProviderRef;
use crate::model::QuotaGroup;

/// The folder beside a fleet in which the program keeps what is its own.
pub(super) const OWN_FOLDER: &str = ".stampctl";

/// Where the simulated cloud is kept in it.
const WORLD: &str = "world";

/// An opened cloud.
pub(super) enum Cloud {
    /// The simulated one.
    Sim(Arc<Sim>),
    /// The real one.
    Azure(Box<Azure>),
}

impl Cloud {
    /// The cloud as the stages see it.
    pub(super) fn provider(&self) -> &dyn Provider {
        match self {
            Self::Sim(sim) => &**sim,
            Self::Azure(azure) => &**azure,
        }
    }

    /// The simulated cloud, for the commands that steer it.
    pub(super) fn simulated(&self) -> Result<&Arc<Sim>, Stop> {
        match self {
            Self::Sim(sim) => Ok(sim),
            Self::Azure(_) => Err(Stop::error("the fleet lives on Azure, which nobody steers")
                .help("`sim` is for fleets with `provider: { sim: ... }`")),
        }
    }
}

/// Opens the cloud that the fleet names.
pub(super) fn open(loaded: &LoadedFleet) -> Result<Cloud, Stop> {
    match &loaded.fleet.provider {
        ProviderRef::Sim { world } => {
            let seed = seed(&loaded.fleet, &loaded.root, world.as_deref())?;
            let folder = own_folder(&loaded.root).join(WORLD);
            let sim = Sim::open(&folder, &seed).map_err(|fault| refused(&fault))?;
            Ok(Cloud::Sim(Arc::new(sim)))
        }
        ProviderRef::Azure { .. } => Ok(Cloud::Azure(Box::new(azure::open(&loaded.fleet)?))),
    }
}

/// The folder beside a fleet in which the program keeps what is its own.
pub(super) fn own_folder(root: &Path) -> PathBuf {
    root.join(OWN_FOLDER)
}

/// Why the simulated cloud did not do what it was asked to.
pub(super) fn refused(fault: &SimError) -> Stop {
    match fault {
        SimError::Damaged { .. } => Stop::new(Exit::Damaged, fault.to_string())
            .help("the simulated cloud starts anew when its folder is removed"),
        SimError::Spec(_) => Stop::error(fault.to_string()).help("correct the world file"),
        SimError::Io(_) => Stop::error(fault.to_string()),
    }
}

/// How the simulated cloud of a fleet starts.
fn seed(fleet: &Fleet, root: &Path, world: Option<&str>) -> Result<WorldSpec, Stop> {
    let mut spec = match world {
        Some(name) => {
            let because = |why: String| {
                Stop::error(format!("the world file cannot be used: {why}"))
                    .help("name a regular file beneath the fleet's folder in `provider.sim.world`")
            };
            is_beneath(root, name).map_err(because)?;
            let bytes = outfile::read(&root.join(name))?;
            let text = String::from_utf8(bytes).map_err(|fault| because(fault.to_string()))?;
            WorldSpec::from_yaml(&text).map_err(|fault| {
                let file = root.join(name);
                Stop::error(format!("{}: {fault}", file.display())).help("correct the world file")
            })?
        }
        None => WorldSpec::declared(
            fleet
                .subscriptions
                .values()
                .map(|subscription| (subscription.name.to_string(), subscription.id.clone())),
            fleet.quota_groups.values().map(group),
        ),
    };
    spec.fleet.get_or_insert_with(|| fleet.name.to_string());
    spec.registry.get_or_insert_with(|| fleet.registry.clone());
    Ok(spec)
}

fn group(group: &QuotaGroup) -> GroupSpec {
    let limits = group.limits.iter().map(|limit| LimitSpec {
        region: limit.region.to_string(),
        family: limit.family.clone(),
        // The simulated cloud counts cores in 32 bits.
        cores: u32::try_from(limit.cores.0).unwrap_or(u32::MAX),
    });
    GroupSpec {
        name: group.name.to_string(),
        management_group: group.management_group.clone(),
        subscriptions: group
            .subscriptions
            .iter()
            .map(ToString::to_string)
            .collect(),
        limits: limits.collect(),
        allocations: Vec::new(),
    }
}
