//! What a condition answers: that it holds, that it does not, or that nobody knows.

use stampctl_contract::Settings;

use super::super::tests_support::cloud::Cloud;
use super::super::tests_support::plans;
use super::*;
use crate::journal::Progress;
use crate::model::Seconds;
use crate::plan::format::StepKind;

fn judged(cloud: &Cloud, condition: &Condition) -> Verdict {
    let progress = Progress::default();
    let step = plans::id(&plans::stamp("a"), StepKind::StampHealth);
    let asked = Asked {
        step: &step,
        now: Timestamp::UNIX_EPOCH,
        memory: &progress,
    };
    let look = Look::new(cloud);
    super::super::tests::block(look.judge(condition, &asked)).verdict
}

fn numbered(setting: &str) -> [Condition; 3] {
    let (address, setting) = (plans::at(plans::ALLOCATION), setting.to_owned());
    [
        Condition::AtMost {
            address: address.clone(),
            setting: setting.clone(),
            limit: 32,
        },
        Condition::AtLeast {
            address: address.clone(),
            setting: setting.clone(),
            limit: 33,
        },
        Condition::Is {
            address,
            setting,
            value: 32_i64.into(),
        },
    ]
}

#[test]
fn numbers_pass_at_their_limit_and_are_unknown_when_not_reported() {
    let cloud = Cloud::new();
    let verdicts = numbered("cores").map(|condition| judged(&cloud, &condition));
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Fail, Verdict::Pass]);
    let verdicts = numbered("usage").map(|condition| judged(&cloud, &condition));
    assert_eq!(verdicts, [Verdict::Unknown; 3]);
    cloud.world().resources.clear();
    let verdicts = numbered("cores").map(|condition| judged(&cloud, &condition));
    assert_eq!(
        verdicts,
        [Verdict::Fail; 3],
        "what is not there has no value"
    );
    for condition in numbered("cores") {
        cloud.world().blind.insert(plans::at(plans::ALLOCATION));
        assert_eq!(judged(&cloud, &condition), Verdict::Unknown);
    }
}

#[test]
fn absence_is_seen_and_never_supposed() {
    let cloud = Cloud::new();
    let present = Condition::Present {
        address: plans::at(plans::OLD),
    };
    assert_eq!(judged(&cloud, &plans::absent(plans::NEW)), Verdict::Pass);
    assert_eq!(judged(&cloud, &plans::absent(plans::OLD)), Verdict::Fail);
    assert_eq!(judged(&cloud, &present), Verdict::Pass);
    cloud.world().blind.insert(plans::at(plans::OLD));
    assert_eq!(judged(&cloud, &plans::absent(plans::OLD)), Verdict::Unknown);
}

#[test]
fn a_group_is_owned_when_every_resource_in_it_says_so() {
    let cloud = Cloud::new();
    let tagged = |owner: &str| -> Settings {
        let tags = Value::Map([("Stamp".to_owned(), Value::text(owner))].into());
        plans::settings([("tags", tags)])
    };
    let owned = Condition::OnlyOwned {
        group: plans::at(plans::GROUP),
        tag: "Stamp".to_owned(),
        owner: "a".to_owned(),
    };
    cloud.set(plans::GROUP, tagged("a"));
    cloud.set(plans::MACHINES, tagged("a"));
    cloud.set(plans::HEALTH, Settings::new());
    cloud.set("resource_group/sub/rg-ab", tagged("other"));
    assert_eq!(judged(&cloud, &owned), Verdict::Pass);
    cloud.set("storage_account/sub/rg-a/st", Settings::new());
    assert_eq!(judged(&cloud, &owned), Verdict::Unknown);
    cloud.set("storage_account/sub/rg-a/st", tagged("other"));
    assert_eq!(judged(&cloud, &owned), Verdict::Fail);
    cloud.set("storage_account/sub/rg-a/st", tagged("a"));
    cloud.set("api_user/sub/rg-a/apim/somebody", Settings::new());
    assert_eq!(judged(&cloud, &owned), Verdict::Fail, "it cannot say so");
}

#[test]
fn who_is_gone_is_not_counted() {
    let cloud = Cloud::new();
    let fewer = |count| Condition::FewerThan {
        matching: Matching {
            kind: Some(Kind::RegistryItem),
            beneath: "registry/tenants".to_owned(),
            equals: Some(("stamp".to_owned(), "a".into())),
            except_states: vec!["offboarded".to_owned()],
        },
        count,
    };
    for (id, state) in [("u", "active"), ("v", "offboarded"), ("w", "active")] {
        let address = format!("registry_item/registry/tenants/{id}");
        let settings = [("stamp", "a".into()), ("state", state.into())];
        cloud.set(&address, plans::settings(settings));
    }
    assert_eq!(judged(&cloud, &fewer(3)), Verdict::Pass);
    assert_eq!(judged(&cloud, &fewer(2)), Verdict::Fail);
}

#[test]
fn content_is_the_same_or_not_or_unknown() {
    let cloud = Cloud::new();
    let same = Condition::SameContent {
        source: plans::at(plans::OLD),
        destination: plans::at(plans::NEW),
    };
    assert_eq!(judged(&cloud, &same), Verdict::Fail);
    let content = |records: i64, digest: &str| {
        plans::settings([("records", records.into()), ("digest", digest.into())])
    };
    for (settings, verdict) in [
        (content(1000, "d1"), Verdict::Pass),
        (content(999, "d1"), Verdict::Fail),
        (content(1000, "d2"), Verdict::Fail),
        (
            plans::settings([("records", 1000_i64.into())]),
            Verdict::Unknown,
        ),
    ] {
        cloud.set(plans::NEW, settings);
        assert_eq!(judged(&cloud, &same), verdict);
    }
}

#[test]
fn what_the_journal_does_not_know_is_unknown() {
    let cloud = Cloud::new();
    let since = plans::id(&plans::stamp("a"), StepKind::QuotaReturn);
    let changed = Condition::ChangedBy {
        address: plans::at(plans::ALLOCATION),
        setting: "cores".to_owned(),
        since: since.clone(),
        by: 0,
    };
    assert_eq!(judged(&cloud, &changed), Verdict::Unknown);
    let seconds = Seconds(0);
    assert_eq!(
        judged(&cloud, &Condition::Elapsed { since, seconds }),
        Verdict::Unknown
    );
    let question = "may it?".to_owned();
    assert_eq!(
        judged(&cloud, &Condition::Confirmed { question }),
        Verdict::Fail
    );
}
