//! Files beneath one folder's descriptor: no symbolic links, private, replaced as a whole.

use std::fs::File;
use std::io::Read as _;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rustix::fs::AtFlags;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::store::StoreError;

/// Larger files are not read: nothing that the store writes comes near.
const LARGEST: u64 = 1 << 32;

const PRIVATE_FILE: Mode = Mode::RUSR.union(Mode::WUSR);
const PRIVATE_FOLDER: Mode = Mode::RWXU;

/// A folder, open.
#[derive(Debug)]
pub(super) struct Folder {
    fd: OwnedFd,
    name: String,
}

impl Folder {
    /// Opens the folder at a path and creates it if it is missing; its parent must exist.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let io = |action: &'static str| failed(action, &name);
        match rustix::fs::mkdir(path, PRIVATE_FOLDER) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(io("create")(errno)),
        }
        let fd = rustix::fs::open(path, folder_flags(), Mode::empty()).map_err(io("open"))?;
        Ok(Self { fd, name })
    }

    /// Opens a folder in this one and creates it if it is missing.
    pub(super) fn sub(&self, name: &str) -> Result<Self, StoreError> {
        let path = self.path(name);
        match rustix::fs::mkdirat(&self.fd, name, PRIVATE_FOLDER) {
            Ok(()) => self.sync()?,
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(failed("create", &path)(errno)),
        }
        let fd = rustix::fs::openat(&self.fd, name, folder_flags(), Mode::empty())
            .map_err(failed("open", &path))?;
        Ok(Self { fd, name: path })
    }

    /// The names of all files, in order.
    pub(super) fn names(&self) -> Result<Vec<String>, StoreError> {
        let entries = rustix::fs::Dir::read_from(&self.fd).map_err(failed("list", &self.name))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed("list", &self.name))?;
            if let Ok(name) = entry.file_name().to_str()
                && !name.starts_with('.')
            {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// A file's content; `None` where there is no file.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(name);
        let flags = OFlags::RDONLY;
        let Some(mut file) = self.open_file(name, flags)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let read = (&mut file).take(LARGEST).read_to_end(&mut bytes);
        read.map_err(|source| io_failed("read", &path, source))?;
        Ok(Some(bytes))
    }

    /// Creates a file with its content, durably; it must not exist.
    pub(super) fn create(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        if rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
            let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(io_failed("create", &self.path(name), source));
        }
        self.replace(name, bytes)
    }

    /// Puts a file in place with its content, durably and as a whole: a crash leaves the old one
    /// or the new one.
    pub(super) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(name);
        plain(name)?;
        let temporary = format!(".{name}.{}", std::process::id());
        let written = self.write_new(&temporary, bytes);
        if let Err(error) = written {
            // What is left of it is of no use; if it cannot be removed, it does no harm either.
            let _ = rustix::fs::unlinkat(&self.fd, &temporary, AtFlags::empty());
            return Err(error);
        }
        rustix::fs::renameat(&self.fd, &temporary, &self.fd, name)
            .map_err(failed("replace", &path))?;
        self.sync()
    }

    /// Writes at the end of the first `length` bytes of a file and cuts off the rest, durably.
    pub(super) fn write_at(&self, name: &str, length: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(name);
        let Some(file) = self.open_file(name, OFlags::WRONLY)? else {
            let why = "it is gone while the run goes on".to_owned();
            return Err(StoreError::Damaged { file: path, why });
        };
        let io = |action: &'static str| {
            let path = path.clone();
            move |source| io_failed(action, &path, source)
        };
        let size = file.metadata().map_err(io("look at"))?.len();
        if size < length {
            let why = format!("it has {size} bytes, and {length} were written");
            return Err(StoreError::Damaged { file: path, why });
        }
        if size > length {
            file.set_len(length).map_err(io("cut"))?;
        }
        file.write_all_at(bytes, length).map_err(io("write"))?;
        file.sync_data().map_err(io("write"))
    }

    /// Opens a file for reading and writing and creates it, empty, if it is missing.
    pub(super) fn open_or_create(&self, name: &str) -> Result<File, StoreError> {
        let flags = OFlags::RDWR | OFlags::CREATE | file_flags();
        let path = self.path(name);
        let fd = rustix::fs::openat(&self.fd, name, flags, PRIVATE_FILE)
            .map_err(failed("open", &path))?;
        regular(File::from(fd), &path)
    }

    /// Opens a file; `None` where there is none.
    pub(super) fn open_file(&self, name: &str, flags: OFlags) -> Result<Option<File>, StoreError> {
        plain(name)?;
        let path = self.path(name);
        match rustix::fs::openat(&self.fd, name, flags | file_flags(), Mode::empty()) {
            Ok(fd) => regular(File::from(fd), &path).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(failed("open", &path)(errno)),
        }
    }

    /// Gives a file another name, over whatever had it.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), StoreError> {
        let path = self.path(to);
        rustix::fs::renameat(&self.fd, from, &self.fd, to).map_err(failed("replace", &path))?;
        self.sync()
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<(), StoreError> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(failed("remove", &self.path(name))(errno)),
        }
    }

    /// Which file a name stands for now: device and inode.
    pub(super) fn identity(&self, name: &str) -> Option<(u64, u64)> {
        let stat = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some((stat.st_dev, stat.st_ino))
    }

    /// How messages call a file of the folder.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.name)
    }

    fn write_new(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(name);
        self.remove(name)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | file_flags();
        let fd = rustix::fs::openat(&self.fd, name, flags, PRIVATE_FILE)
            .map_err(failed("create", &path))?;
        let mut file = File::from(fd);
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(|source| io_failed("write", &path, source))
    }

    fn sync(&self) -> Result<(), StoreError> {
        rustix::fs::fsync(&self.fd).map_err(failed("write", &self.name))
    }
}

/// An I/O failure on a file.
pub(super) fn io_failed(action: &'static str, file: &str, source: std::io::Error) -> StoreError {
    StoreError::Io {
        action,
        file: file.to_owned(),
        source,
    }
}

/// The same, from an error number.
pub(super) fn failed(action: &'static str, file: &str) -> impl Fn(Errno) -> StoreError {
    let file = file.to_owned();
    move |errno| io_failed(action, &file, errno.into())
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

/// `NONBLOCK`, so that a pipe that was put in a file's place cannot make us wait.
fn file_flags() -> OFlags {
    OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK
}

/// Only a regular file with one name is ours: a second name could belong to something else.
fn regular(file: File, path: &str) -> Result<File, StoreError> {
    let stat = rustix::fs::fstat(&file).map_err(failed("look at", path))?;
    let why = if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        "it is not a regular file"
    } else if stat.st_nlink > 1 {
        "it has a second name"
    } else {
        return Ok(file);
    };
    Err(StoreError::Damaged {
        file: path.to_owned(),
        why: why.to_owned(),
    })
}

/// A name is one part of a path and no hidden one.
fn plain(name: &str) -> Result<(), StoreError> {
    let bad = |c: char| c == '/' || c.is_control();
    if name.is_empty() || name.starts_with('.') || name.contains(bad) {
        let name = name.escape_debug();
        return Err(StoreError::NotNow(format!("`{name}` is no file's name")));
    }
    Ok(())
}
