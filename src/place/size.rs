//! How large a tenant's own stamp must be (S0-7). Pure.

use crate::model::Dimension;
use crate::model::Load;
use crate::model::stamp::Shape;

use super::exact::Fine;

/// The shape with the fewest further instances that keep `demand` below `percent` in every
/// dimension; the first dimension that instances cannot buy where there is no such shape.
///
/// CPU and memory grow with the instances; storage and DTU do not.
pub(super) fn fitted(shape: &Shape, demand: &Load, percent: u32) -> Result<Shape, Dimension> {
    let need = Fine::of(demand);
    let mut instances = shape.compute.instances.max(1);
    for dimension in [Dimension::Cpu, Dimension::Memory] {
        let least = instances_for(
            shape.capacity[dimension],
            shape.compute.instances,
            demand[dimension],
            percent,
        );
        instances = instances.max(least.ok_or(dimension)?);
    }
    let sized = with_instances(shape, instances);
    match need.reaches(Fine::ceiling(&sized.capacity, percent)) {
        Some(dimension) => Err(dimension),
        None => Ok(sized),
    }
}

/// The shape with this many instances and the capacity that follows.
pub(super) fn with_instances(shape: &Shape, instances: u32) -> Shape {
    let mut sized = shape.clone();
    sized.compute.instances = instances;
    for dimension in [Dimension::Cpu, Dimension::Memory] {
        sized.capacity[dimension] = scaled(
            shape.capacity[dimension],
            shape.compute.instances,
            instances,
        );
    }
    sized
}

/// The capacity of `to` instances where `from` of them have `capacity`.
fn scaled(capacity: u64, from: u32, to: u32) -> u64 {
    let all = u128::from(capacity) * u128::from(to) / u128::from(from.max(1));
    u64::try_from(all).unwrap_or(u64::MAX)
}

/// The fewest instances whose capacity keeps `demand` strictly below `percent`.
fn instances_for(capacity: u64, from: u32, demand: u64, percent: u32) -> Option<u32> {
    let percent = u128::from(percent);
    // demand × 100 < capacity' × percent, for the smallest whole capacity'.
    let wanted = (u128::from(demand) * 100).checked_div(percent)? + 1;
    let least = (wanted * u128::from(from.max(1)))
        .checked_add(u128::from(capacity))?
        .checked_sub(1)?
        .checked_div(u128::from(capacity))?;
    u32::try_from(least).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::testing;

    #[test]
    fn the_size_is_the_smallest_that_stays_below_the_band() {
        let shape = testing::shape(crate::model::StampKind::Dedicated, "eastus2");
        let per_instance = shape.capacity.cpu / u64::from(shape.compute.instances);
        for factor in 1..40_u64 {
            let demand = Load {
                cpu: shape.capacity.cpu * factor / 7,
                ..Load::default()
            };
            let sized = fitted(&shape, &demand, 85).expect("instances buy CPU");
            assert!(demand.is_below(&sized.capacity, 85));
            let one_less = sized.capacity.cpu - per_instance;
            let smaller = Load {
                cpu: one_less,
                ..sized.capacity
            };
            let least = sized.compute.instances == shape.compute.instances;
            assert!(least || !demand.is_below(&smaller, 85));
        }
    }

    #[test]
    fn instances_buy_no_storage() {
        let shape = testing::shape(crate::model::StampKind::Dedicated, "eastus2");
        let demand = Load {
            storage: shape.capacity.storage,
            ..Load::default()
        };
        assert_eq!(fitted(&shape, &demand, 85), Err(Dimension::Storage));
    }
}
