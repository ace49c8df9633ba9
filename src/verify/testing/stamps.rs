//! The steps of stamps, put together by hand.

use super::*;

/// The steps that make a stamp, with its quota and reservation.
pub(in crate::verify) fn provision(draft: &mut Draft, id: &str) {
    let quota = Of {
        subject: Subject::Quota(key()),
        stamps: &[],
    };
    let group = format!("group_quota/{GROUP}");
    draft.check(
        &quota,
        K::QuotaHeadroom,
        vec![at_least(&group, "available", CORES)],
        &[],
    );
    draft.call(
        &quota,
        K::QuotaAllocate,
        vec![put(ALLOCATION, &[("cores", Value::Int(256 + CORES))])],
        &[("quota.headroom", "O-22")],
    );
    let reservation = Of {
        subject: Subject::Reservation("crg".parse().expect("a name")),
        stamps: &[],
    };
    let instances = [("instances", Value::Int(32))];
    draft.call(
        &reservation,
        K::ReservationEnsure,
        vec![patch(RESERVATION, &instances)],
        &[("quota/qg/eastus2/fam/quota.allocate", "O-23")],
    );
    draft.check(
        &reservation,
        K::ReservationVerify,
        vec![at_least(RESERVATION, "instances", 32)],
        &[("reservation.ensure", "P-3")],
    );
    build(draft, id);
    serve(draft, id);
}

pub(in crate::verify) fn build(draft: &mut Draft, id: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let group = names::resource_group(id);
    let verified = ("reservation/crg/reservation.verify", "O-24");
    let state = [
        ("state", Value::text("creating")),
        ("accepting", Value::Bool(true)),
    ];
    draft.call(
        &of,
        K::StampRegister,
        vec![entry("stamps", id, &state)],
        &[verified],
    );
    let set = format!("scale_set/sub/{group}/{}", names::scale_set(id, "1"));
    let off = [("enabled", Value::Bool(false))];
    let machines = [
        ("instances", Value::Int(8)),
        ("power", Value::text("running")),
    ];
    draft.call(
        &of,
        K::StampDeploy,
        vec![
            put(&format!("resource_group/sub/{group}"), &[]),
            put(
                &format!("sql_server/sub/{group}/{}", names::sql_server(id)),
                &[],
            ),
            put(
                &format!("storage_account/sub/{group}/{}", names::storage_account(id)),
                &[],
            ),
            put(&set, &machines),
            put(&origin(id), &off),
            put(
                &format!("alert/sub/{group}/{}", names::health_alert(id)),
                &[],
            ),
        ],
        &[("stamp.register", "P-5"), verified],
    );
}

/// Health, traffic, active.
pub(in crate::verify) fn serve(draft: &mut Draft, id: &str) {
    serve_after(draft, id, &[("stamp.deploy", "O-25")]);
}

