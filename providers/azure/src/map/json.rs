//! Reading foreign JSON, and laying one document over another. Pure.

use serde_json::Map;
use serde_json::Value as Json;
use stampctl_contract::Settings;
use stampctl_contract::Value;

/// The value at the path, `null` being nothing.
pub fn at<'a>(json: &'a Json, path: &[&str]) -> Option<&'a Json> {
    let found = path.iter().try_fold(json, |json, key| json.get(key))?;
    (!found.is_null()).then_some(found)
}

/// The text at the path.
pub fn text<'a>(json: &'a Json, path: &[&str]) -> Option<&'a str> {
    at(json, path)?.as_str()
}

/// The whole number at the path; services write some as `2.0` or as text.
pub fn int(json: &Json, path: &[&str]) -> Option<i64> {
    let found = at(json, path)?;
    if let Some(number) = found.as_i64() {
        return Some(number);
    }
    let text = match found {
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.clone(),
        _ => return None,
    };
    text.strip_suffix(".0").unwrap_or(&text).parse().ok()
}

/// The items of the list at the path; none where there is no list.
pub fn list<'a>(json: &'a Json, path: &[&str]) -> &'a [Json] {
    at(json, path)
        .and_then(Json::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Sets a setting, if there is a value.
pub fn set<V: Into<Value>>(settings: &mut Settings, name: &str, value: Option<V>) {
    if let Some(value) = value {
        settings.insert(name.to_owned(), value.into());
    }
}

/// `top` laid over `base`: objects key by key, everything else replaced. `null` in an object takes
/// a key away; `null` alone changes nothing.
pub fn over(base: Json, top: Json) -> Json {
    match (base, top) {
        (Json::Object(mut base), Json::Object(top)) => {
            for (key, value) in top {
                if value.is_null() {
                    base.remove(&key);
                    continue;
                }
                let below = base.remove(&key).unwrap_or(Json::Null);
                base.insert(key, over(below, value));
            }
            Json::Object(base)
        }
        (base, Json::Null) => base,
        (_, Json::Object(top)) => over(Json::Object(Map::new()), Json::Object(top)),
        (_, top) => top,
    }
}

/// A shape with its placeholders filled in.
pub fn fill(shape: &Json, names: &[(&str, &str)]) -> Json {
    match shape {
        Json::String(text) => {
            let filled = names.iter().fold(text.clone(), |text, (name, value)| {
                text.replace(&format!("{{{name}}}"), value)
            });
            Json::String(filled)
        }
        Json::Array(items) => items.iter().map(|item| fill(item, names)).collect(),
        Json::Object(entries) => {
            let filled = entries
                .iter()
                .map(|(key, value)| (key.clone(), fill(value, names)));
            Json::Object(filled.collect())
        }
        other => other.clone(),
    }
}

/// A setting as JSON.
pub fn from_value(value: &Value) -> Json {
    match value {
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(number) => Json::from(*number),
        Value::Text(text) => Json::from(text.as_ref()),
        Value::List(items) => items.iter().map(from_value).collect(),
        Value::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), from_value(value)))
                .collect(),
        ),
    }
}

/// JSON as a setting; `None` where it is null, or has a fraction, or is too large.
pub fn to_value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(_) => Value::Int(int(json, &[])?),
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::List(items.iter().filter_map(to_value).collect()),
        Json::Object(entries) => Value::Map(
            entries
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), to_value(value)?)))
                .collect(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_fleet_says_wins_over_the_shape() {
        let shape = json!({"a": {"x": 1, "y": "{name}"}, "b": [1]});
        let filled = fill(&shape, &[("name", "n")]);
        let laid = over(filled, json!({"a": {"x": 2, "z": null}, "b": [2]}));
        assert_eq!(laid, json!({"a": {"x": 2, "y": "n"}, "b": [2]}));
        assert_eq!(over(laid.clone(), Json::Null), laid);
    }

    #[test]
    fn numbers_in_any_dress() {
        let json = json!({"a": 2, "b": 2.0, "c": "2", "d": 2.5});
        let read = ["a", "b", "c", "d"].map(|key| int(&json, &[key]));
        assert_eq!(read, [Some(2), Some(2), Some(2), None]);
    }
}
