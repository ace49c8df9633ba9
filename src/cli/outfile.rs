//! Files that are written for people and programs: whole or not at all, readable by their owner
//! alone, never through a symbolic link.

use std::fs;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::OFlags;

use super::stop::Stop;

/// The largest file that is read whole: a plan of a million tenants fits many times.
const LARGEST: u64 = 4 << 30;

/// Writes a file in one step: another process sees the old content or the new, never a part.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    let mut begun = Begun::new(path)?;
    begun.add(bytes)?;
    begun.end()
}

/// A file that is being written beside the place where it will stand.
pub(super) struct Begun {
    path: PathBuf,
    folder: PathBuf,
    file: tempfile::NamedTempFile,
}

impl Begun {
    /// Begins a file that nobody sees yet, with mode 0600.
    pub(super) fn new(path: &Path) -> Result<Self, Stop> {
        may_be_written(path)?;
        let folder = folder_of(path);
        let file =
            tempfile::NamedTempFile::new_in(&folder).map_err(|fault| unwritten(path, &fault))?;
        Ok(Self {
            path: path.to_owned(),
            folder,
            file,
        })
    }

    /// Appends these bytes.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let added = self.file.write_all(bytes);
        added.map_err(|fault| unwritten(&self.path, &fault))
    }

    /// Puts the file where it belongs, whole and durable.
    pub(super) fn end(self) -> Result<(), Stop> {
        let Self { path, folder, file } = self;
        let put = || -> io::Result<()> {
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|fault| fault.error)?;
            fs::File::open(&folder)?.sync_all()
        };
        put().map_err(|fault| unwritten(&path, &fault))
    }
}

fn unwritten(path: &Path, fault: &io::Error) -> Stop {
    Stop::error(format!("cannot write {}: {fault}", path.display()))
}

/// Replaces a file in one step and keeps who may read it.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    may_be_written(path)?;
    let folder = folder_of(path);
    let put = || -> io::Result<()> {
        let permissions = fs::metadata(path)?.permissions();
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        file.write_all(bytes)?;
        file.as_file().set_permissions(permissions)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|fault| fault.error)?;
        Ok(())
    };
    put().map_err(|fault| unwritten(path, &fault))
}

/// An empty file that grows as it is written, for who reads along.
pub(super) fn stream(path: &Path) -> Result<fs::File, Stop> {
    may_be_written(path)?;
    opened(path).map_err(|fault| unwritten(path, &fault))
}

/// Opens what stands there now: a link that took the file's place since it was looked at is not
/// followed, and a pipe is not waited for. Only then is it emptied.
fn opened(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    file.set_len(0)?;
    Ok(file)
}

/// Refuses what is there and is no regular file of its own.
fn may_be_written(path: &Path) -> Result<(), Stop> {
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_symlink() => {
            return Err(Stop::error(format!(
                "cannot write {}: it is a symbolic link",
                path.display()
            ))
            .help("name the file itself, or remove the link"));
        }
        Ok(there) if !there.is_file() => {
            return Err(Stop::error(format!(
                "cannot write {}: it is no regular file",
                path.display()
            ))
            .help(
                "name a file; `-` is not understood, data goes to standard output without `--out`",
            ));
        }
        Ok(_) => {}
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
        Err(fault) => {
            return Err(unwritten(path, &fault));
        }
    }
    Ok(())
}

/// Writes a file with the permissions that files usually get, only where there is none.
pub(super) fn create(path: &Path, text: &str) -> Result<(), Stop> {
    let put = || -> io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    put().map_err(|fault| unwritten(path, &fault))
}

/// Reads a regular file whole.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Stop> {
    let failed =
        |fault: &io::Error| Stop::error(format!("cannot read {}: {fault}", path.display()));
    // Opening a pipe would wait for its other end.
    let there = fs::metadata(path).map_err(|fault| failed(&fault))?;
    if !there.is_file() || there.len() > LARGEST {
        let what = if there.is_file() {
            "is too large"
        } else {
            "is no regular file"
        };
        return Err(Stop::error(format!(
            "cannot read {}: it {what}",
            path.display()
        )));
    }
    let file = fs::File::open(path).map_err(|fault| failed(&fault))?;
    let mut bytes = Vec::new();
    file.take(LARGEST)
        .read_to_end(&mut bytes)
        .map_err(|fault| failed(&fault))?;
    Ok(bytes)
}

/// The folder that a file lies in.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_its_owners_alone_and_no_link_is_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("plan.json");
        write(&file, b"one").expect("written");
        write(&file, b"two").expect("written again");
        assert_eq!(read(&file), Ok(b"two".to_vec()));
        let mode = fs::metadata(&file).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let link = folder.path().join("link.json");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        assert!(write(&link, b"three").is_err());
        assert_eq!(read(&file), Ok(b"two".to_vec()));
        assert!(stream(&link).is_err());
        assert_eq!(read(&file), Ok(b"two".to_vec()));
        assert!(write(folder.path(), b"four").is_err());
        assert!(read(folder.path()).is_err());
    }
    /// Another process may put a link there between the look and the opening.
    #[test]
    fn what_takes_a_files_place_after_the_look_is_not_written_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("events.jsonl");
        write(&file, b"before").expect("written");
        let link = folder.path().join("link.jsonl");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        let fault = opened(&link).expect_err("a link");
        assert_eq!(
            fault.raw_os_error(),
            Some(rustix::io::Errno::LOOP.raw_os_error())
        );
        assert_eq!(read(&file), Ok(b"before".to_vec()));
        let nowhere = folder.path().join("nowhere.jsonl");
        std::os::unix::fs::symlink(folder.path().join("new"), &nowhere).expect("a link");
        assert!(opened(&nowhere).is_err());
        assert!(!folder.path().join("new").exists());
        let pipe = folder.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).expect("a pipe");
        assert!(opened(&pipe).is_err());
        stream(&file)
            .expect("opened")
            .write_all(b"now")
            .expect("written");
        assert_eq!(read(&file), Ok(b"now".to_vec()));
    }
}
