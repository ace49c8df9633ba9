//! Machines: VM sizes, zones, and what a stamp can carry. Pure.

use super::super::decode::Decoder;
use super::super::decode::Spanned;
use super::super::decode::short;
use super::super::document::CapacityDoc;
use super::super::document::ComputeDoc;
use super::super::scalar::Text;
use super::super::scalar::Whole;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::Load;
use crate::model::Policy;
use crate::model::sku::Sku;
use crate::model::stamp::Compute;
use std::collections::BTreeMap;

/// The capacity of a stamp: its machines and policy, but for what it says itself.
pub(super) fn capacity(doc: Option<&CapacityDoc>, compute: &Compute, policy: &Policy) -> Load {
    let mut load = policy
        .stamp_capacity
        .of(compute.sku.vcpus, compute.instances);
    if let Some(doc) = doc {
        if let Some(cpu) = &doc.cpu_millicores {
            load.cpu = cpu.value.0;
        }
        if let Some(memory) = &doc.memory_mib {
            load.memory = memory.value.0;
        }
        if let Some(storage) = &doc.storage_gib {
            load.storage = storage.value.0 * 1_024;
        }
        if let Some(dtu) = &doc.dtu {
            load.dtu = dtu.value.0;
        }
    }
    load
}

/// Zones, in order, each once; one zone where none is said.
pub(super) fn zones(
    written: Option<&Spanned<Vec<Spanned<Text>>>>,
    cx: &mut Decoder<'_>,
) -> Option<Vec<String>> {
    let Some(written) = written else {
        return Some(vec!["1".to_owned()]);
    };
    let mut zones: BTreeMap<String, Span> = BTreeMap::new();
    let mut good = true;
    for Spanned {
        value: Text(zone),
        span,
    } in &written.value
    {
        if !matches!(zone.as_str(), "1" | "2" | "3") {
            cx.push(
                Diagnostic::error(
                    codes::BAD_ZONE,
                    format!("`{}` is no availability zone", short(zone)),
                )
                .at(*span, "not a zone")
                .help("zones are \"1\", \"2\" and \"3\""),
            );
            good = false;
        } else if let Some(first) = zones.insert(zone.clone(), *span) {
            cx.push(
                Diagnostic::error(codes::TWICE, format!("the zone {zone} stands twice"))
                    .at(*span, "again here")
                    .at(first, "first here")
                    .help("name each zone once"),
            );
            good = false;
        }
    }
    if written.value.is_empty() {
        cx.push(
            Diagnostic::error(codes::BAD_ZONE, "there is no zone in the list")
                .at(written.span, "empty")
                .help("leave the key out for zone 1, or name zones as in `[\"1\", \"2\"]`"),
        );
        good = false;
    }
    good.then(|| zones.into_keys().collect())
}

/// A VM size: what its name says, but for what is said of it.
pub(super) fn sku(
    broken: &[&str],
    name: Option<&Spanned<Text>>,
    vcpus: Option<&Spanned<Whole<10_000>>>,
    family: Option<&Spanned<Text>>,
    of: &str,
    at: Span,
    cx: &mut Decoder<'_>,
) -> Option<Sku> {
    let Some(Spanned {
        value: Text(name),
        span,
    }) = name
    else {
        cx.missing(
            broken,
            of,
            "sku",
            at,
            "name the VM size, as in `sku: Standard_D8s_v5`",
        );
        return None;
    };
    let said = vcpus.map(|v| u32::try_from(v.value.0).unwrap_or(u32::MAX));
    if let (Some(0), Some(written)) = (said, vcpus) {
        cx.push(
            Diagnostic::error(codes::BAD_NUMBER, "a machine has at least one vCPU")
                .at(written.span, "none")
                .help("write how many vCPUs one machine has"),
        );
        return None;
    }
    let read = Sku::from_name(name);
    match (read, said, family) {
        (Some(read), said, family) => Some(Sku {
            vcpus: said.unwrap_or(read.vcpus),
            family: family.map_or(read.family, |f| f.value.0.clone()),
            name: read.name,
        }),
        (None, Some(vcpus), Some(family)) => Some(Sku {
            name: name.clone(),
            family: family.value.0.clone(),
            vcpus,
        }),
        (None, _, _) => {
            cx.push(
                Diagnostic::error(
                    codes::BAD_SKU,
                    format!(
                        "`{}` does not have the form of a VM size's name",
                        short(name)
                    ),
                )
                .at(*span, "not a VM size")
                .help("write it as in `Standard_D8s_v5`, or say `vcpus` and `family` beside it"),
            );
            None
        }
    }
}

pub(super) fn compute(
    doc: &ComputeDoc,
    of: &str,
    at: Span,
    cx: &mut Decoder<'_>,
) -> Option<Compute> {
    let sku = sku(
        &doc.broken,
        doc.sku.as_ref(),
        doc.vcpus.as_ref(),
        doc.family.as_ref(),
        &format!("{of}.compute"),
        at,
        cx,
    );
    let Some(instances) = &doc.instances else {
        cx.missing(
            &doc.broken,
            &format!("{of}.compute"),
            "instances",
            at,
            "say how many machines, all zones together",
        );
        return None;
    };
    if instances.value.0 == 0 {
        cx.push(
            Diagnostic::error(codes::BAD_NUMBER, "a stamp has at least one machine")
                .at(instances.span, "none")
                .help("write 1 or more; `desired: standby` keeps a stamp idle, `desired: retired` ends it"),
        );
        return None;
    }
    Some(Compute {
        sku: sku?,
        instances: u32::try_from(instances.value.0).unwrap_or(u32::MAX),
    })
}
