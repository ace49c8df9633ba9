//! The fleet that everything is measured on: a manifest, a list of tenants and the world that was
//! observed, with a share of the tenants changed since. The same numbers give the same bytes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use stampctl::blueprint;
use stampctl::manifest;
use stampctl::manifest::LoadRequest;
use stampctl::model::Fleet;
use stampctl::model::Load;
use stampctl::model::StampId;
use stampctl::model::StampKind;
use stampctl::model::StampState;
use stampctl::model::TenantState;
use stampctl::observe::Inventory;
use stampctl::observe::SeenResource;
use stampctl::observe::SeenStamp;
use stampctl::observe::SeenTenant;
use stampctl::place;
use stampctl_contract::Address;
use stampctl_contract::Etag;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

/// Stamps of one region.
const PER_REGION: usize = 500;
/// Machines of one stamp, and vCPUs of one machine.
const MACHINES: usize = 8;
const VCPUS: usize = 8;
/// What is measured of a stamp: half of what it can take, in every dimension.
const METRICS: [&str; 8] = [
    "cpu",
    "memory",
    "storage",
    "dtu",
    "latest_cpu",
    "latest_memory",
    "latest_storage",
    "latest_dtu",
];
/// When the world was observed.
const OBSERVED: &str = "2026-01-15T06:00:00Z";

/// How large a fleet is, and how much of it changed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) stamps: usize,
    pub(crate) tenants: usize,
    /// Hundredths of the tenants that changed: a third joins, a third leaves, a third has
    /// another number of users.
    pub(crate) churn: usize,
}

/// What becomes of one tenant between the observation and the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    Joins,
    Leaves,
    Resized,
}

struct Person {
    id: String,
    home: usize,
    users: u64,
    fate: Fate,
}

impl Size {
    /// A fleet of so many tenants, 66.7 on each stamp.
    pub(crate) fn of(tenants: usize) -> Self {
        Self {
            stamps: (tenants * 3).div_ceil(200),
            tenants,
            churn: 3,
        }
    }

    fn regions(self) -> usize {
        self.stamps.div_ceil(PER_REGION)
    }

    fn people(self) -> impl Iterator<Item = Person> {
        let mut random = Random(0x5741_4d50);
        (0..self.tenants).map(move |at| {
            let small = 5 + random.below(60);
            let users = if random.below(50) == 0 {
                100 + random.below(200)
            } else {
                small
            };
            let drawn = usize::try_from(random.below(300)).unwrap_or(usize::MAX);
            let fate = match drawn {
                _ if drawn < self.churn => Fate::Joins,
                _ if drawn < 2 * self.churn => Fate::Leaves,
                _ if drawn < 3 * self.churn => Fate::Resized,
                _ => Fate::Stays,
            };
            Person {
                id: format!("t{at:07}"),
                home: at % self.stamps,
                users,
                fate,
            }
        })
    }
}

/// The seeded source of every choice: `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }
}

/// Writes `fleet.yaml`, `tenants.csv` and `observed.json` into `folder`.
pub(crate) fn write(size: Size, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let stamps = folder.join("fleet.yaml");
    write_file(&stamps, manifest(size))?;
    let inventory = observed(size, &load(&stamps)?)?;
    // The layout that `stampctl observe` writes.
    write_file(&folder.join("observed.json"), &inventory.to_bytes()?)?;
    write_file(&folder.join("tenants.csv"), list(size))?;
    let whole = manifest(size) + "tenants_from: tenants.csv\n";
    write_file(&stamps, &whole)
}

/// Loads a fleet that must be sound.
pub(crate) fn load(path: &Path) -> io::Result<Fleet> {
    let loaded = manifest::load(&LoadRequest {
        path: path.to_owned(),
        ..LoadRequest::default()
    });
    let first = || {
        loaded
            .diagnostics
            .iter()
            .next()
            .map(|found| found.message.clone())
    };
    let why = || io::Error::other(first().unwrap_or_else(|| "no fleet".to_owned()));
    loaded.fleet.clone().ok_or_else(why)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark's own input, made anew each time"
)]
fn write_file(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    fs::write(path, content)
}

fn region(index: usize) -> String {
    format!("region{index:02}")
}

