//! The shared store on objects in memory, whose dates are a clock that the test moves, and whose
//! answers can be lost.

mod weather;

use super::*;
use crate::journal::Epoch;
use crate::journal::Event;
use crate::store::RunJournal;
use crate::store::conformance;
use crate::store::conformance::holder;
use weather::Lost;
use weather::Weather;

fn block<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// One process's view of the store.
fn process(weather: &Arc<Weather>) -> SharedStore {
    let time = Arc::clone(weather);
    let elapsed: Elapsed = Arc::new(move || time.elapsed());
    let objects: Arc<dyn ObjectStore> = Arc::<Weather>::clone(weather);
    SharedStore::new(objects, Path::from("state/shop"), Terms::default(), elapsed)
}

fn event(by: &str) -> Event {
    Event::Unlocked { by: by.to_owned() }
}

async fn opened(store: &SharedStore, lease: &Lease, run: &str) -> RunJournal {
    let mut journal = RunJournal::new(run.parse().expect("a run's id"));
    let at = jiff::Timestamp::UNIX_EPOCH;
    journal
        .append(store, lease, at, &[conformance::opened()])
        .await
        .expect("appends");
    journal
}

async fn write(
    store: &SharedStore,
    lease: &Lease,
    journal: &mut RunJournal,
) -> Result<(), StoreError> {
    let at = jiff::Timestamp::UNIX_EPOCH;
    journal.append(store, lease, at, &[event("ada")]).await
}

async fn bytes(store: &SharedStore, run: &str) -> Vec<u8> {
    let run = run.parse().expect("a run's id");
    store.journal(&run).await.expect("reads").expect("is there")
}

#[test]
fn objects_are_a_store() {
    let weather = Weather::fair();
    block(conformance::all(&process(&weather)));
}

#[test]
fn a_hosted_store_is_a_store() {
    let weather = Weather::fair();
    let store = process(&weather).hosted().expect("starts");
    // Each stage of a command has a runtime of its own.
    block(conformance::all(&store));
    let lease = block(store.acquire(&holder("ccc-3"))).expect("free");
    block(store.release(lease)).expect("gives back");
    assert!(block(store.holder()).expect("looks").is_none());
}

#[test]
fn a_lock_lapses_after_the_lease_and_the_longest_call() {
    block(async {
        let weather = Weather::fair();
        let (first, second) = (process(&weather), process(&weather));
        let lease = first.acquire(&holder("aaa-1")).await.expect("free");
        let mut journal = opened(&first, &lease, "aaa-1").await;
        // Expired is not free: a call of the first may still be under way.
        for seconds in [59, 46] {
            weather.pass(seconds);
            let held = second.acquire(&holder("aaa-1")).await;
            assert!(matches!(held, Err(StoreError::Locked(Some(_)))), "{held:?}");
            assert!(second.holder().await.expect("looks").is_some());
        }
        weather.pass(2);
        assert!(second.holder().await.expect("looks").is_none());
        let newer = second.acquire(&holder("aaa-1")).await.expect("lapsed");
        assert_eq!(newer.epoch, Epoch(lease.epoch.0 + 1));

        // The first wakes up and can neither write nor renew.
        let fenced = write(&first, &lease, &mut journal).await;
        assert!(
            matches!(fenced, Err(StoreError::Fenced { .. })),
            "{fenced:?}"
        );
        assert!(first.renew(&lease).await.is_err());
        first.release(lease).await.expect("is not its own any more");
        assert!(second.holder().await.expect("looks").is_some());
        let run = "aaa-1".parse().expect("a run's id");
        let mut journal = RunJournal::load(&second, &run).await.expect("reads");
        write(&second, &newer, &mut journal).await.expect("goes on");
    });
}

#[test]
fn a_renewed_lock_does_not_lapse() {
    block(async {
        let weather = Weather::fair();
        let (first, second) = (process(&weather), process(&weather));
        let lease = first.acquire(&holder("aaa-1")).await.expect("free");
        for _ in 0..20 {
            weather.pass(14);
            first.renew(&lease).await.expect("keeps");
            let held = second.acquire(&holder("bbb-2")).await;
            assert!(matches!(held, Err(StoreError::Locked(Some(_)))));
        }
        let before = weather.writes();
        first.renew(&lease).await.expect("keeps");
        assert_eq!(
            weather.writes(),
            before,
            "a renewal that is not due costs nothing"
        );
    });
}

