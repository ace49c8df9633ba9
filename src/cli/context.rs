//! What surrounds the program: environment, terminal, account, clock. The only reader of
//! any of them.

use std::env;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

use crate::store::Who;

/// Where nothing is known of the terminal.
const USUAL_WIDTH: usize = 100;

/// The environment variable that names the operator's trust file.
pub(super) const TRUST: &str = "STAMPCTL_TRUST";

/// The environment variable that says how many must approve at least.
pub(super) const MIN_APPROVALS: &str = "STAMPCTL_MIN_APPROVALS";

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

/// A moment on this machine's clock, for what people wait through. The cloud's time is another.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the machine's clock is read"
)]
pub(super) fn moment() -> Instant {
    Instant::now()
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
