//! Units that cannot be mixed.

use std::fmt;
use std::ops::Add;
use std::ops::AddAssign;

use serde::Deserialize;
use serde::Serialize;

macro_rules! quantities {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        #[derive(schemars::JsonSchema)]
        pub struct $name(pub $inner);

        impl Add for $name {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
                all.fold(Self::default(), Add::add)
            }
        }

        impl $name {
            /// The difference, or zero where `other` is larger.
            #[must_use]
            pub fn minus(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }
    )*};
}

quantities! {
    /// vCPUs, the unit of quota.
    Cores(u64);
    /// Whole percent of a capacity.
    Percent(u32);
    /// A length of time in seconds.
    Seconds(u64);
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            self.0,
            if self.0 == 1 { "core" } else { "cores" }
        )
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// As in `1d 2h`, `10m`, `30s`: the two largest units.
impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
        let mut rest = self.0;
        let mut shown = 0;
        for (size, letter) in units {
            let count = rest / size;
            rest %= size;
            if count > 0 && shown < 2 {
                write!(f, "{}{count}{letter}", if shown > 0 { " " } else { "" })?;
                shown += 1;
            }
        }
        if shown == 0 {
            f.write_str("0s")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_read_as_people_say_them() {
        let told = [0, 30, 600, 3_661, 93_600].map(|s| Seconds(s).to_string());
        assert_eq!(told, ["0s", "30s", "10m", "1h 1m", "1d 2h"]);
    }
}