pub(in crate::verify) fn serve_after(draft: &mut Draft, id: &str, after: &[(&str, &'static str)]) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let yes = Value::Bool(true);
    let health = format!("health/sub/{}", names::resource_group(id));
    let live = vec![
        is(&health, "live", yes.clone()),
        is(&health, "ready", yes.clone()),
    ];
    draft.check(&of, K::StampHealth, live, after);
    let smoke = vec![is(&health, "smoke", yes.clone())];
    draft.check(&of, K::StampSmoke, smoke, &[("stamp.health", "O-25")]);
    let on = [("enabled", yes.clone()), ("weight", Value::Int(100))];
    draft.call(
        &of,
        K::IngressAdd,
        vec![patch(&origin(id), &on)],
        &[("stamp.health", "O-26"), ("stamp.smoke", "O-26")],
    );
    let traffic = vec![is(&health, "traffic", yes)];
    draft.check(&of, K::IngressVerify, traffic, &[("ingress.add", "P-3")]);
    let active = [("state", Value::text("active"))];
    draft.call(
        &of,
        K::StampActivate,
        vec![entry("stamps", id, &active)],
        &[("ingress.verify", "O-27")],
    );
}

/// The steps with which an active stamp leaves service: `last` writes what it becomes.
pub(in crate::verify) fn leave_service(
    draft: &mut Draft,
    id: &str,
    zero_after: &[(&str, &'static str)],
    drain_after: &[(&str, &'static str)],
) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let group = names::resource_group(id);
    let closed = [("accepting", Value::Bool(false))];
    draft.call(
        &of,
        K::PlacementClose,
        vec![entry("stamps", id, &closed)],
        &[],
    );
    let mut after = vec![("placement.close", "O-8")];
    after.extend(zero_after);
    draft.check(&of, K::TenantsZero, nobody(id), &after);
    let draining = [("state", Value::text("draining"))];
    let mut after = vec![("tenants.zero", "O-6")];
    after.extend(drain_after);
    draft.call(
        &of,
        K::StampDrain,
        vec![entry("stamps", id, &draining)],
        &after,
    );
    let off = [("enabled", Value::Bool(false))];
    draft.call(
        &of,
        K::IngressRemove,
        vec![patch(&origin(id), &off)],
        &[("stamp.drain", "P-5")],
    );
    let metrics = format!("stamp_metrics/sub/{group}");
    draft.check(
        &of,
        K::ConnectionsWait,
        vec![at_most(&metrics, "connections", 0)],
        &[("ingress.remove", "O-9")],
    );
    let jobs = vec![at_most(&metrics, "jobs", 0)];
    draft.check(&of, K::JobsWait, jobs, &[("connections.wait", "O-10")]);
}

pub(in crate::verify) fn nobody(id: &str) -> Vec<Condition> {
    let beneath = format!("sub/{}", names::resource_group(id));
    vec![
        tenants_with("stamp", id, 1),
        tenants_with("moved_from", id, 1),
        fewer("tenant_schema", &beneath, 1),
        fewer("sql_database", &beneath, 2),
        fewer("blob_container", &beneath, 1),
    ]
}

/// Puts an active stamp on standby.
pub(in crate::verify) fn standby(draft: &mut Draft, id: &str) {
    leave_service(draft, id, &[], &[]);
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let set = names::scale_set(id, "1");
    let set = format!("scale_set/sub/{}/{set}", names::resource_group(id));
    let ready = [("state", Value::text("ready"))];
    let calls = vec![
        patch(&set, &[("instances", Value::Int(3))]),
        entry("stamps", id, &ready),
    ];
    draft.call(&of, K::StampStandby, calls, &[("jobs.wait", "O-11")]);
}

/// Retires an active stamp; `zero_after` and `drain_after` are edges from elsewhere.
pub(in crate::verify) fn retire(
    draft: &mut Draft,
    id: &str,
    zero_after: &[(&str, &'static str)],
    drain_after: &[(&str, &'static str)],
    quota_after: &[(&str, &'static str)],
    before: (i64, i64),
) {
    leave_service(draft, id, zero_after, drain_after);
    release(draft, id);
    give_back(draft, id, quota_after, before);
    remove(draft, id);
}

pub(in crate::verify) fn release(draft: &mut Draft, id: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let group = names::resource_group(id);
    let backup = format!("backup/sub/vault/{}", names::stamp_backup(id));
    let source = format!("sql_server/sub/{group}/{}", names::sql_server(id));
    let saved = [("source", Value::text(source)), ("tenant", Value::text(""))];
    draft.call(
        &of,
        K::StampBackup,
        vec![put(&backup, &saved)],
        &[("jobs.wait", "O-13")],
    );
    let verified = vec![is(&backup, "verified", Value::Bool(true))];
    draft.check(&of, K::BackupVerify, verified, &[("stamp.backup", "P-3")]);
    let alert = format!("alert/sub/{group}/{}", names::health_alert(id));
    draft.call(
        &of,
        K::MonitoringRemove,
        vec![delete(&alert)],
        &[("jobs.wait", "O-14")],
    );
    let set = format!("scale_set/sub/{group}/{}", names::scale_set(id, "1"));
    draft.call(
        &of,
        K::ComputeRelease,
        vec![
            entry("stamps", id, &[("state", Value::text("releasing"))]),
            patch(&set, &[("power", Value::text("deallocated"))]),
            patch(&set, &[("instances", Value::Int(0))]),
        ],
        &[
            ("jobs.wait", "O-11"),
            ("tenants.zero", "O-6"),
            ("backup.verify", "O-13"),
            ("monitoring.remove", "O-14"),
        ],
    );
}

pub(in crate::verify) fn give_back(
    draft: &mut Draft,
    id: &str,
    quota_after: &[(&str, &'static str)],
    (cores, instances): (i64, i64),
) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let set = names::scale_set(id, "1");
    let set = format!("scale_set/sub/{}/{set}", names::resource_group(id));
    let fewer = [("instances", Value::Int(instances - 8))];
    let mut after = vec![("compute.release", "O-5")];
    after.extend(
        quota_after
            .iter()
            .filter(|(step, _)| step.contains("reservation.")),
    );
    draft.call(
        &of,
        K::ReservationReduce,
        vec![
            patch(&set, &[("reservation", Value::text(""))]),
            patch(RESERVATION, &fewer),
        ],
        &after,
    );
    draft.check(
        &of,
        K::UsageVerify,
        vec![at_most(SUB_QUOTA, "usage", cores - CORES)],
        &[("compute.release", "O-4"), ("reservation.reduce", "O-5")],
    );
    let mut after = vec![
        ("usage.verify", "O-4"),
        ("compute.release", "O-4"),
        ("reservation.reduce", "O-5"),
    ];
    after.extend(
        quota_after
            .iter()
            .filter(|(step, _)| step.contains("quota.")),
    );
    draft.call(
        &of,
        K::QuotaReturn,
        vec![put(ALLOCATION, &[("cores", Value::Int(cores - CORES))])],
        &after,
    );
    let seen = seen_return(id, CORES);
    draft.check(&of, K::QuotaVerify, seen, &[("quota.return", "P-3")]);
}

pub(in crate::verify) fn remove(draft: &mut Draft, id: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let group = names::resource_group(id);
    let own = format!("resource_group/sub/{group}");
    let returned = [("state", Value::text("quota_returned"))];
    draft.call(
        &of,
        K::StampReleased,
        vec![entry("stamps", id, &returned)],
        &[("quota.verify", "P-5")],
    );
    let released = [("stamp.released", "O-7")];
    draft.check(&of, K::TenantsRecheck, nobody(id), &released);
    let held = is(
        &format!("registry_item/reg/stamps/{id}"),
        "held",
        Value::Bool(false),
    );
    draft.check(&of, K::StampHolds, vec![held], &released);
    let owned = Condition::OnlyOwned {
        group: at(&own),
        tag: "Stamp".to_owned(),
        owner: id.to_owned(),
    };
    draft.check(&of, K::OwnershipVerify, vec![owned], &released);
    let mut after = vec![
        ("tenants.recheck", "O-7"),
        ("quota.return", "O-1"),
        ("quota.verify", "O-2"),
        ("jobs.wait", "O-9"),
    ];
    draft.call(&of, K::IngressDelete, vec![delete(&origin(id))], &after);
    after.extend([("stamp.holds", "O-20"), ("backup.verify", "O-13")]);
    let data = vec![
        delete(&format!("sql_server/sub/{group}/{}", names::sql_server(id))),
        delete(&format!(
            "storage_account/sub/{group}/{}",
            names::storage_account(id)
        )),
    ];
    draft.call(&of, K::DataDelete, data, &after);
    after.extend([
        ("data.delete", "O-17"),
        ("ingress.delete", "O-90"),
        ("ownership.verify", "O-18"),
    ]);
    draft.call(&of, K::StampDelete, vec![delete(&own)], &after);
    let gone = vec![
        Condition::Absent { address: at(&own) },
        Condition::Absent {
            address: at(&origin(id)),
        },
    ];
    draft.check(
        &of,
        K::StampAbsence,
        gone,
        &[("stamp.delete", "O-19"), ("ingress.delete", "O-90")],
    );
    let deleted = [("state", Value::text("deleted"))];
    draft.call(
        &of,
        K::StampTombstone,
        vec![entry("stamps", id, &deleted)],
        &[("stamp.absence", "O-19")],
    );
}
