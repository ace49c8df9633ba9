//! The bands of a stamp's load, and where each begins.

use serde::Deserialize;
use serde::Serialize;

use crate::model::Percent;

/// The four bands of a stamp's fullest dimension, in percent:
/// below `plan` open, then plan, provision, pause, and from `deny` closed without exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Bands {
    /// From here on, plan a new stamp (S0-38).
    pub plan: Percent,
    /// From here on, provision one; no automatic placement (S0-39).
    pub provision: Percent,
    /// From here on, pause onboarding (S0-55).
    pub pause: Percent,
    /// From here on, deny (S0-40).
    pub deny: Percent,
}

impl Default for Bands {
    fn default() -> Self {
        Self {
            plan: Percent(70),
            provision: Percent(85),
            pause: Percent(90),
            deny: Percent(95),
        }
    }
}

/// A stamp's band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum Band {
    /// Below every threshold.
    Open,
    /// Takes tenants; a new stamp should be planned.
    Plan,
    /// No candidate; a new stamp is due.
    Provision,
    /// No placement, not even a pin.
    Pause,
    /// Closed, without exception.
    Deny,
    /// A dimension was not reported: treated as `Pause`.
    Unknown,
}

impl Band {
    /// The word for the band.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Plan => "plan",
            Self::Provision => "provision",
            Self::Pause => "pause",
            Self::Deny => "deny",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl Bands {
    /// The band of a load given in basis points of capacity.
    pub fn of(&self, basis_points: u64) -> Band {
        let reaches = |percent: Percent| basis_points >= u64::from(percent.0) * 100;
        if reaches(self.deny) {
            Band::Deny
        } else if reaches(self.pause) {
            Band::Pause
        } else if reaches(self.provision) {
            Band::Provision
        } else if reaches(self.plan) {
            Band::Plan
        } else {
            Band::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_begins_at_its_threshold() {
        let bands = Bands::default();
        let told =
            [6_999, 7_000, 8_499, 8_500, 8_999, 9_000, 9_499, 9_500].map(|p| bands.of(p).word());
        let meant = [
            "open",
            "plan",
            "plan",
            "provision",
            "provision",
            "pause",
            "pause",
            "deny",
        ];
        assert_eq!(told, meant);
    }
}
