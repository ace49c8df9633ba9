//! What a VM size's name says: cores, memory and quota family.
//!
//! Azure names sizes `Standard_{series}{vcpus}{features}_{version}` and quota families
//! `standard{SERIES}{FEATURES}{version}Family`; the memory of a series is a fixed ratio.

use serde::Deserialize;
use serde::Serialize;

/// A VM size with what the planner needs of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sku {
    /// The size's name, as in `Standard_D8s_v5`.
    pub name: String,
    /// The quota family, as in `standardDSv5Family`.
    pub family: String,
    /// vCPUs of one instance.
    pub vcpus: u32,
}

impl Sku {
    /// Reads a size's name. `None` where the name does not have Azure's form.
    pub fn from_name(name: &str) -> Option<Self> {
        let rest = name.strip_prefix("Standard_")?;
        let (size, version) = rest.split_once('_').unwrap_or((rest, ""));
        let digits = size.find(|c: char| c.is_ascii_digit())?;
        let (series, size) = size.split_at(digits);
        let end = size
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(size.len());
        let (vcpus, features) = size.split_at(end);
        let vcpus: u32 = vcpus.parse().ok()?;
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric());
        if series.is_empty() || vcpus == 0 || !plain(series) || !plain(features) || !plain(version)
        {
            return None;
        }
        let features = features.to_ascii_uppercase();
        let family = format!(
            "standard{}{features}{version}Family",
            series.to_ascii_uppercase()
        );
        Some(Self {
            name: name.to_owned(),
            family,
            vcpus,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_follows_from_the_name() {
        let told = |name| Sku::from_name(name).map(|sku| (sku.family, sku.vcpus));
        assert_eq!(
            told("Standard_D8s_v5"),
            Some(("standardDSv5Family".into(), 8))
        );
        assert_eq!(
            told("Standard_E16as_v5"),
            Some(("standardEASv5Family".into(), 16))
        );
        assert_eq!(told("Standard_D8s_v5\u{1b}"), None);
        assert_eq!(told("D8s"), None);
    }
}
