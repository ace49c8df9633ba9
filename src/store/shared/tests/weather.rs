//! Objects in memory with the test's own dates, and answers that are lost when the test says so.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::CopyOptions;
use object_store::Error;
use object_store::GetOptions;
use object_store::GetResult;
use object_store::ListResult;
use object_store::MultipartUpload;
use object_store::ObjectMeta;
use object_store::ObjectStore;
use object_store::ObjectStoreExt as _;
use object_store::PutMultipartOptions;
use object_store::PutOptions;
use object_store::PutPayload;
use object_store::PutResult;
use object_store::Result;
use object_store::memory::InMemory;
use object_store::path::Path;

/// When the answer to a write is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The write was not done.
    Before,
    /// It was done.
    After,
    /// It was done, and the client below did it again and tells what came of that.
    AfterAndRepeated,
}

/// The objects.
#[derive(Debug)]
pub(super) struct Weather {
    objects: InMemory,
    seconds: AtomicU64,
    dates: Mutex<BTreeMap<Path, u64>>,
    writes: AtomicU64,
    lost: Mutex<Option<(u64, Lost)>>,
    gone: AtomicBool,
}

impl Weather {
    pub(super) fn fair() -> Arc<Self> {
        Arc::new(Self {
            objects: InMemory::new(),
            seconds: AtomicU64::new(0),
            dates: Mutex::default(),
            writes: AtomicU64::new(0),
            lost: Mutex::default(),
            gone: AtomicBool::new(false),
        })
    }

    pub(super) fn pass(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, SeqCst);
    }

    pub(super) fn elapsed(&self) -> Duration {
        Duration::from_secs(self.seconds.load(SeqCst))
    }

    /// How many writes there were.
    pub(super) fn writes(&self) -> u64 {
        self.writes.load(SeqCst)
    }

    /// The answer to that write, counted from 0, is lost.
    pub(super) fn lose(&self, nth: u64, lost: Lost) {
        *self.lost.lock().expect("whole") = Some((nth, lost));
    }

    pub(super) fn gone(&self, gone: bool) {
        self.gone.store(gone, SeqCst);
    }

    pub(super) async fn read(&self, path: &str) -> Vec<u8> {
        let found = self.objects.get(&Path::from(path)).await.expect("is there");
        found.bytes().await.expect("reads").to_vec()
    }

    pub(super) async fn write(&self, path: &str, bytes: Vec<u8>) {
        let path = Path::from(path);
        let put = self.objects.put(&path, bytes.into());
        put.await.expect("writes");
    }

    pub(super) async fn remove(&self, path: &str) {
        let gone = self.objects.delete(&Path::from(path)).await;
        gone.expect("removes");
    }

    fn reached(&self) -> Result<()> {
        if self.gone.load(SeqCst) {
            return Err(no_answer());
        }
        Ok(())
    }

    fn dated(&self, mut meta: ObjectMeta) -> ObjectMeta {
        let dates = self.dates.lock().expect("whole");
        let seconds = dates.get(&meta.location).copied().unwrap_or_default();
        let zero = std::time::SystemTime::UNIX_EPOCH;
        meta.last_modified = (zero + Duration::from_secs(seconds)).into();
        meta
    }
}

fn no_answer() -> Error {
    Error::Generic {
        store: "weather",
        source: "no answer".into(),
    }
}

impl fmt::Display for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("weather")
    }
}

#[async_trait]
impl ObjectStore for Weather {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.reached()?;
        let nth = self.writes.fetch_add(1, SeqCst);
        let lost = *self.lost.lock().expect("whole");
        let lost = lost.filter(|(at, _)| *at == nth).map(|(_, lost)| lost);
        if lost == Some(Lost::Before) {
            return Err(no_answer());
        }
        let put = self
            .objects
            .put_opts(location, payload.clone(), opts.clone())
            .await?;
        let now = self.seconds.load(SeqCst);
        self.dates
            .lock()
            .expect("whole")
            .insert(location.clone(), now);
        match lost {
            Some(Lost::After) => Err(no_answer()),
            Some(_) => self.objects.put_opts(location, payload, opts).await,
            None => Ok(put),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.objects.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.reached()?;
        let mut found = self.objects.get_opts(location, options).await?;
        found.meta = self.dated(found.meta);
        Ok(found)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.objects.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list(prefix).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.reached()?;
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.objects.copy_opts(from, to, options).await
    }
}
