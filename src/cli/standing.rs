//! How a fleet stands: stamps, tenants, quota, unfinished runs, gathered for `status`, `list` and
//! `explain`.

use std::collections::BTreeMap;

use stampctl_contract::Kind;

use super::args::FleetArgs;
use super::args::quoted;
use super::load::LoadedFleet;
use super::planning;
use super::stop::Stop;
use super::stopping::store_stop;
use crate::journal::Progress;
use crate::journal::RunId;
use crate::journal::StepStatus;
use crate::model::Dimension;
use crate::model::Fleet;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::policy::Band;
use crate::observe::Inventory;
use crate::observe::SeenStamp;
use crate::place;
use crate::place::Placement;
use crate::place::placement::StampOrigin;
use crate::render::status::QuotaStatus;
use crate::render::status::RunStatus;
use crate::render::status::RunWait;
use crate::render::status::StampStatus;
use crate::render::status::Status;
use crate::store::RunJournal;
use crate::store::Store;
use crate::store::StoreError;

/// Looks at the fleet and says how it stands.
pub(super) fn status(
    loaded: &LoadedFleet,
    inventory: &Inventory,
    store: &dyn Store,
    flags: &str,
) -> Result<Status, Stop> {
    let fleet = &loaded.fleet;
    let placement = place::place(fleet, inventory);
    let mut tenants = BTreeMap::new();
    for tenant in inventory.tenants.values() {
        *tenants.entry(tenant.state.word().to_owned()).or_insert(0) += 1;
    }
    Ok(Status {
        fleet: fleet.name.to_string(),
        environment: fleet.environment.as_ref().map(ToString::to_string),
        observed_at: inventory.observed_at.to_string(),
        stamps: stamps(fleet, inventory, &placement),
        tenants,
        quota: quota(inventory),
        runs: planning::block_on(runs(loaded, store, flags))??,
        gaps: gaps(inventory),
    })
}

/// The stamps that exist, in order of id.
pub(super) fn stamps(
    fleet: &Fleet,
    inventory: &Inventory,
    placement: &Placement<'_>,
) -> Vec<StampStatus> {
    let existing = inventory.stamps.iter();
    existing
        .filter(|(_, seen)| seen.state != StampState::Deleted)
        .map(|(id, seen)| stamp(fleet, placement, id, seen))
        .collect()
}

fn stamp(fleet: &Fleet, placement: &Placement<'_>, id: &StampId, seen: &SeenStamp) -> StampStatus {
    let placed = placement.stamps.get(id);
    let capacity = placed.and_then(|placed| Some(placed.stamp.shape.as_ref()?.capacity));
    let load = Dimension::ALL.into_iter().map(|dimension| {
        let points = capacity.zip(placed).and_then(|(capacity, placed)| {
            let before = placed.load_before;
            let amount = match dimension {
                Dimension::Cpu => before.cpu,
                Dimension::Memory => before.memory,
                Dimension::Storage => before.storage,
                Dimension::Dtu => before.dtu,
            }?;
            let mut alone = crate::model::Load::default();
            alone[dimension] = amount;
            Some(alone.basis_points(&capacity, dimension))
        });
        (dimension, points)
    });
    StampStatus {
        id: id.to_string(),
        kind: seen.kind,
        region: seen.region.to_string(),
        state: Some(seen.state),
        accepting: seen.accepting,
        band: placed.map_or(Band::Unknown, |placed| placed.band),
        load: load.collect(),
        tenants: placed.map(|placed| u64::from(placed.tenants_before)),
        tenants_max: Some(match seen.kind {
            StampKind::Shared => u64::from(fleet.policy.placement.max_tenants_per_shared),
            StampKind::Dedicated => 1,
        }),
        pool: placed.and_then(|placed| match &placed.origin {
            StampOrigin::Pool(pool) | StampOrigin::Opened { pool, .. } => Some(pool.to_string()),
            StampOrigin::Declared => None,
        }),
        managed: placed.is_some(),
    }
}

fn quota(inventory: &Inventory) -> Vec<QuotaStatus> {
    let cores = |amount: Option<i64>| amount.and_then(|amount| u64::try_from(amount).ok());
    let accounts = inventory.of_kind(Kind::GroupQuota);
    accounts
        .map(|(address, seen)| QuotaStatus {
            account: address.parts().skip(1).collect::<Vec<_>>().join("/"),
            limit: cores(seen.int("limit")),
            available: cores(seen.int("available")),
        })
        .collect()
}

