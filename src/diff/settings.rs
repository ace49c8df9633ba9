//! Setting by setting: what a resource is and what it should be.

use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Address;
use stampctl_contract::Operation;
use stampctl_contract::Precondition;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use crate::blueprint::stamp::Drawn;
use crate::observe::SeenResource;

/// One setting before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingChange {
    /// The setting.
    pub name: String,
    /// Its value now; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "value_schema")]
    pub before: Option<Value>,
    /// Its value when the plan is done; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "value_schema")]
    pub after: Option<Value>,
}

/// A setting's value in the plan's schema: JSON without fractions and without null.
fn value_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": ["boolean", "integer", "string", "array", "object"] })
}

/// The settings of `drawn` that the world has otherwise. Tags are compared one by one, and tags
/// that are nobody's business are left alone.
pub fn compare(
    drawn: &Settings,
    seen: Option<&SeenResource>,
    except: &[&str],
) -> Vec<SettingChange> {
    let mut changes = Vec::new();
    for (name, wanted) in drawn {
        if except.contains(&name.as_str()) {
            continue;
        }
        let found = seen.and_then(|seen| seen.settings.get(name));
        match (wanted, found) {
            (Value::Map(wanted), Some(Value::Map(found))) => {
                for (key, value) in wanted {
                    if found.get(key) != Some(value) {
                        changes.push(SettingChange {
                            name: format!("{name}.{key}"),
                            before: found.get(key).cloned(),
                            after: Some(value.clone()),
                        });
                    }
                }
            }
            (wanted, found) if found != Some(wanted) => changes.push(SettingChange {
                name: name.clone(),
                before: found.cloned(),
                after: Some(wanted.clone()),
            }),
            _ => {}
        }
    }
    changes
}

/// The same changes, each under the resource's kind and name.
pub fn under(address: &Address, changes: Vec<SettingChange>) -> Vec<SettingChange> {
    let place = format!("{}/{}", address.kind(), address.name());
    let named = changes.into_iter().map(|mut change| {
        change.name = format!("{place}.{}", change.name);
        change
    });
    named.collect()
}

/// The call that makes a resource what was drawn, whatever it is now. Tags of others are kept.
pub fn put(drawn: &Drawn, seen: Option<&SeenResource>) -> Operation {
    let mut settings = drawn.1.clone();
    let found = seen
        .and_then(|seen| seen.settings.get("tags"))
        .and_then(Value::as_map);
    if let (Some(Value::Map(tags)), Some(found)) = (settings.get_mut("tags"), found) {
        let mut all = found.clone();
        all.append(tags);
        *tags = all;
    }
    Operation {
        address: drawn.0.clone(),
        verb: Verb::Put { settings },
        precondition: Precondition::Any,
    }
}

/// The call that sets some settings of what is there.
pub fn patch(address: &Address, settings: Settings) -> Operation {
    Operation {
        address: address.clone(),
        verb: Verb::Patch { settings },
        precondition: Precondition::Any,
    }
}
