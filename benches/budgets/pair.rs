//! One fleet, written twice: as a manifest, and as the Terraform configuration that a user would
//! write instead. Then `plan` of both, as whole programs.
//!
//! The configuration is the flat style, which Terraform plans fastest: built-in `terraform_data`,
//! so that no provider is downloaded and none is asked; 8 resources for a stamp (quota,
//! reservation, group, two scale sets, SQL, storage, origin), 3 for a tenant (schema, container,
//! route), with the dependencies that a stamp and a tenant really have.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use super::process;
use super::scale::program;

/// Stamps and tenants: 1,000, 5,000 and 10,000 resources.
const SIZES: [(usize, usize); 3] = [(20, 280), (100, 1_400), (200, 2_800)];
const REGIONS: [&str; 4] = ["eastus2", "westeurope", "southeastasia", "uksouth"];
/// The parts of a stamp, each with the part that it needs.
const STAMP_PARTS: [(&str, &str); 8] = [
    ("quota", ""),
    ("reservation", "quota"),
    ("group", "reservation"),
    ("scale_set_1", "group"),
    ("scale_set_2", "group"),
    ("sql", "group"),
    ("storage", "group"),
    ("origin", "scale_set_1"),
];
/// The parts of a tenant; the first needs its stamp's SQL.
const TENANT_PARTS: [(&str, &str); 3] = [
    ("schema", ""),
    ("container", "schema"),
    ("route", "container"),
];

struct Stamp {
    id: String,
    region: &'static str,
}

struct Tenant {
    id: String,
    stamp: usize,
    users: usize,
    tier: &'static str,
}

/// Plans the pair at each size and prints time and memory, and their ratios.
pub(crate) fn run() -> io::Result<()> {
    let version = Command::new("terraform")
        .arg("version")
        .stderr(Stdio::null())
        .output();
    let Ok(version) = version else {
        println!("SKIPPED: terraform is not on the PATH, so nothing was compared");
        return Ok(());
    };
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    println!(
        "{} against stampctl, `plan -out`, whole programs, median of 3",
        first_line(&version)
    );
    for (stamps, tenants) in SIZES {
        let folder = tempfile::tempdir()?;
        let (ours, theirs) = (
            folder.path().join("stampctl"),
            folder.path().join("terraform"),
        );
        write(stamps, tenants, &ours, &theirs)?;
        // Each plan looks at an empty cloud, as Terraform does.
        let stampctl = process::median(3, program(), &["plan", ".", "--out", "p.json"], &ours)?;
        let arguments = ["plan", "-input=false", "-out=p.tfplan"];
        let terraform = process::median(3, Path::new("terraform"), &arguments, &theirs)?;
        let times = terraform.wall.as_secs_f64() / stampctl.wall.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let memory = stampctl.memory as f64 / terraform.memory as f64;
        println!(
            "{:>6} resources: terraform {:>8.1} ms, {:>4} MiB; stampctl {:>6.1} ms ({:.1} ms of \
             CPU), {:>3} MiB: {times:.0} x as fast, {memory:.3} of the memory",
            stamps * STAMP_PARTS.len() + tenants * TENANT_PARTS.len(),
            terraform.wall.as_secs_f64() * 1e3,
            terraform.mib(),
            stampctl.wall.as_secs_f64() * 1e3,
            stampctl.cpu.as_secs_f64() * 1e3,
            stampctl.mib(),
        );
    }
    println!("budget: 500 x as fast at 10000 resources, 0.1 of the memory");
    Ok(())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("terraform")
}

/// Writes the pair.
pub(crate) fn write(stamps: usize, tenants: usize, ours: &Path, theirs: &Path) -> io::Result<()> {
    let (stamps, tenants) = fleet(stamps, tenants);
    fs::create_dir_all(ours)?;
    fs::create_dir_all(theirs)?;
    fs::write(ours.join("fleet.yaml"), manifest(&stamps, &tenants))?;
    fs::write(theirs.join("main.tf"), configuration(&stamps, &tenants))
}