fn gaps(inventory: &Inventory) -> Vec<String> {
    let gaps = inventory.gaps.iter();
    gaps.map(|gap| {
        let kind = gap.kind.map_or("everything", Kind::word);
        let place = if gap.beneath.is_empty() {
            "the cloud"
        } else {
            &gap.beneath
        };
        format!("{kind} beneath {place}: {}", gap.reason)
    })
    .collect()
}

/// The runs of this fleet that are not finished.
async fn runs(
    loaded: &LoadedFleet,
    store: &dyn Store,
    flags: &str,
) -> Result<Vec<RunStatus>, Stop> {
    let holder = store.holder().await.map_err(|fault| store_stop(&fault))?;
    let mut found = Vec::new();
    for (run, progress) in unfinished(store, &loaded.fleet).await? {
        let held = holder.as_ref().filter(|holder| holder.run == run);
        let held = held.map(crate::store::Holder::name);
        found.push(run_status(
            &run,
            &progress,
            held,
            format!("{}{flags}", apply_command(&loaded.args)),
        ));
    }
    Ok(found)
}

/// The run of a fleet that was opened last. Those before it were followed by another plan.
pub(super) async fn latest(
    store: &dyn Store,
    fleet: &Fleet,
) -> Result<Option<(RunId, Progress)>, Stop> {
    let all = all_runs(store, fleet).await?;
    Ok(all
        .into_iter()
        .max_by_key(|(_, progress)| progress.opened_at))
}

/// The runs of a fleet that have begun and not ended, in order of id.
pub(super) async fn unfinished(
    store: &dyn Store,
    fleet: &Fleet,
) -> Result<Vec<(RunId, Progress)>, Stop> {
    let mut all = all_runs(store, fleet).await?;
    all.retain(|(_, progress)| !progress.completed);
    Ok(all)
}

async fn all_runs(store: &dyn Store, fleet: &Fleet) -> Result<Vec<(RunId, Progress)>, Stop> {
    let stop = |fault: StoreError| store_stop(&fault);
    let mut found = Vec::new();
    for run in store.runs().await.map_err(stop)? {
        let journal = RunJournal::load(store, &run).await.map_err(stop)?;
        let progress = journal.progress();
        let ours = progress.opened.as_ref().is_some_and(|opened| {
            opened.fleet == fleet.name && opened.environment == fleet.environment
        });
        if ours {
            found.push((run, progress.clone()));
        }
    }
    Ok(found)
}

fn run_status(
    run: &RunId,
    progress: &Progress,
    holder: Option<String>,
    resume: String,
) -> RunStatus {
    let count = |statuses: &[StepStatus]| {
        let steps = progress.steps();
        let some = steps.filter(|(_, step)| statuses.contains(&step.status));
        u64::try_from(some.count()).unwrap_or(u64::MAX)
    };
    let opened = progress.opened.as_ref();
    let waiting = progress.steps();
    let waiting = waiting.filter(|(_, step)| step.status == StepStatus::Waiting);
    RunStatus {
        run: run.to_string(),
        plan: opened.map_or_else(String::new, |opened| opened.plan.short().to_owned()),
        since: progress
            .opened_at
            .map_or_else(String::new, |at| at.to_string()),
        holder,
        done: count(&[StepStatus::Succeeded]),
        steps: opened.map_or(0, |opened| opened.steps),
        failed: count(&[StepStatus::Failed, StepStatus::UndoFailed]),
        unknown: count(&[
            StepStatus::Started,
            StepStatus::Unknown,
            StepStatus::Undoing,
        ]),
        waits: waiting
            .map(|(id, step)| RunWait {
                step: id.to_string(),
                what: step.evidence.join("; "),
                until: step.until.map(|until| until.to_string()),
            })
            .collect(),
        resume,
    }
}

/// The command that goes on with a fleet's unfinished run.
pub(super) fn apply_command(args: &FleetArgs) -> String {
    let path = quoted(&args.path.display().to_string());
    format!("stampctl apply {path}{}", args.variant.flags())
}
