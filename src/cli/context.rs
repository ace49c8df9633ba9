//! What surrounds the program: environment, terminal, account, clock. The only reader of
//! any of them.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

use crate::store::Who;
use crate::store::shared::place;
use crate::store::shared::place::Settings;

/// Where nothing is known of the terminal.
const USUAL_WIDTH: usize = 100;

/// The environment variable that names the operator's trust file.
pub(super) const TRUST: &str = "STAMPCTL_TRUST";

/// The environment variable that says how many must approve at least.
pub(super) const MIN_APPROVALS: &str = "STAMPCTL_MIN_APPROVALS";

/// The environment variable that says where lock and journal are.
pub(super) const STORE: &str = "STAMPCTL_STORE";

/// The environment variable that shortens the lease of a shared lock, for tests.
const LEASE_SECONDS: &str = "STAMPCTL_LEASE_SECONDS";

/// What surrounds the program, read once when it starts.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about the terminal"
)]
pub(super) struct Context {
    /// Whether a person can be asked.
    pub stdin_is_terminal: bool,
    /// Whether talk goes to a terminal.
    pub stderr_is_terminal: bool,
    /// Whether data has colours.
    pub stdout_colour: bool,
    /// Whether talk has colours.
    pub stderr_colour: bool,
    /// Whether the terminal can draw more than ASCII.
    pub unicode: bool,
    /// Columns of a line of text.
    pub width: usize,
    /// The account.
    pub user: String,
    /// The machine.
    pub host: String,
    /// This process.
    pub pid: u32,
    /// The operator's trust file, from [`TRUST`].
    pub trust: Option<PathBuf>,
    /// How many must approve at least, from [`MIN_APPROVALS`], as it was written.
    pub min_approvals: Option<String>,
    /// Where lock and journal are, from [`STORE`].
    pub store: Option<String>,
    /// How that place is reached.
    pub store_settings: Settings,
    /// The lease of a shared lock, from [`LEASE_SECONDS`].
    pub lease_seconds: Option<u64>,
}

impl Context {
    /// Reads the surroundings.
    pub(super) fn read() -> Self {
        let stdout_is_terminal = std::io::stdout().is_terminal();
        let stderr_is_terminal = std::io::stderr().is_terminal();
        let colours = Colours::read();
        Self {
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stderr_is_terminal,
            stdout_colour: colours.on(stdout_is_terminal),
            stderr_colour: colours.on(stderr_is_terminal),
            unicode: unicode(),
            width: width(stdout_is_terminal),
            user: user(),
            host: host(),
            pid: std::process::id(),
            trust: said(TRUST).map(PathBuf::from),
            min_approvals: text(MIN_APPROVALS),
            store: text(STORE),
            store_settings: store_settings(),
            lease_seconds: text(LEASE_SECONDS).and_then(|seconds| seconds.parse().ok()),
        }
    }

    /// This process, as locks and journals name it.
    pub(super) fn who(&self) -> Who {
        Who {
            pid: self.pid,
            host: self.host.clone(),
            user: self.user.clone(),
        }
    }
}

/// Those of the variables that are set to something.
pub(super) fn variables(names: &[&str]) -> BTreeMap<String, String> {
    names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), text(name)?)))
        .collect()
}

/// This machine's time of day, which a real cloud shares.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the machine's clock is read"
)]
pub(super) fn wall_time() -> Timestamp {
    Timestamp::now()
}

/// A moment on this machine's clock, for what people wait through. The cloud's time is another.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the machine's clock is read"
)]
pub(super) fn moment() -> Instant {
    Instant::now()
}

/// How long it has been since the machine was started, its sleep included: a lock lapses while
/// its holder sleeps.
pub(super) fn awake_and_asleep() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = rustix::time::ClockId::Monotonic;
    let time = rustix::time::clock_gettime(clock);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), nanoseconds)
}

/// The environment's words on colour.
#[derive(Clone, Copy)]
struct Colours {
    never: bool,
    always: bool,
}

impl Colours {
    fn read() -> Self {
        let dumb = text("TERM").is_some_and(|term| term == "dumb");
        let forced = text("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        Self {
            never: said("NO_COLOR").is_some() || (dumb && !forced),
            always: forced,
        }
    }

    fn on(self, terminal: bool) -> bool {
        !self.never && (self.always || terminal)
    }
}

/// A variable that is set to something.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
fn said(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn text(name: &str) -> Option<String> {
    said(name).and_then(|value| value.into_string().ok())
}

fn store_settings() -> Settings {
    let names = place::SETTINGS.iter();
    let said = names.filter_map(|name| Some(((*name).to_owned(), text(name)?)));
    Settings(said.collect())
}

fn unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text);
    // A pipeline often has no locale, and its log viewer draws UTF-8.
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

fn width(terminal: bool) -> usize {
    let said = text("COLUMNS").and_then(|columns| columns.parse::<usize>().ok());
    let size = || {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
        (terminal && size.ws_col > 0).then_some(usize::from(size.ws_col))
    };
    said.filter(|columns| *columns > 0)
        .or_else(size)
        .unwrap_or(USUAL_WIDTH)
}

fn user() -> String {
    let named = ["USER", "LOGNAME"].into_iter().find_map(text);
    named.unwrap_or_else(|| format!("uid-{}", rustix::process::getuid().as_raw()))
}

fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_colour_wins_over_forced_colour() {
        let quiet = Colours {
            never: true,
            always: true,
        };
        assert!(!quiet.on(true));
        let forced = Colours {
            never: false,
            always: true,
        };
        assert!(forced.on(false));
        let plain = Colours {
            never: false,
            always: false,
        };
        assert!(plain.on(true) && !plain.on(false));
    }
}
