//! The steps of tenants, put together by hand.

use super::*;

/// Addresses of a tenant's data on a stamp: the schema and the container.
pub(in crate::verify) fn data(id: &str, on: &str) -> [String; 2] {
    let group = names::resource_group(on);
    let container = names::tenant_container(&tenant(id));
    let server = names::sql_server(on);
    [
        format!("tenant_schema/sub/{group}/{server}/db-tenants/{id}"),
        format!(
            "blob_container/sub/{group}/{}/{container}",
            names::storage_account(on)
        ),
    ]
}

/// The check that a stamp has room; `after` are edges from elsewhere.
pub(in crate::verify) fn recheck(draft: &mut Draft, id: &str, after: &[(&str, &'static str)]) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let metrics = format!("stamp_metrics/sub/{}", names::resource_group(id));
    let mut room: Vec<_> = [
        "latest_cpu",
        "latest_memory",
        "latest_storage",
        "latest_dtu",
    ]
    .iter()
    .map(|name| at_most(&metrics, name, 8_499))
    .collect();
    room.push(fewer_tenants(id, 100));
    draft.check(&of, K::CapacityRecheck, room, after);
}

/// Writes a stamp's counts, after `last`.
pub(in crate::verify) fn sync(draft: &mut Draft, id: &str, last: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let group = format!("resource_group/sub/{}", names::resource_group(id));
    let tags = patch(&group, &[("tags", Value::Map(BTreeMap::new()))]);
    draft.call(&of, K::ProjectionSync, vec![tags], &[(last, "O-37")]);
}

/// Takes a tenant in on a stamp.
pub(in crate::verify) fn onboard(draft: &mut Draft, id: &str, on: &str) {
    let stamps = [on];
    let of = Of {
        subject: of_tenant(id),
        stamps: &stamps,
    };
    let room = format!("stamp/{on}/capacity.recheck");
    let [schema, container] = data(id, on);
    let checked = (room.as_str(), "O-31");
    draft.call(&of, K::TenantData, vec![put(&schema, &[])], &[checked]);
    draft.call(
        &of,
        K::TenantBlob,
        vec![put(&container, &[])],
        &[("tenant.data", "O-32")],
    );
    let api = |kind: &str, name: String| put(&format!("{kind}/hub/rg-hub/apim/{name}"), &[]);
    let id_ = tenant(id);
    let user = api("api_user", names::api_user(&id_));
    let mut there: Vec<Address> = [&schema, &container].map(|a| at(a)).into();
    there.push(user.address.clone());
    draft.call(&of, K::ApiUser, vec![user], &[checked]);
    let subscription = names::api_subscription(&id_);
    let subscribe = api("api_subscription", subscription.clone());
    draft.call(
        &of,
        K::ApiSubscribe,
        vec![subscribe.clone()],
        &[("api.user", "O-34")],
    );
    let policy = api("api_policy", subscription);
    there.extend([&subscribe, &policy].map(|call| call.address.clone()));
    draft.call(
        &of,
        K::ApiPolicy,
        vec![policy],
        &[("api.subscribe", "O-35")],
    );
    let made = [
        ("tenant.data", "O-33"),
        ("tenant.blob", "O-33"),
        ("api.policy", "O-36"),
    ];
    let there = there.into_iter();
    let there = there.map(|address| Condition::Present { address });
    draft.check(&of, K::TenantHealth, there.collect(), &made);
    let home = [
        ("stamp", Value::text(on)),
        ("state", Value::text("active")),
        ("routed", Value::Bool(true)),
    ];
    let route = put(&format!("registry_item/reg/tenants/{id}"), &home);
    let mut after = vec![("tenant.health", "O-33")];
    after.extend(made);
    draft.call(&of, K::RouteRegister, vec![route], &after);
}

/// Moves a tenant from one stamp to another.
#[expect(
    clippy::too_many_lines,
    reason = "one plan, step by step, as it is read"
)]
pub(in crate::verify) fn relocate(draft: &mut Draft, id: &str, from: &str, to: &str) {
    let stamps = [from, to];
    let of = Of {
        subject: of_tenant(id),
        stamps: &stamps,
    };
    let room = format!("stamp/{to}/capacity.recheck");
    let checked = (room.as_str(), "O-31");
    let (source, destination) = (data(id, from), data(id, to));
    let backup = format!(
        "backup/sub/vault/{}",
        names::tenant_snapshot(&tenant(id), from)
    );
    let saved = [
        ("source", Value::text(source[0].as_str())),
        ("tenant", Value::text(id)),
    ];
    draft.call(
        &of,
        K::TenantSnapshot,
        vec![put(&backup, &saved)],
        &[checked],
    );
    let verified = vec![is(&backup, "verified", Value::Bool(true))];
    draft.check(
        &of,
        K::SnapshotVerify,
        verified,
        &[("tenant.snapshot", "P-3")],
    );
    draft.call(
        &of,
        K::TenantData,
        vec![put(&destination[0], &[])],
        &[checked],
    );
    let blob = [checked, ("tenant.data", "O-32")];
    draft.call(&of, K::TenantBlob, vec![put(&destination[1], &[])], &blob);
    let ready = [
        ("snapshot.verify", "O-46"),
        ("tenant.data", "O-45"),
        ("tenant.blob", "O-45"),
    ];
    let frozen = [
        ("frozen", Value::Bool(true)),
        ("state", Value::text("migrating")),
    ];
    draft.call(
        &of,
        K::TenantFreeze,
        vec![entry("tenants", id, &frozen)],
        &ready,
    );
    let copies = source.iter().zip(&destination).map(|(from, to)| {
        let from = at(from);
        operation(
            to,
            Verb::Copy {
                from,
                tenant: id.to_owned(),
            },
        )
    });
    let mut after = vec![("tenant.freeze", "O-47")];
    after.extend(ready);
    draft.call(&of, K::TenantCopy, copies.collect(), &after);
    let same = source
        .iter()
        .zip(&destination)
        .map(|(source, destination)| Condition::SameContent {
            source: at(source),
            destination: at(destination),
        });
    draft.check(
        &of,
        K::TenantCompare,
        same.collect(),
        &[("tenant.copy", "O-50")],
    );
    let home = [
        ("stamp", Value::text(to)),
        ("moved_from", Value::text(from)),
        ("frozen", Value::Bool(false)),
        ("state", Value::text("active")),
    ];
    let switch = vec![entry("tenants", id, &home)];
    draft.call(&of, K::TenantSwitch, switch, &[("tenant.compare", "O-51")]);
    settle(draft, &of, id, &source);
}

