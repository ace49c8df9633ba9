//! `approve`: a signature over what a plan does, by whoever may say yes to it.

use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use super::args::quoted;
use super::cloud;
use super::context::Context;
use super::exit::Exit;
use super::home::StoreArgs;
use super::load;
use super::outfile;
use super::plan_file;
use super::planning;
use super::stop::Stop;
use super::stopping::store_stop;
use super::ui::Ui;
use crate::approve;
use crate::approve::SignError;
use crate::store::Store as _;
use crate::verify;

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
    #[command(flatten)]
    store: StoreArgs,
}

/// Shows the statement and signs it.
pub(super) fn run(args: &ApproveArgs, context: &Context, ui: &Ui) -> Result<Exit, Stop> {
    let file = plan_file::read(&args.plan)?;
    if let Some(broken) = file.broken(&args.plan) {
        return Err(broken);
    }
    let violations = verify::verify(&file.plan);
    if let Some(refused) = planning::refusal(&file.plan, &violations, ui) {
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
    let name = approve::file_name(&file.plan.seal.digest, principal);
    let fleet = file.plan.body.fleet.as_ref();
    let shared = match &args.out {
        Some(_) => None,
        None => args.store.shared(fleet, context)?,
    };
    if let Some(store) = shared {
        planning::block_on(store.put_approval(&name, signature.as_bytes()))?
            .map_err(|fault| store_stop(&fault))?;
        ui.line(&name);
    } else {
        let folder = args.out.clone().unwrap_or_else(|| beside_fleet(args));
        std::fs::create_dir_all(&folder)
            .map_err(|fault| Stop::error(format!("cannot make {}: {fault}", folder.display())))?;
        let path = folder.join(name);
        outfile::write(&path, signature.as_bytes())?;
        ui.line(&format!("{}", path.display()));
    }
    ui.say(&format!("next: {}", next(args)));
    Ok(Exit::Done)
}

/// Where approvals are that stay with the fleet.
fn beside_fleet(args: &ApproveArgs) -> PathBuf {
    let usual = || plan_file::usual_fleet(&args.plan);
    let fleet = args.fleet.clone().unwrap_or_else(usual);
    cloud::own_folder(&load::root(&fleet)).join("approvals")
}

/// The command that applies the plan.
fn next(args: &ApproveArgs) -> String {
    let flag = |flag: &str, path: Option<&Path>| {
        let path = path.map(|path| quoted(&path.display().to_string()));
        path.map_or_else(String::new, |path| format!(" {flag} {path}"))
    };
    format!(
        "stampctl apply {}{}{}{} --trust FILE",
        quoted(&args.plan.display().to_string()),
        flag("--fleet", args.fleet.as_deref()),
        flag("--approvals", args.out.as_deref()),
        args.store.flags()
    )
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
