//! The laws that every provider keeps, as a library for the providers' own test suites.
//!
//! [`check`] asks for a fresh cloud for each law, so that laws do not disturb each other. It
//! returns every law that was broken, with what was seen.

mod compute;
mod data;
mod inside;
mod quota;
mod registry;
mod resources;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::Address;
use crate::Fault;
use crate::FaultClass;
use crate::Kind;
use crate::Operation;
use crate::Outcome;
use crate::Precondition;
use crate::Provider;
use crate::Resource;
use crate::Settings;
use crate::Value;
use crate::Verb;

/// How often an operation in progress is asked after before the law counts as broken.
const PATIENCE: usize = 1_000;

/// A cloud to be tested, and the way to make its time pass.
pub trait Cloud: Send + Sync {
    /// The provider under test.
    fn provider(&self) -> &dyn Provider;

    /// Lets so many seconds pass: a virtual clock is moved, a real one is waited for.
    fn pass(&self, seconds: u32);

    /// What a fresh cloud of this kind holds.
    fn ground(&self) -> Ground;
}

/// What a fresh cloud must hold: two empty subscriptions that are members of one quota group, and
/// nothing allocated to them.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The two subscriptions.
    pub subscriptions: [String; 2],
    /// The quota group as (management group, group).
    pub group: (String, String),
    /// The region in which the group has cores.
    pub region: String,
    /// The quota family of which it has cores.
    pub family: String,
    /// How many cores, at least 64.
    pub cores: i64,
    /// A VM size of the family.
    pub sku: String,
    /// vCPUs of one such VM, at most 8.
    pub vcpus: i64,
    /// The tenant registry.
    pub registry: String,
    /// An application gateway of another subscription: subscription, resource group, name.
    pub gateway: [String; 3],
}

/// A law that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The law.
    pub law: &'static str,
    /// What was seen.
    pub why: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.law, self.why)
    }
}

type Verdict<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
type Law = (&'static str, for<'a> fn(&'a Bench<'a>) -> Verdict<'a>);

/// Checks every law, each on a fresh cloud. All that are broken.
pub async fn check<C: Cloud>(make: impl Fn() -> C) -> Result<(), Vec<Broken>> {
    let mut broken = Vec::new();
    let parts = [
        resources::LAWS,
        registry::LAWS,
        quota::LAWS,
        compute::LAWS,
        data::LAWS,
        inside::LAWS,
    ];
    for (law, test) in parts.into_iter().flatten() {
        let cloud = make();
        let bench = Bench {
            cloud: &cloud,
            ground: cloud.ground(),
        };
        if let Err(why) = test(&bench).await {
            broken.push(Broken { law, why });
        }
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(broken)
    }
}

/// One cloud, on which a law is tried.
struct Bench<'c> {
    cloud: &'c dyn Cloud,
    ground: Ground,
}

impl Bench<'_> {
    fn cloud(&self) -> &dyn Provider {
        self.cloud.provider()
    }

    /// Performs, and waits until it is done.
    async fn attempt(&self, operation: &Operation, key: &str) -> Result<Option<Resource>, Fault> {
        let mut outcome = self.cloud().perform(operation, key).await?;
        for _ in 0..PATIENCE {
            let ticket = match outcome {
                Outcome::Done(resource) => return Ok(resource),
                Outcome::Accepted(ticket) => ticket,
            };
            self.cloud.pass(ticket.retry_after_seconds.max(1));
            outcome = self.cloud().poll(&ticket).await?;
        }
        let why = format!("{} did not end", operation.address);
        Err(Fault::new(FaultClass::Transient, "Conformance", why))
    }

    /// A put that must succeed; the resource after it.
    async fn put(&self, address: &Address, settings: &Settings) -> Result<Resource, String> {
        let operation = put(address, settings);
        let done = self.attempt(&operation, "put").await;
        done.map_err(|fault| format!("put {address}: {fault}"))?;
        self.read(address)
            .await?
            .ok_or_else(|| format!("{address} is not there after a put"))
    }

    /// A delete that must succeed.
    async fn delete(&self, address: &Address) -> Result<(), String> {
        let done = self.attempt(&change(address, Verb::Delete), "delete").await;
        done.map(|_| ())
            .map_err(|fault| format!("delete {address}: {fault}"))
    }

    /// A call that must be refused with one of these classes, and change nothing.
    async fn refused(&self, operation: &Operation, classes: &[FaultClass]) -> Result<(), String> {
        let before = self.read(&operation.address).await?;
        match self.attempt(operation, "refused").await {
            Ok(_) => return Err(format!("{operation:?} was not refused")),
            Err(fault) if !classes.contains(&fault.class) => {
                return Err(format!("{operation:?} was refused as {fault}"));
            }
            Err(_) => {}
        }
        let after = self.read(&operation.address).await?;
        same(
            &format!("{} after a refusal", operation.address),
            &after,
            &before,
        )
    }

    async fn read(&self, address: &Address) -> Result<Option<Resource>, String> {
        let read = self.cloud().read(address).await;
        read.map_err(|fault| format!("read {address}: {fault}"))
    }

    /// A number of a resource; 0 where resource or number is absent.
    async fn number(&self, address: &Address, name: &str) -> Result<i64, String> {
        let resource = self.read(address).await?;
        Ok(resource.and_then(|it| it.int(name)).unwrap_or(0))
    }

    /// A resource group of the first subscription, made.
    async fn group(&self, name: &str) -> Result<Address, String> {
        let at = address(Kind::ResourceGroup, &[&self.ground.subscriptions[0], name])?;
        let tags = Value::Map([("owner".to_owned(), Value::text("conformance"))].into());
        let region = self.ground.region.as_str();
        self.put(&at, &settings([("region", region.into()), ("tags", tags)]))
            .await?;
        Ok(at)
    }

    /// The address of something in a resource group of the first subscription.
    fn within(&self, kind: Kind, group: &str, rest: &[&str]) -> Result<Address, String> {
        let mut parts = vec![self.ground.subscriptions[0].as_str(), group];
        parts.extend(rest);
        address(kind, &parts)
    }
}

fn address(kind: Kind, parts: &[&str]) -> Result<Address, String> {
    Address::new(kind, parts).map_err(|error| error.to_string())
}

fn put(address: &Address, settings: &Settings) -> Operation {
    change(
        address,
        Verb::Put {
            settings: settings.clone(),
        },
    )
}

fn change(address: &Address, verb: Verb) -> Operation {
    Operation {
        address: address.clone(),
        verb,
        precondition: Precondition::Any,
    }
}

fn settings<const N: usize>(pairs: [(&str, Value); N]) -> Settings {
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

fn same<T: PartialEq + fmt::Debug>(what: &str, seen: &T, wanted: &T) -> Result<(), String> {
    if seen == wanted {
        return Ok(());
    }
    Err(format!("{what}: {seen:?}, not {wanted:?}"))
}

fn holds(truth: bool, why: impl Into<String>) -> Result<(), String> {
    if truth { Ok(()) } else { Err(why.into()) }
}
