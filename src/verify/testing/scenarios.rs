//! One plan of every kind, and a large one.

use super::*;

/// Every kind of plan, by name.
pub(in crate::verify) fn scenarios() -> Vec<(&'static str, Plan)> {
    use StampState::Active;
    let mut all = Vec::new();
    let mut draft = Draft::new().with_stamp("new", None, 0);
    provision(&mut draft, "new");
    all.push(("provision", draft.seal()));

    let mut draft = Draft::new().with_stamp("old", Some(Active), 0);
    retire(&mut draft, "old", &[], &[], &[], (256, 24));
    all.push(("retire", draft.seal()));

    let mut draft = Draft::new()
        .with_stamp("a", Some(Active), 2)
        .with_tenant("t", None);
    recheck(&mut draft, "a", &[]);
    onboard(&mut draft, "t", "a");
    sync(&mut draft, "a", "tenant/t/route.register");
    all.push(("onboard", draft.seal()));

    let two = || {
        let stamps = Draft::new().with_stamp("a", Some(Active), 1);
        stamps
            .with_stamp("b", Some(Active), 1)
            .with_tenant("t", Some("a"))
    };
    let mut draft = two();
    recheck(&mut draft, "b", &[]);
    relocate(&mut draft, "t", "a", "b");
    sync(&mut draft, "b", "tenant/t/tenant.switch");
    all.push(("move", draft.seal()));

    let mut draft = Draft::new()
        .with_stamp("a", Some(Active), 1)
        .with_tenant("t", Some("a"));
    offboard(&mut draft, "t", "a");
    sync(&mut draft, "a", "tenant/t/tenant.tombstone");
    all.push(("offboard", draft.seal()));

    let mut draft = Draft::new().with_stamp("a", Some(Active), 0);
    standby(&mut draft, "a");
    all.push(("standby", draft.seal()));

    // A stamp is replaced: a new one is made, the tenant moves, the old one is retired.
    let mut draft = Draft::new()
        .with_stamp("new", None, 0)
        .with_stamp("old", Some(Active), 1);
    draft = draft.with_tenant("t", Some("old"));
    provision(&mut draft, "new");
    recheck(&mut draft, "new", &[("stamp.activate", "O-27")]);
    relocate(&mut draft, "t", "old", "new");
    retire(
        &mut draft,
        "old",
        &[("tenant/t/tenant.settle", "O-88")],
        &[("stamp/new/stamp.activate", "O-28")],
        &[
            ("quota/qg/eastus2/fam/quota.allocate", "P-6"),
            ("reservation/crg/reservation.verify", "P-6"),
        ],
        (256 + CORES, 32),
    );
    all.push(("replace", draft.seal()));
    all.extend(in_place());
    all
}

/// Plans that make or delete no stamp.
pub(in crate::verify) fn in_place() -> Vec<(&'static str, Plan)> {
    use StampState::Active;
    let mut all = Vec::new();
    let mut draft = Draft::new().with_stamp("a", Some(StampState::Ready), 0);
    wake(&mut draft, "a");
    all.push(("wake", draft.seal()));

    let mut draft = Draft::new().with_stamp("a", Some(Active), 1);
    isolate(&mut draft, "a");
    all.push(("isolate", draft.seal()));

    let mut draft = Draft::new().with_stamp("a", Some(Active), 1);
    shrink(&mut draft, "a");
    all.push(("shrink", draft.seal()));

    // A move of an earlier plan has left its source behind.
    let mut draft = Draft::new().with_stamp("a", Some(Active), 1);
    draft = draft
        .with_stamp("b", Some(Active), 1)
        .with_tenant("t", Some("b"));
    for tenant in draft.body.opening.tenants.values_mut() {
        tenant.moved_from = Some(stamp("a"));
    }
    let stamps = ["a", "b"];
    let of = Of {
        subject: of_tenant("t"),
        stamps: &stamps,
    };
    draft.call(&of, K::TenantSwitch, vec![switched("t", "a", "b")], &[]);
    settle(&mut draft, &of, "t", &data("t", "a"));
    all.push(("settle", draft.seal()));
    all
}

pub(in crate::verify) fn switched(id: &str, from: &str, to: &str) -> Operation {
    let home = [
        ("stamp", Value::text(to)),
        ("moved_from", Value::text(from)),
        ("frozen", Value::Bool(false)),
        ("state", Value::text("active")),
    ];
    entry("tenants", id, &home)
}

pub(in crate::verify) fn scale_set(id: &str) -> String {
    let group = names::resource_group(id);
    format!("scale_set/sub/{group}/{}", names::scale_set(id, "1"))
}

/// Wakes a stamp on standby.
pub(in crate::verify) fn wake(draft: &mut Draft, id: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let running = [
        ("power", Value::text("running")),
        ("instances", Value::Int(8)),
    ];
    draft.call(
        &of,
        K::ComputeStart,
        vec![patch(&scale_set(id), &running)],
        &[],
    );
    serve_after(draft, id, &[("compute.start", "O-86")]);
}