fn fleet(stamps: usize, tenants: usize) -> (Vec<Stamp>, Vec<Tenant>) {
    let per = tenants.div_ceil(stamps);
    let stamp = |at: usize| {
        let region = REGIONS[at % REGIONS.len()];
        Stamp {
            id: format!("shared-{region}-{:03}", at / REGIONS.len() + 1),
            region,
        }
    };
    let tenant = |at: usize| Tenant {
        id: format!("t{at:07}"),
        stamp: (at / per) % stamps,
        users: 5 + (at * 7_919) % 60,
        tier: ["basic", "standard"][at % 2],
    };
    (
        (0..stamps).map(stamp).collect(),
        (0..tenants).map(tenant).collect(),
    )
}

fn manifest(stamps: &[Stamp], tenants: &[Tenant]) -> String {
    let mut text = String::from(
        "version: 1\nfleet: pair\nprovider:\n  sim: {}\npolicy:\n  \
         capacity: { min_active_stamps: 0, max_stamps: 100000 }\n  \
         placement: { max_tenants_per_shared: 1000000 }\nsubscriptions:\n",
    );
    let all: Vec<String> = REGIONS
        .iter()
        .map(|region| format!("sub-{region}"))
        .collect();
    for (at, region) in REGIONS.iter().enumerate() {
        let _ = writeln!(
            text,
            "  sub-{region}: {{ id: 00000000-0000-0000-0000-{:012} }}",
            at + 1
        );
    }
    let all = all.join(", ");
    let _ = writeln!(
        text,
        "quota_groups:\n  qg:\n    management_group: mg\n    subscriptions: [{all}]\n    limits:"
    );
    for region in REGIONS {
        let cores = 64 * stamps.iter().filter(|stamp| stamp.region == region).count();
        let _ = writeln!(
            text,
            "      - {{ region: {region}, family: standardDSv5Family, cores: {cores} }}"
        );
    }
    text.push_str("capacity_reservations:\n");
    for region in REGIONS {
        let _ = writeln!(
            text,
            "  crg-{region}: {{ subscription: sub-{region}, region: {region}, zones: [\"1\", \
             \"2\"], sku: Standard_D8s_v5 }}"
        );
    }
    text.push_str("stamps:\n");
    for Stamp { id, region } in stamps {
        let _ = writeln!(
            text,
            "  {id}: {{ kind: shared, region: {region}, zones: [\"1\", \"2\"], subscription: \
             sub-{region}, quota_group: qg, capacity_reservation: crg-{region}, compute: {{ sku: \
             Standard_D8s_v5, instances: 8 }} }}"
        );
    }
    text.push_str("tenants:\n");
    for Tenant {
        id,
        stamp,
        users,
        tier,
    } in tenants
    {
        let Stamp { id: stamp, region } = &stamps[*stamp];
        let _ = writeln!(
            text,
            "  {id}: {{ users: {users}, tier: {tier}, region: {region}, placement: {stamp} }}"
        );
    }
    text
}

fn configuration(stamps: &[Stamp], tenants: &[Tenant]) -> String {
    let mut text = String::new();
    for (at, Stamp { id, region }) in stamps.iter().enumerate() {
        for (part, needs) in STAMP_PARTS {
            let after = if needs.is_empty() {
                String::new()
            } else {
                format!(", after = terraform_data.s{at}_{needs}.id")
            };
            let _ = writeln!(
                text,
                "resource \"terraform_data\" \"s{at}_{part}\" {{\n  input = {{ stamp = \"{id}\", \
                 region = \"{region}\", sku = \"Standard_D8s_v5\"{after} }}\n}}"
            );
        }
    }
    for (
        at,
        Tenant {
            id, stamp, users, ..
        },
    ) in tenants.iter().enumerate()
    {
        for (part, needs) in TENANT_PARTS {
            let after = if needs.is_empty() {
                format!("s{stamp}_sql")
            } else {
                format!("t{at}_{needs}")
            };
            let _ = writeln!(
                text,
                "resource \"terraform_data\" \"t{at}_{part}\" {{\n  input = {{ tenant = \"{id}\", \
                 stamp = \"{}\", users = {users}, after = terraform_data.{after}.id }}\n}}",
                stamps[*stamp].id
            );
        }
    }
    text
}
