//! `approve`: a signature over what a plan does, by whoever may say yes to it.

use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use super::args::quoted;
use super::cloud;
use super::context::Context;
use super::exit::Exit;
use super::load;
use super::outfile;
use super::plan_file;
use super::planning;
use super::stop::Stop;
use super::ui::Ui;
use crate::approve;
use crate::approve::SignError;

/// What `approve` takes.
#[derive(Args, Debug)]
pub(super) struct ApproveArgs {
    /// The plan file
    plan: PathBuf,
    /// The private key, as ssh-keygen writes it; without it the statement to sign is printed
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A file with the passphrase of an encrypted key
    #[arg(long, value_name = "FILE", requires = "key")]
    passphrase_file: Option<PathBuf>,
    /// Who approves, as the trust file names them; the account where nothing is said
    #[arg(long = "as", value_name = "PRINCIPAL")]
    principal: Option<String>,
    /// Where the approval is written; `.stampctl/approvals` beside the fleet where nothing is said
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The fleet; the folder of the plan file if it holds one, else the current folder
    #[arg(long, value_name = "PATH")]
    fleet: Option<PathBuf>,
}

/// Shows the statement and signs it.
pub(super) fn run(args: &ApproveArgs, context: &Context, ui: &Ui) -> Result<Exit, Stop> {
    let file = plan_file::read(&args.plan)?;
    if let Some(broken) = file.broken(&args.plan) {
        return Err(broken);
    }
    if let Some(refused) = planning::judge(&file.plan, ui) {
        return Err(refused);
    }
    let statement = approve::statement(&file.plan);
    let Some(key) = &args.key else {
        // What goes to `ssh-keygen -Y sign` must have these bytes and no others.
        ui.data(&statement);
        ui.help(&format!(
            "sign it with `--key FILE`, or pipe it into `ssh-keygen -Y sign -n {} -f KEY`",
            approve::NAMESPACE
        ));
        return Ok(Exit::Done);
    };
    ui.say(statement.trim_end());
    let secret = outfile::read(key)?;
    let passphrase = args.passphrase_file.as_deref().map(read_line).transpose()?;
    let signature = approve::sign(&file.plan, &secret, passphrase.as_deref())
        .map_err(|fault| not_signed(&fault, key))?;
    let principal = args.principal.as_deref().unwrap_or(&context.user);
    let beside_fleet = || {
        let usual = || plan_file::usual_fleet(&args.plan);
        let fleet = args.fleet.clone().unwrap_or_else(usual);
        cloud::own_folder(&load::root(&fleet)).join("approvals")
    };
    let folder = args.out.clone().unwrap_or_else(beside_fleet);
    std::fs::create_dir_all(&folder)
        .map_err(|fault| Stop::error(format!("cannot make {}: {fault}", folder.display())))?;
    let path = folder.join(approve::file_name(&file.plan.seal.digest, principal));
    outfile::write(&path, signature.as_bytes())?;
    ui.line(&format!("{}", path.display()));
    let plan = quoted(&args.plan.display().to_string());
    let fleet = args
        .fleet
        .as_ref()
        .map(|fleet| format!(" --fleet {}", quoted(&fleet.display().to_string())));
    let approvals = args
        .out
        .as_ref()
        .map(|folder| format!(" --approvals {}", quoted(&folder.display().to_string())));
    ui.say(&format!(
        "next: stampctl apply {plan}{}{} --trust FILE",
        fleet.unwrap_or_default(),
        approvals.unwrap_or_default()
    ));
    Ok(Exit::Done)
}

/// The first line of a file, without its end.
fn read_line(path: &Path) -> Result<Vec<u8>, Stop> {
    let bytes = outfile::read(path)?;
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next();
    Ok(line.unwrap_or_default().to_vec())
}

fn not_signed(fault: &SignError, key: &Path) -> Stop {
    let stop = Stop::error(format!("{}: {fault}", key.display()));
    match fault {
        SignError::NeedsPassphrase => stop.help("give it with `--passphrase-file FILE`"),
        SignError::Unreadable(_) => stop.help("name the private key, not the `.pub` file"),
        SignError::WrongPassphrase | SignError::Rsa | SignError::Unusable(_) => stop,
    }
}
