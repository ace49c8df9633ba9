//! What every store must do, as tests that each store runs on itself.

use jiff::Timestamp;

use super::Holder;
use super::RunJournal;
use super::Store;
use super::StoreError;
use crate::journal::Epoch;
use crate::journal::Event;
use crate::journal::Opened;
use crate::journal::RunId;
use crate::plan::format::Digest;

/// A holder for tests.
pub(crate) fn holder(run: &str) -> Holder {
    Holder {
        run: run.parse().expect("a run's id"),
        pid: 17,
        host: "build-1".to_owned(),
        user: "ada".to_owned(),
        purpose: "apply".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        epoch: Epoch(0),
    }
}

/// The first event of a run for tests.
pub(crate) fn opened() -> Event {
    Event::Opened(Opened {
        plan: Digest::of(b"plan"),
        fleet: "contoso".parse().expect("a name"),
        environment: None,
        provider: "sim".to_owned(),
        tool: "test".to_owned(),
        steps: 1,
        expires_at: Timestamp::MAX,
        resume_until: Timestamp::MAX,
    })
}

/// Everything, on an empty store.
pub(crate) async fn all(store: &dyn Store) {
    let run: RunId = "aaa-1".parse().expect("a run's id");
    let at = Timestamp::UNIX_EPOCH;
    assert!(store.runs().await.expect("lists").is_empty());
    assert!(store.journal(&run).await.expect("reads").is_none());
    assert!(store.holder().await.expect("looks").is_none());

    // A journal is what was appended to it, and a torn tail gives way to the next append.
    let first = store.acquire(&holder("aaa-1")).await.expect("free");
    let mut journal = RunJournal::new(run.clone());
    journal
        .append(store, &first, at, &[opened()])
        .await
        .expect("appends");
    let whole = store.journal(&run).await.expect("reads").expect("is there");
    let torn = br#"{"seq":2,"epo"#;
    store
        .append(&first, &run, whole.len() as u64, torn)
        .await
        .expect("appends");
    let mut journal = RunJournal::load(store, &run)
        .await
        .expect("a torn tail is normal");
    let approved = Event::Approved {
        signers: vec![],
        required: 0,
    };
    journal
        .append(store, &first, at, &[approved])
        .await
        .expect("appends");
    let after = store.journal(&run).await.expect("reads").expect("is there");
    assert!(after.starts_with(&whole));
    assert!(after.ends_with(b"\n"));
    assert_eq!(
        store.runs().await.expect("lists"),
        std::slice::from_ref(&run)
    );

    // A journal is created once, and never gets shorter than what was read of it.
    assert!(store.append(&first, &run, 0, b"x\n").await.is_err());
    assert!(store.append(&first, &run, 1 << 20, b"x\n").await.is_err());
    assert_eq!(store.journal(&run).await.expect("reads"), Some(after));

    locks(store, first, journal).await;
    keeps_files(store).await;
}

async fn locks(store: &dyn Store, first: super::Lease, mut journal: RunJournal) {
    let at = Timestamp::UNIX_EPOCH;
    let run = journal.run().clone();
    // One holder at a time, and the second is told who the first is.
    match store.acquire(&holder("bbb-2")).await {
        Err(StoreError::Locked(Some(held))) => {
            assert_eq!((held.run.as_str(), held.epoch), ("aaa-1", first.epoch));
        }
        other => panic!("the lock was taken twice: {other:?}"),
    }
    let seen = store.holder().await.expect("looks").expect("is held");
    assert_eq!(seen.user, "ada");
    store.renew(&first).await.expect("keeps");

    // Breaking a lock needs the right name, and fences off the one who held it.
    let by = holder("bbb-2");
    let wrong = store.break_lock(&by.run, &by).await;
    assert!(matches!(wrong, Err(StoreError::OtherRun(Some(_)))));
    let second = store.break_lock(&run, &by).await.expect("breaks");
    assert!(second.epoch > first.epoch);
    let stop = Event::Unlocked {
        by: "ada".to_owned(),
    };
    let fenced = journal
        .append(store, &first, at, std::slice::from_ref(&stop))
        .await;
    assert!(matches!(fenced, Err(StoreError::Fenced { .. })));
    let poisoned = journal.append(store, &second, at, &[stop]).await;
    assert!(matches!(poisoned, Err(StoreError::Poisoned)));
    store
        .release(first)
        .await
        .expect("gives back what is not its own any more");
    assert!(matches!(
        store.acquire(&by).await,
        Err(StoreError::Locked(_))
    ));
    store.release(second).await.expect("gives back");
    let third = store.acquire(&by).await.expect("free");
    assert!(third.epoch > seen.epoch);
    store.release(third).await.expect("gives back");
    assert!(matches!(
        store.break_lock(&run, &by).await,
        Err(StoreError::NotLocked)
    ));
}

async fn keeps_files(store: &dyn Store) {
    let digest = Digest::of(b"plan");
    assert_eq!(store.plan(&digest).await.expect("reads"), None);
    store.put_plan(&digest, b"one").await.expect("keeps");
    store.put_plan(&digest, b"two").await.expect("keeps");
    assert_eq!(
        store.plan(&digest).await.expect("reads"),
        Some(b"two".to_vec())
    );
    assert!(
        store
            .put_plan(&Digest("../x".to_owned()), b"x")
            .await
            .is_err()
    );

    let name = crate::approve::file_name(&digest, "ada@example.com");
    store
        .put_approval(&name, b"signature")
        .await
        .expect("keeps");
    let other = crate::approve::file_name(&Digest::of(b"other"), "ada@example.com");
    store
        .put_approval(&other, b"signature")
        .await
        .expect("keeps");
    let found = store.approvals(&digest).await.expect("reads");
    assert_eq!(found, [(name, b"signature".to_vec())]);
    assert!(store.put_approval("../x.sig", b"x").await.is_err());
}
