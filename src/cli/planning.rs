//! From a fleet to a judged plan: observe, place, plan, verify.

use std::future::Future;
use std::path::Path;

use super::cloud::Cloud;
use super::outfile;
use super::stop::Stop;
use crate::model::Fleet;
use crate::observe;
use crate::observe::Inventory;

/// Runs a future to its end on this thread.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|fault| Stop::error(format!("the runtime cannot start: {fault}")))?;
    Ok(runtime.block_on(future))
}

/// Looks at the fleet's cloud.
pub fn observe(fleet: &Fleet, cloud: &Cloud) -> Result<Inventory, Stop> {
    block_on(observe::observe(fleet, cloud.provider()))
}

/// Reads an inventory that `observe --out` wrote; it must be of this fleet.
pub fn read_inventory(path: &Path, fleet: &Fleet) -> Result<Inventory, Stop> {
    let bytes = outfile::read(path)?;
    let bad = |why: String| {
        Stop::error(format!("{} is no inventory: {why}", path.display()))
            .help("`stampctl observe --out FILE` writes one")
    };
    let inventory: Inventory =
        serde_json::from_slice(&bytes).map_err(|fault| bad(fault.to_string()))?;
    if inventory.format != Inventory::FORMAT {
        return Err(bad(format!(
            "its format is `{}`, this program reads `{}`",
            inventory.format,
            Inventory::FORMAT
        )));
    }
    if inventory.fleet != fleet.name.as_str() {
        return Err(Stop::error(format!(
            "{} is an inventory of fleet {}, and this is fleet {}",
            path.display(),
            inventory.fleet,
            fleet.name
        )));
    }
    Ok(inventory)
}
