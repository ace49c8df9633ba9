//! ARM JSON and the world's values: looking in, merging, turning one into the other. Pure.

use serde_json::Map;
use serde_json::Value as Json;
use stampctl_contract::Settings;
use stampctl_contract::Value;

/// The text at a path, or the empty text.
pub(crate) fn text<'a>(body: &'a Json, path: &str) -> &'a str {
    body.pointer(path).and_then(Json::as_str).unwrap_or("")
}

/// The whole number at a path.
pub(crate) fn int(body: &Json, path: &str) -> Option<i64> {
    body.pointer(path).and_then(Json::as_i64)
}

/// The texts of the list at a path.
pub(crate) fn texts(body: &Json, path: &str) -> Vec<String> {
    let list = body.pointer(path).and_then(Json::as_array);
    let texts = list.into_iter().flatten().filter_map(Json::as_str);
    texts.map(str::to_owned).collect()
}

/// Lays `over` upon `under`: objects are merged, all else is replaced; `null` takes away.
pub(crate) fn merge(under: &mut Json, over: &Json) {
    let (Json::Object(below), Json::Object(above)) = (&mut *under, over) else {
        *under = over.clone();
        return;
    };
    for (name, value) in above {
        match (below.get_mut(name), value) {
            (_, Json::Null) => {
                below.remove(name);
            }
            (Some(there), Json::Object(_)) => merge(there, value),
            _ => {
                below.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Takes away what is said to be nothing.
pub(crate) fn without_nulls(body: &mut Json) {
    if let Json::Object(map) = body {
        map.retain(|_, value| !value.is_null());
        map.values_mut().for_each(without_nulls);
    }
}

/// Merges a PATCH: as [`merge`], but tags are replaced as a whole.
pub(crate) fn patch(under: &mut Json, over: &Json) {
    if over.get("tags").is_some()
        && let Some(body) = under.as_object_mut()
    {
        body.remove("tags");
    }
    merge(under, over);
}

/// What the tags begin with in which a provider keeps what ARM has no property for. They are no
/// tags of the world; they are kept beside it and shown again.
pub(crate) const HIDDEN: &str = "hidden-stampctl-";

/// A hidden tag of a body.
pub(crate) fn hidden<'a>(body: &'a Json, name: &str) -> Option<&'a str> {
    let wanted = format!("{HIDDEN}{name}");
    let tags = body.get("tags")?.as_object()?;
    let found = tags
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(&wanted));
    found?.1.as_str().filter(|value| !value.is_empty())
}

/// Sets a hidden tag.
pub(crate) fn hide(body: &mut Json, name: &str, value: &str) {
    object(body, "tags").insert(format!("{HIDDEN}{name}"), value.into());
}

/// Whether a tag is hidden.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with(HIDDEN)
}

/// The tags of a body as a setting.
pub(crate) fn tags(body: &Json) -> Value {
    let tags = body.get("tags").and_then(Json::as_object);
    let tags = tags.into_iter().flatten();
    let tags = tags.filter(|(name, _)| !is_hidden(name));
    let tags = tags.filter_map(|(name, value)| {
        let value = value.as_str()?;
        Some((name.clone(), Value::text(value)))
    });
    Value::Map(tags.collect())
}

/// Settings from names and values.
pub(crate) fn settings<const N: usize>(pairs: [(&str, Value); N]) -> Settings {
    let pairs = pairs.into_iter();
    pairs
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A value of the world as JSON.
pub(crate) fn from_value(value: &Value) -> Json {
    serde_json::to_value(value).unwrap_or(Json::Null)
}

/// JSON as a value of the world; `None` for `null` and fractions, which it does not have.
pub(crate) fn to_value(json: &Json) -> Option<Value> {
    serde_json::from_value(json.clone()).ok()
}

/// The object at a name, made where there is none.
pub(crate) fn object<'a>(body: &'a mut Json, name: &str) -> &'a mut Map<String, Json> {
    if !body.is_object() {
        *body = Json::Object(Map::new());
    }
    let Json::Object(map) = body else {
        unreachable!("it was made an object above")
    };
    let inner = map.entry(name).or_insert_with(|| Json::Object(Map::new()));
    if !inner.is_object() {
        *inner = Json::Object(Map::new());
    }
    let Json::Object(inner) = inner else {
        unreachable!("it was made an object above")
    };
    inner
}

/// Sets one property of the resource.
pub(crate) fn set(body: &mut Json, name: &str, value: impl Into<Json>) {
    object(body, "properties").insert(name.to_owned(), value.into());
}

/// A location as the world spells regions: `East US 2` is `eastus2`.
pub(crate) fn region(location: &str) -> String {
    let kept = location.chars().filter(|c| !c.is_whitespace());
    kept.collect::<String>().to_ascii_lowercase()
}
