//! Microsoft's emulator of Azure Storage, from npm, for the length of a test.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use stampctl::store::shared::place::Settings;

const PACKAGE: &str = "azurite@3.35.0";

/// The account that every Azurite has, and its key. Both are published.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// How long an installation may take, in seconds, and how long an emulator may live.
const INSTALLATION: &str = "240";
const LIFE: &str = "300";

/// Creates a container; the store's client cannot.
const CREATE: &str = "
const [port, account, key, name] = process.argv.slice(1);
const date = new Date().toUTCString(), version = '2021-08-06';
const path = `/${account}/${name}`;
const text = ['PUT', ...Array(11).fill(''), `x-ms-date:${date}`, `x-ms-version:${version}`,
  `/${account}${path}`, 'restype:container'].join('\\n');
const mac = require('crypto').createHmac('sha256', Buffer.from(key, 'base64'));
const headers = { 'x-ms-date': date, 'x-ms-version': version, 'content-length': 0,
  authorization: `SharedKey ${account}:${mac.update(text).digest('base64')}` };
const options = { host: '127.0.0.1', port, path: path + '?restype=container', method: 'PUT', headers };
require('http').request(options, (answer) => {
  answer.resume();
  answer.on('end', () => process.exit(answer.statusCode === 201 ? 0 : 1));
}).end();
";

/// A running emulator. Dropping it ends it.
pub(crate) struct Azurite {
    process: Child,
    port: u16,
}

impl Azurite {
    /// Starts one with an empty container of that name. `None`, and a loud word, where it cannot
    /// be had.
    pub(crate) fn start(container: &str) -> Option<Self> {
        let program = match program() {
            Ok(program) => program,
            Err(why) => {
                // The test harness keeps what is printed; this is to be seen.
                let mut loud = std::io::stderr();
                let _ = writeln!(loud, "SKIPPED: nothing was tested on Azurite: {why}");
                return None;
            }
        };
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let process = Command::new("timeout")
            .args([LIFE, "node"])
            .arg(program)
            .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()])
            .args(["--inMemoryPersistence", "--silent"])
            .args(["--skipApiVersionCheck", "--disableTelemetry"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        let azurite = Self { process, port };
        let up = (0..600).any(|_| {
            sleep(Duration::from_millis(50));
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(up, "Azurite does not listen");
        let created = Command::new("node")
            .args(["-e", CREATE, &port.to_string(), ACCOUNT, KEY, container])
            .status()
            .expect("runs");
        assert!(created.success(), "the container was not created");
        Some(azurite)
    }

    /// What an operator's environment says.
    pub(crate) fn settings(&self) -> Settings {
        let endpoint = format!("http://127.0.0.1:{}/{ACCOUNT}", self.port);
        let pairs = [
            ("AZURE_STORAGE_ENDPOINT", endpoint),
            ("AZURE_STORAGE_ACCOUNT_KEY", KEY.to_owned()),
        ];
        Settings(pairs.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// The container as `--store` takes it.
    pub(crate) fn place(container: &str) -> String {
        format!("azblob://{ACCOUNT}/{container}")
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        // `timeout` hands on what can be handled, and only that.
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.process.wait();
    }
}

/// The emulator's program, installed if it is not there yet.
fn program() -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .ok_or("there is no folder for it")?;
    let home = target.join("azurite");
    let program = home.join("node_modules/.bin/azurite-blob");
    if program.exists() {
        return Ok(program);
    }
    // Installed aside and moved, so that nobody starts half of it.
    let aside = target.join(format!("azurite.{}", std::process::id()));
    fs::create_dir_all(&aside).map_err(|fault| fault.to_string())?;
    let installed = Command::new("timeout")
        .args([INSTALLATION, "npm", "install", "--no-audit", "--no-fund"])
        .arg("--prefix")
        .arg(&aside)
        .arg(PACKAGE)
        .stdin(Stdio::null())
        .output()
        .map_err(|fault| format!("npm cannot be run: {fault}"))?;
    if installed.status.success() {
        // Where somebody else was faster, theirs is as good.
        let _ = fs::rename(&aside, &home);
    }
    let _ = fs::remove_dir_all(&aside);
    if program.exists() {
        Ok(program)
    } else {
        let said = String::from_utf8_lossy(&installed.stderr);
        Err(format!("npm install {PACKAGE}: {}", said.trim()))
    }
}