fn stamp(size: Size, index: usize) -> String {
    let regions = size.regions();
    format!(
        "shared-{}-{:03}",
        region(index % regions),
        index / regions + 1
    )
}

fn manifest(size: Size) -> String {
    let mut text = String::from(
        "version: 1\nfleet: large\nprovider:\n  sim: {}\npolicy:\n  \
         capacity: { min_active_stamps: 1, max_stamps: 100000 }\n  \
         limits: { tenants_moved: 1000000, tenants_offboarded: 1000000 }\n",
    );
    section(&mut text, "subscriptions", size.regions(), |r| {
        let name = region(r);
        format!(
            "sub-{name}: {{ id: 00000000-0000-0000-0000-{:012} }}",
            r + 1
        )
    });
    section(&mut text, "quota_groups", size.regions(), |r| {
        let (name, cores) = (region(r), PER_REGION * MACHINES * VCPUS * 2);
        format!(
            "qg-{name}: {{ management_group: mg, subscriptions: [sub-{name}], limits: \
             [{{ region: {name}, family: standardDSv5Family, cores: {cores} }}] }}"
        )
    });
    section(&mut text, "capacity_reservations", size.regions(), |r| {
        let name = region(r);
        format!(
            "crg-{name}: {{ subscription: sub-{name}, region: {name}, zones: [\"1\", \"2\"], \
             sku: Standard_D8s_v5 }}"
        )
    });
    section(&mut text, "stamps", size.stamps, |s| {
        let name = region(s % size.regions());
        format!(
            "{}: {{ kind: shared, region: {name}, zones: [\"1\", \"2\"], \
             subscription: sub-{name}, quota_group: qg-{name}, capacity_reservation: crg-{name}, \
             compute: {{ sku: Standard_D8s_v5, instances: {MACHINES} }} }}",
            stamp(size, s)
        )
    });
    text
}

fn section(text: &mut String, key: &str, count: usize, line: impl Fn(usize) -> String) {
    let _ = writeln!(text, "{key}:");
    for index in 0..count {
        let _ = writeln!(text, "  {}", line(index));
    }
}

fn list(size: Size) -> String {
    let mut text = String::from("id,users,tier,region,desired\n");
    for person in size.people() {
        let users = match person.fate {
            Fate::Resized => person.users + person.users / 2,
            Fate::Stays | Fate::Joins | Fate::Leaves => person.users,
        };
        let tier = if users.is_multiple_of(2) {
            "basic"
        } else {
            "standard"
        };
        let desired = if person.fate == Fate::Leaves {
            "offboarded"
        } else {
            ""
        };
        let region = region(person.home % size.regions());
        let _ = writeln!(text, "{},{users},{tier},{region},{desired}", person.id);
    }
    text
}

/// The world that the fleet without its changes describes.
fn observed(size: Size, fleet: &Fleet) -> io::Result<Inventory> {
    let mut inventory = Inventory {
        format: Inventory::FORMAT.to_owned(),
        fleet: fleet.name.to_string(),
        observed_at: OBSERVED.parse().map_err(io::Error::other)?,
        stamps: BTreeMap::new(),
        tenants: BTreeMap::new(),
        fleet_item: None,
        resources: BTreeMap::new(),
        gaps: Vec::new(),
        obstacles: vec![],
    };
    let mut population: BTreeMap<StampId, u32> = BTreeMap::new();
    for person in size.people().filter(|person| person.fate != Fate::Joins) {
        let home: StampId = stamp(size, person.home).parse().map_err(io::Error::other)?;
        *population.entry(home.clone()).or_default() += 1;
        let id = person.id.parse().map_err(io::Error::other)?;
        inventory.tenants.insert(id, seen_tenant(&person, home));
    }
    let people = inventory.clone();
    let placement = place::place(fleet, &people);
    let blueprint = blueprint::draw(fleet, &inventory, &placement).map_err(io::Error::other)?;
    for (id, drawn) in &blueprint.stamps {
        let tenants = population.get(id).copied().unwrap_or(0);
        let seen = SeenStamp {
            state: StampState::Active,
            kind: StampKind::Shared,
            region: drawn.shape.region.clone(),
            generation: 1,
            accepting: true,
            protected: false,
            subscription: drawn.shape.subscription.to_string(),
            since: None,
            etag: Some(Etag("\"1\"".into())),
        };
        inventory.stamps.insert(id.clone(), seen);
        let mut group = drawn.group.clone();
        group.1.insert(
            "tags".to_owned(),
            drawn.group_tags(None, StampState::Active, tenants),
        );
        let metrics = METRICS
            .into_iter()
            .map(|name| (name.to_owned(), Value::Int(5_000)));
        let metrics = metrics.chain([("samples".to_owned(), Value::Int(720))]);
        let data = [&drawn.sql_server, &drawn.storage, &drawn.alert];
        let rest = data
            .into_iter()
            .chain(&drawn.scale_sets)
            .chain(&drawn.shared_database);
        let all = rest
            .cloned()
            .chain([group, (drawn.metrics.clone(), metrics.collect())]);
        inventory
            .resources
            .extend(all.map(|(at, settings)| (at, resource(settings))));
    }
    capacity(size, &blueprint, &mut inventory)?;
    Ok(inventory)
}