#[test]
fn a_write_that_lands_after_the_lock_has_moved_is_not_believed() {
    block(async {
        let weather = Weather::fair();
        let (first, second) = (process(&weather), process(&weather));
        let lease = first.acquire(&holder("aaa-1")).await.expect("free");
        let mut journal = opened(&first, &lease, "aaa-1").await;
        let before = bytes(&first, "aaa-1").await;
        // The operator takes the lock while the first is about to write.
        let newer = second
            .break_lock(&"aaa-1".parse().expect("a run's id"), &holder("aaa-1"))
            .await
            .expect("breaks");
        let run = "aaa-1".parse().expect("a run's id");
        let mut theirs = RunJournal::load(&second, &run).await.expect("reads");
        let fenced = write(&first, &lease, &mut journal).await;
        assert!(
            matches!(fenced, Err(StoreError::Fenced { .. })),
            "{fenced:?}"
        );
        // The write is there, and the next of the one who has the lock takes its place.
        assert!(bytes(&second, "aaa-1").await.len() > before.len());
        write(&second, &newer, &mut theirs).await.expect("goes on");
        let contents = RunJournal::load(&second, &run).await.expect("is whole");
        assert_eq!(contents.progress(), theirs.progress());
        let mut read = RunJournal::load(&first, &run).await.expect("reads");
        let again = write(&first, &lease, &mut read);
        assert!(matches!(again.await, Err(StoreError::Fenced { .. })));
    });
}

#[test]
fn lost_answers_change_nothing() {
    for lost in [Lost::Before, Lost::After, Lost::AfterAndRepeated] {
        // Every write in turn loses its answer.
        for nth in 0..12 {
            block(async {
                let weather = Weather::fair();
                let store = process(&weather);
                weather.lose(nth, lost);
                let lease = store.acquire(&holder("aaa-1")).await.expect("free");
                let mut journal = opened(&store, &lease, "aaa-1").await;
                write(&store, &lease, &mut journal).await.expect("appends");
                weather.pass(20);
                store.renew(&lease).await.expect("keeps");
                write(&store, &lease, &mut journal).await.expect("appends");
                let run = journal.run().clone();
                let read = RunJournal::load(&store, &run).await.expect("is whole");
                assert_eq!(read.progress(), journal.progress(), "{lost:?} {nth}");
                store.release(lease).await.expect("gives back");
                assert!(store.holder().await.expect("looks").is_none());
            });
        }
    }
}

#[test]
fn a_store_that_is_gone_ends_the_run() {
    block(async {
        let weather = Weather::fair();
        let store = process(&weather);
        let lease = store.acquire(&holder("aaa-1")).await.expect("free");
        let mut journal = opened(&store, &lease, "aaa-1").await;
        weather.gone(true);
        assert!(write(&store, &lease, &mut journal).await.is_err());
        weather.gone(false);
        let poisoned = write(&store, &lease, &mut journal).await;
        assert!(matches!(poisoned, Err(StoreError::Poisoned)));
    });
}

#[test]
fn damage_is_not_read_over() {
    block(async {
        let weather = Weather::fair();
        let store = process(&weather);
        let lease = store.acquire(&holder("aaa-1")).await.expect("free");
        let mut journal = opened(&store, &lease, "aaa-1").await;
        write(&store, &lease, &mut journal).await.expect("appends");
        store.release(lease).await.expect("gives back");
        let run = journal.run().clone();
        let second = format!("state/shop/runs/{run}/{:020}.jsonl", 2);
        let piece = weather.read(&second).await;
        let damaged = async |what: &str| {
            let read = process(&weather).journal(&run).await;
            assert!(
                matches!(read, Err(StoreError::Damaged { .. })),
                "{what}: {read:?}"
            );
        };
        let short = piece[..piece.len() - 1].to_vec();
        let mut flipped = piece.clone();
        flipped[piece.len() / 2] ^= 1;
        for (what, bytes) in [("empty", vec![]), ("short", short), ("flipped", flipped)] {
            weather.write(&second, bytes).await;
            damaged(what).await;
        }
        weather.write(&second, piece).await;
        weather
            .remove(&second.replace("02.jsonl", "01.jsonl"))
            .await;
        damaged("a piece is missing").await;
    });
}

#[test]
fn a_lost_lock_is_not_taken_for_a_new_store() {
    block(async {
        let weather = Weather::fair();
        let store = process(&weather);
        let lease = store.acquire(&holder("aaa-1")).await.expect("free");
        opened(&store, &lease, "aaa-1").await;
        weather.remove("state/shop/lock.json").await;
        let lost = process(&weather).acquire(&holder("bbb-2")).await;
        assert!(matches!(lost, Err(StoreError::Damaged { .. })), "{lost:?}");
        weather.write("state/shop/lock.json", b"{}".to_vec()).await;
        let garbled = process(&weather).acquire(&holder("bbb-2")).await;
        assert!(matches!(garbled, Err(StoreError::Damaged { .. })));
    });
}

#[test]
fn one_of_many_gets_the_lock() {
    block(async {
        let weather = Weather::fair();
        let processes: Vec<SharedStore> = (0..8).map(|_| process(&weather)).collect();
        let by = holder("aaa-1");
        let tries = processes.iter().map(|store| store.acquire(&by));
        let tries = futures_util::future::join_all(tries).await;
        assert_eq!(tries.iter().filter(|it| it.is_ok()).count(), 1, "{tries:?}");
    });
}
