//! Names that are not free though nothing is found there.

use super::super::face::Face;
use super::super::wire::Refusal;
use super::super::wire::Reply;
use super::Call;
use super::recent;
use stampctl_contract::Kind;

const ACCOUNT: &str = "microsoft.storage/storageaccounts";
const CONTAINER: &str = "microsoft.storage/storageaccounts/blobservices/containers";
const SERVER: &str = "microsoft.sql/servers";
const SERVICE: &str = "microsoft.apimanagement/service";

/// Refuses to make what has a name that is taken, or that is not free yet.
pub(super) fn check(
    face: &Face,
    call: &Call<'_>,
    view: &impl Fn() -> Option<Reply>,
) -> Result<(), Refusal> {
    let told = &face.options.surprises;
    if !call.is(&["PUT"]) || ![ACCOUNT, CONTAINER, SERVER, SERVICE].contains(&call.of.as_str()) {
        return Ok(());
    }
    let name = call.id.rsplit('/').next().unwrap_or_default();
    let seconds = if call.of == CONTAINER {
        told.container_seconds
    } else {
        told.name_seconds
    };
    // Names of containers are their account's; all others are everybody's.
    let kept = {
        let beside = face.beside();
        let mut gone = beside.surprises.gone.iter();
        let same = |id: &str| {
            if call.of == CONTAINER {
                id == call.id
            } else {
                let tail = call.id.rsplitn(4, '/').nth(3).unwrap_or_default();
                let word = &call.id[tail.len()..];
                id.ends_with(word)
            }
        };
        gone.any(|(id, at)| same(id) && recent(Some(at), call.now, seconds))
    };
    let taken = call.of != CONTAINER && told.taken.iter().any(|one| one.eq_ignore_ascii_case(name));
    // The name of a server is free as soon as it is gone.
    let refused = taken || (kept && call.of != SERVER);
    if !refused || view().is_some() {
        return Ok(());
    }
    Err(refusal(&call.of, name))
}

fn refusal(of: &str, name: &str) -> Refusal {
    match of {
        CONTAINER => Refusal::new(
            409,
            "ContainerBeingDeleted",
            "The specified container is being deleted. Try operation later.",
        ),
        ACCOUNT => Refusal::new(
            409,
            "StorageAccountAlreadyTaken",
            format!("The storage account named {name} is already taken."),
        ),
        SERVER => Refusal::new(
            409,
            "NameAlreadyExists",
            format!("The name '{name}' already exists. Choose a different name."),
        ),
        _ => Refusal::new(
            409,
            "ServiceAlreadyExistsInSoftDeletedState",
            format!(
                "Api service {name} was soft-deleted. In order to create the new service with the \
                 same name, you have to either undelete the service or purge it."
            ),
        ),
    }
}

/// What goes with a delete, as far as its name stays, lower-cased.
pub(super) fn doomed(face: &Face, call: &Call<'_>) -> Vec<String> {
    if !call.is(&["DELETE"]) {
        return Vec::new();
    }
    let mut doomed = vec![call.id.clone()];
    if call.of.is_empty()
        && let [_, subscription, _, group] = call.request.parts.as_slice()
        && let Ok(name) = face.subscription_name(subscription)
        && let Ok(at) = face.group_address(&name, group)
        && let Ok(accounts) = face.list(Kind::StorageAccount, at.path())
    {
        let ids = accounts.iter().map(|one| {
            let name = one.address.name().to_ascii_lowercase();
            format!("{}/providers/{ACCOUNT}/{name}", call.id)
        });
        doomed.extend(ids);
    }
    doomed
}
