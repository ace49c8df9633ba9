//! Identities, one type each, so that a stamp cannot be taken for a tenant.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

/// The longest id. Names of cloud resources are derived from ids and have limits of their own.
pub const LONGEST_ID: usize = 63;

/// A text that is no id: why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadId {
    /// Nothing was given.
    #[error("an id is empty")]
    Empty,
    /// More than [`LONGEST_ID`] characters.
    #[error("an id has at most {LONGEST_ID} characters, this one has {0}")]
    TooLong(usize),
    /// A character outside `a-z`, `0-9` and `-`.
    #[error("an id has only `a-z`, `0-9` and `-`, not `{}`", .0.escape_debug())]
    Character(char),
    /// It begins or ends with `-`.
    #[error("an id neither begins nor ends with `-`")]
    Edge,
}

/// Checks a text against the charset of X-1.
fn check(text: &str) -> Result<(), BadId> {
    // A million ids are good and are looked at once; what is wrong with a bad one takes longer.
    let edge = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if let (Some(&first), Some(&last)) = (text.as_bytes().first(), text.as_bytes().last())
        && edge(first)
        && edge(last)
        && text.len() <= LONGEST_ID
        && text.bytes().all(|byte| edge(byte) || byte == b'-')
    {
        return Ok(());
    }
    if text.is_empty() {
        return Err(BadId::Empty);
    }
    let length = text.chars().count();
    if length > LONGEST_ID {
        return Err(BadId::TooLong(length));
    }
    if let Some(bad) = text
        .chars()
        .find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-'))
    {
        return Err(BadId::Character(bad));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(BadId::Edge);
    }
    Ok(())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id's text, shared.
            pub fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
                    "maxLength": LONGEST_ID,
                })
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an id")
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }
    )*};
}

ids! {
    /// A fleet's name; unique in one tenant registry.
    FleetName;
    /// An environment's name, as in `prod`.
    EnvironmentName;
    /// A stamp's logical id; unique in a fleet for all time. A generation of it is another
    /// thing: see [`crate::model::names`].
    StampId;
    /// A tenant's id; unique in a fleet for all time.
    TenantId;
    /// A pool's name; unique in a manifest.
    PoolName;
    /// The manifest's name for a subscription; unique in a manifest.
    SubscriptionName;
    /// The manifest's name for a quota group; unique in a manifest and within its management group.
    QuotaGroupName;
    /// The manifest's name for a capacity reservation group; unique in a manifest.
    ReservationName;
    /// An Azure region written in full, as in `eastus2`.
    RegionName;
}