pub(in crate::verify) fn settle(draft: &mut Draft, of: &Of<'_>, id: &str, source: &[String; 2]) {
    let since = StepId::of(&of.subject, K::TenantSwitch);
    let elapsed = Condition::Elapsed {
        since,
        seconds: Seconds(86_400),
    };
    draft.check(
        of,
        K::TenantSoak,
        vec![elapsed],
        &[("tenant.switch", "O-54")],
    );
    let question = Condition::Confirmed {
        question: "may the source go?".to_owned(),
    };
    draft.check(
        of,
        K::TenantConfirm,
        vec![question],
        &[("tenant.soak", "O-54")],
    );
    hold_check(
        draft,
        of,
        id,
        &[("tenant.soak", "O-20"), ("tenant.confirm", "O-20")],
    );
    let after = [
        ("tenant.switch", "O-55"),
        ("tenant.soak", "O-54"),
        ("tenant.confirm", "O-54"),
        ("hold.check", "O-20"),
    ];
    let deletes = source.iter().map(|address| delete(address)).collect();
    draft.call(of, K::SourceDelete, deletes, &after);
    let gone = source.iter().map(|address| Condition::Absent {
        address: at(address),
    });
    draft.check(
        of,
        K::SourceAbsence,
        gone.collect(),
        &[("source.delete", "P-3")],
    );
    let settled = [("moved_from", Value::text(""))];
    let entry = vec![entry("tenants", id, &settled)];
    draft.call(of, K::TenantSettle, entry, &[("source.absence", "O-57")]);
}

pub(in crate::verify) fn hold_check(
    draft: &mut Draft,
    of: &Of<'_>,
    id: &str,
    after: &[(&str, &'static str)],
) {
    let entry = format!("registry_item/reg/tenants/{id}");
    draft.check(
        of,
        K::HoldCheck,
        vec![is(&entry, "held", Value::Bool(false))],
        after,
    );
}

/// Ends a tenant's service.
pub(in crate::verify) fn offboard(draft: &mut Draft, id: &str, on: &str) {
    let stamps = [on];
    let of = Of {
        subject: of_tenant(id),
        stamps: &stamps,
    };
    let source = data(id, on);
    hold_check(draft, &of, id, &[]);
    let state = |word: &str| entry("tenants", id, &[("state", Value::text(word))]);
    draft.call(
        &of,
        K::TenantLeave,
        vec![state("offboarding")],
        &[("hold.check", "O-20")],
    );
    let left = [("tenant.leave", "P-5")];
    let unrouted = entry("tenants", id, &[("routed", Value::Bool(false))]);
    draft.call(&of, K::RouteRemove, vec![unrouted], &left);
    let user = format!("api_user/hub/rg-hub/apim/{}", names::api_user(&tenant(id)));
    draft.call(&of, K::ApiRevoke, vec![delete(&user)], &left);
    let metrics = format!("tenant_metrics/reg/{id}");
    draft.check(
        &of,
        K::TenantDrain,
        vec![at_most(&metrics, "active_requests", 0)],
        &[("route.remove", "O-39"), ("api.revoke", "O-39")],
    );
    let export = format!("backup/sub/vault/{}", names::tenant_export(&tenant(id)));
    let saved = [
        ("source", Value::text(source[0].as_str())),
        ("tenant", Value::text(id)),
    ];
    draft.call(
        &of,
        K::TenantExport,
        vec![put(&export, &saved)],
        &[("tenant.drain", "O-40")],
    );
    let verified = vec![is(&export, "verified", Value::Bool(true))];
    draft.check(&of, K::ExportVerify, verified, &[("tenant.export", "P-3")]);
    let after = [
        ("hold.check", "O-20"),
        ("route.remove", "O-38"),
        ("api.revoke", "O-38"),
        ("tenant.drain", "O-39"),
        ("export.verify", "O-40"),
    ];
    let deletes = source.iter().map(|address| delete(address)).collect();
    draft.call(&of, K::TenantDelete, deletes, &after);
    let gone = source.iter().map(|address| Condition::Absent {
        address: at(address),
    });
    draft.check(
        &of,
        K::TenantAbsence,
        gone.collect(),
        &[("tenant.delete", "P-3")],
    );
    draft.call(
        &of,
        K::TenantTombstone,
        vec![state("offboarded")],
        &[("tenant.absence", "P-5")],
    );
}
