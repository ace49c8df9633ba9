//! Front Door keeps one enabled origin in each group that a route leads to.

use super::super::face::Face;
use super::super::json;
use super::super::wire::Answer;
use super::super::wire::Body;
use super::super::wire::Refusal;
use super::super::wire::Request;
use super::Call;

const ORIGIN: &str = "microsoft.cdn/profiles/origingroups/origins";
const ROUTE: &str = "Microsoft.Cdn/profiles/afdEndpoints/routes";

/// Refuses to disable or delete the last enabled origin of a group with a route.
pub(super) fn check(
    face: &Face,
    call: &Call<'_>,
    answer: &impl Fn(&Request) -> Answer,
) -> Result<(), Refusal> {
    if call.of != ORIGIN {
        return Ok(());
    }
    let state = json::text(&call.request.body, "/properties/enabledState");
    let disables = call.is(&["PUT", "PATCH"]) && state.eq_ignore_ascii_case("Disabled");
    if !disables && !call.is(&["DELETE"]) {
        return Ok(());
    }
    let mut above = call.id.rsplitn(3, '/').skip(1);
    let (_, Some(group)) = (above.next(), above.next()) else {
        return Ok(());
    };
    let profile = group.rsplitn(3, '/').nth(2).unwrap_or_default();
    let has_route = face.beside().beneath(profile).any(|one| {
        let led = json::text(&one.body, "/properties/originGroup/id");
        one.type_name == ROUTE && led.eq_ignore_ascii_case(group)
    });
    if !has_route {
        return Ok(());
    }
    let mut parts = call.request.parts.clone();
    parts.pop();
    let list = Request {
        method: "GET".to_owned(),
        path: format!("/{}", parts.join("/")),
        parts,
        ..call.request.clone()
    };
    let Body::Json(listed) = answer(&list)?.body else {
        return Ok(());
    };
    let all = listed["value"].as_array().into_iter().flatten();
    let enabled = |one: &&serde_json::Value| {
        json::text(one, "/properties/enabledState").eq_ignore_ascii_case("Enabled")
    };
    let mut enabled = all.filter(enabled);
    let own = |one: &serde_json::Value| json::text(one, "/id").eq_ignore_ascii_case(&call.id);
    let (first, second) = (enabled.next(), enabled.next());
    if first.is_some_and(own) && second.is_none() {
        let why = "Please make sure that there is at least one enabled origin under the origin \
                   group that is associated with a route.";
        return Err(Refusal::new(409, "Conflict", why));
    }
    Ok(())
}