/// Takes a stamp out of traffic.
pub(in crate::verify) fn isolate(draft: &mut Draft, id: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let off = [("enabled", Value::Bool(false))];
    draft.call(&of, K::IngressRemove, vec![patch(&origin(id), &off)], &[]);
    let isolated = entry("stamps", id, &[("state", Value::text("isolated"))]);
    draft.call(
        &of,
        K::StampIsolate,
        vec![isolated],
        &[("ingress.remove", "P-5")],
    );
}

/// Takes two machines of a stamp away and returns their cores.
pub(in crate::verify) fn shrink(draft: &mut Draft, id: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let six = [("instances", Value::Int(6))];
    draft.call(&of, K::StampUpdate, vec![patch(&scale_set(id), &six)], &[]);
    let fewer = [("instances", Value::Int(22))];
    draft.call(
        &of,
        K::ReservationReduce,
        vec![patch(RESERVATION, &fewer)],
        &[("stamp.update", "O-5")],
    );
    draft.check(
        &of,
        K::UsageVerify,
        vec![at_most(SUB_QUOTA, "usage", 240)],
        &[("reservation.reduce", "O-4")],
    );
    draft.call(
        &of,
        K::QuotaReturn,
        vec![put(ALLOCATION, &[("cores", Value::Int(240))])],
        &[("usage.verify", "O-4")],
    );
    draft.check(
        &of,
        K::QuotaVerify,
        seen_return(id, 16),
        &[("quota.return", "P-3")],
    );
}

/// The return of this many cores, seen on both sides.
pub(in crate::verify) fn seen_return(id: &str, cores: i64) -> Vec<Condition> {
    let since = StepId::of(&of_stamp(id), K::QuotaReturn);
    let changed = |address: &str, setting: &str, by| Condition::ChangedBy {
        address: at(address),
        setting: setting.to_owned(),
        since: since.clone(),
        by,
    };
    vec![
        changed(SUB_QUOTA, "limit", -cores),
        changed(ALLOCATION, "cores", -cores),
        changed(&format!("group_quota/{GROUP}"), "available", cores),
    ]
}

/// Four stamps of one account go, one return after the other.
pub(in crate::verify) fn retire_four() -> Plan {
    let mut draft = Draft::new();
    draft.body.opening.serving[0].active = 8;
    draft.body.policy.limits.stamps_retired = 4;
    for reservation in draft.body.opening.reservations.values_mut() {
        reservation.instances = Some(32);
    }
    let names = ["d1", "d2", "d3", "d4"];
    for (place, name) in (0_i64..).zip(names) {
        draft = draft.with_stamp(name, Some(StampState::Active), 0);
        let before = (256 - place * CORES, 32 - place * 8);
        let last = names[usize::try_from(place.max(1) - 1).expect("small")];
        let reduced = format!("stamp/{last}/reservation.reduce");
        let returned = format!("stamp/{last}/quota.return");
        let chain = [(reduced.as_str(), "P-6"), (returned.as_str(), "P-6")];
        retire(
            &mut draft,
            name,
            &[],
            &[],
            if place > 0 { &chain } else { &[] },
            before,
        );
    }
    draft.seal()
}

/// A plan of many stamps; on each `tenants` come, one leaves, and one moves to the next stamp.
pub(in crate::verify) fn large(stamps: usize, tenants: usize) -> Plan {
    let mut draft = Draft::new();
    let name = |stamp: usize| format!("s{stamp}");
    for stamp in 0..stamps {
        let home = name(stamp);
        draft = draft.with_stamp(&home, Some(StampState::Active), 2);
        draft = draft.with_tenant(&format!("out-{stamp}"), Some(&home));
        draft = draft.with_tenant(&format!("on-{stamp}"), Some(&home));
        for tenant in 0..tenants {
            draft = draft.with_tenant(&format!("in-{stamp}-{tenant}"), None);
        }
    }
    for stamp in draft.body.opening.stamps.values_mut() {
        stamp.capacity = load(100_000);
    }
    draft.body.opening.serving[0].active = u32::try_from(stamps).expect("few");
    let all = u32::try_from(stamps).expect("few");
    draft.body.policy.limits.tenants_moved = Some(all);
    draft.body.policy.limits.tenants_offboarded = Some(all);
    for stamp in 0..stamps {
        let (home, next) = (name(stamp), name((stamp + 1) % stamps));
        recheck(&mut draft, &home, &[]);
        for tenant in 0..tenants {
            onboard(&mut draft, &format!("in-{stamp}-{tenant}"), &home);
        }
        offboard(&mut draft, &format!("out-{stamp}"), &home);
        relocate(&mut draft, &format!("on-{stamp}"), &home, &next);
    }
    draft.seal()
}
