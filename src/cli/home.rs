//! Where a fleet's lock and journal are, and waiting until the lock is free.
//!
//! The operator says where, by flag or environment; no manifest does (design §11.27).

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use clap::Args;

use super::azure;
use super::cloud;
use super::context;
use super::context::Context;
use super::context::moment;
use super::duration;
use super::load::LoadedFleet;
use super::planning;
use super::stop::Stop;
use super::stopping::store_stop;
use super::ui::Ui;
use crate::model::ProviderRef;
use crate::store::LocalStore;
use crate::store::SharedStore;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::shared::Terms;
use crate::store::shared::place::Place;

/// How often the lock is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Where lock and journal are.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct StoreArgs {
    /// Keep lock and journal in this container of blobs; `STAMPCTL_STORE` says the same
    #[arg(
        long,
        value_name = "azblob://ACCOUNT/CONTAINER[/PREFIX]",
        conflicts_with = "local_store"
    )]
    store: Option<Place>,
    /// Keep lock and journal beside the fleet although others may apply to the same cloud
    #[arg(long)]
    local_store: bool,
}

impl StoreArgs {
    /// The flags that name the same store again, with a blank before each.
    pub(super) fn flags(&self) -> String {
        let store = self.store.as_ref();
        let store = store.map(|place| format!(" --store {place}"));
        let local = if self.local_store {
            " --local-store"
        } else {
            ""
        };
        format!("{}{local}", store.unwrap_or_default())
    }

    /// The shared store of a fleet, if one is named.
    pub(super) fn shared(
        &self,
        fleet: &str,
        context: &Context,
    ) -> Result<Option<SharedStore>, Stop> {
        if self.local_store {
            return Ok(None);
        }
        let place = match (&self.store, &context.store) {
            (Some(place), _) => place.clone(),
            (None, Some(text)) => text.parse().map_err(|fault| {
                Stop::error(format!("{} cannot be used: {fault}", context::STORE))
                    .help("it is azblob://ACCOUNT/CONTAINER, or with /PREFIX behind")
            })?,
            (None, None) => return Ok(None),
        };
        let objects = place.open(&context.store_settings, Some(azure::blob_tokens(&place)?));
        let objects = objects.map_err(|fault| Stop::error(fault.to_string()))?;
        let lease = context.lease_seconds;
        let terms = lease.map_or_else(Terms::default, |s| Terms::of(Duration::from_secs(s)));
        let elapsed = Arc::new(context::awake_and_asleep);
        SharedStore::new(objects, place.folder(fleet), terms, elapsed)
            .hosted()
            .map(Some)
            .map_err(|fault| store_stop(&fault))
    }

    /// The store of a fleet. One on Azure has to say where, because others may apply to it too.
    pub(super) fn open(
        &self,
        loaded: &LoadedFleet,
        context: &Context,
    ) -> Result<Box<dyn Store>, Stop> {
        if let Some(shared) = self.shared(loaded.fleet.name.as_ref(), context)? {
            return Ok(Box::new(shared));
        }
        if matches!(loaded.fleet.provider, ProviderRef::Azure { .. }) && !self.local_store {
            return Err(Stop::error(
                "others may apply to the same cloud, and a lock beside the fleet does not stop them",
            )
            .help(
                "name a container that all of them use, with `--store \
                 azblob://ACCOUNT/CONTAINER` or STAMPCTL_STORE; or say `--local-store` if nobody \
                 else applies",
            ));
        }
        let local = LocalStore::open(&cloud::own_folder(&loaded.root));
        Ok(Box::new(local.map_err(|fault| store_stop(&fault))?))
    }
}

/// How long to wait for somebody else's lock.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct LockArgs {
    /// Wait at most this long while somebody else holds the lock, as in 90s or 15m
    #[arg(long, value_name = "DURATION", value_parser = duration::seconds)]
    lock_timeout: Option<u32>,
}

impl LockArgs {
    /// The flag again, with a blank before it.
    pub(super) fn flags(self) -> String {
        let seconds = self.lock_timeout;
        seconds.map_or_else(String::new, |seconds| format!(" --lock-timeout {seconds}s"))
    }

    /// Patience, counted from now.
    pub(super) fn patience(self) -> Patience {
        let wait = self.lock_timeout;
        let wait = wait.map(|seconds| Duration::from_secs(u64::from(seconds)));
        Patience {
            until: wait.and_then(|wait| moment().checked_add(wait)),
        }
    }
}

/// Until when to wait for somebody else's lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    until: Option<Instant>,
}

impl Patience {
    /// Whether there is time to wait.
    pub(super) fn lasts(self) -> bool {
        self.until.is_some_and(|until| moment() < until)
    }

    /// Comes back when the lock is free, when the time is up, or when `give_up` says so. Whether
    /// it is ours is for who takes it.
    pub(super) fn wait(
        self,
        store: &dyn Store,
        give_up: impl Fn() -> bool,
        ui: &Ui,
    ) -> Result<(), Stop> {
        let mut said = false;
        while self.lasts() && !give_up() {
            let holder = match planning::block_on(store.holder())? {
                Ok(None) => return Ok(()),
                Ok(Some(holder)) => Some(holder),
                Err(StoreError::Locked(holder)) => holder.map(|holder| *holder),
                Err(fault) => return Err(store_stop(&fault)),
            };
            if !said {
                let name = holder.map_or_else(|| "somebody".to_owned(), |holder| holder.name());
                ui.say(&format!("waiting for the lock, which {name} holds"));
                said = true;
            }
            std::thread::sleep(EVERY);
        }
        Ok(())
    }
}