fn seen_tenant(person: &Person, home: StampId) -> SeenTenant {
    let users = person.users;
    SeenTenant {
        state: TenantState::Active,
        stamp: home,
        routed: true,
        moved_from: None,
        held: Some(false),
        measured: Some(Load {
            cpu: users * 9,
            memory: users * 38,
            storage: users * 280,
            dtu: users * 45,
        }),
        requests_per_day: Some(users * 190),
        etag: Some(Etag("\"1\"".into())),
    }
}

fn resource(settings: Settings) -> SeenResource {
    SeenResource {
        settings,
        etag: None,
    }
}

/// Quota and reservations: exactly what the stamps use.
fn capacity(
    size: Size,
    blueprint: &blueprint::Blueprint<'_>,
    inventory: &mut Inventory,
) -> io::Result<()> {
    let mut add = |kind, parts: &[&str], settings: Vec<(&str, usize)>| -> io::Result<()> {
        let settings = settings.into_iter().map(|(name, number)| {
            (
                name.to_owned(),
                Value::Int(i64::try_from(number).unwrap_or(i64::MAX)),
            )
        });
        let address = Address::new(kind, parts).map_err(io::Error::other)?;
        inventory
            .resources
            .insert(address, resource(settings.collect()));
        Ok(())
    };
    for r in 0..size.regions() {
        let name = region(r);
        let (sub, group) = (format!("sub-{name}"), format!("qg-{name}"));
        let stamps = (0..size.stamps).filter(|s| s % size.regions() == r).count();
        let (used, limit) = (stamps * MACHINES * VCPUS, PER_REGION * MACHINES * VCPUS * 2);
        let family = "standardDSv5Family";
        add(
            Kind::Quota,
            &[&sub, &name, family],
            vec![("limit", used), ("usage", used)],
        )?;
        let free = vec![("limit", limit), ("available", limit - used)];
        add(Kind::GroupQuota, &["mg", &group, &name, family], free)?;
        add(
            Kind::QuotaAllocation,
            &["mg", &group, &sub, &name, family],
            vec![("cores", used)],
        )?;
    }
    for (name, reservation) in &blueprint.fleet.capacity_reservations {
        let address = blueprint.reservation(name).map_err(io::Error::other)?;
        let Some(address) = address else { continue };
        let of = |drawn: &&blueprint::StampBlueprint| {
            drawn.shape.capacity_reservation.as_ref() == Some(name)
        };
        let stamps = blueprint.stamps.values().filter(of).count();
        let machines = i64::try_from(stamps * MACHINES).unwrap_or(i64::MAX);
        let settings = Settings::from([
            (
                "region".to_owned(),
                Value::text(reservation.region.shared()),
            ),
            ("zones".to_owned(), Value::from(reservation.zones.clone())),
            ("sku".to_owned(), Value::text(reservation.sku.name.as_str())),
            (
                "family".to_owned(),
                Value::text(reservation.sku.family.as_str()),
            ),
            ("vcpus".to_owned(), reservation.sku.vcpus.into()),
            ("instances".to_owned(), machines.into()),
            ("attached".to_owned(), machines.into()),
        ]);
        inventory.resources.insert(address, resource(settings));
    }
    Ok(())
}
