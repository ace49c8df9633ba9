//! What a VM size's name says: quota family and vCPUs. Pure.

/// Family and vCPUs of `Standard_{series}{vcpus}{features}_{version}`, as Azure names them.
pub(crate) fn shape(sku: &str) -> Option<(String, i64)> {
    let rest = sku.strip_prefix("Standard_")?;
    let (size, version) = rest.split_once('_').unwrap_or((rest, ""));
    let (series, size) = size.split_at(size.find(|c: char| c.is_ascii_digit())?);
    let end = size
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(size.len());
    let (vcpus, features) = size.split_at(end);
    let series = format!("{series}{features}").to_ascii_uppercase();
    Some((
        format!("standard{series}{version}Family"),
        vcpus.parse().ok()?,
    ))
}

/// The sizes that the SKU list shows in every region, beside those in use there.
pub(crate) const SIZES: &[&str] = &[
    "Standard_D2s_v3",
    "Standard_D2s_v5",
    "Standard_D4s_v5",
    "Standard_D8s_v5",
    "Standard_D16s_v5",
    "Standard_D32s_v5",
    "Standard_D64s_v5",
    "Standard_D4ds_v5",
    "Standard_D8ds_v5",
    "Standard_D4as_v5",
    "Standard_D8as_v5",
    "Standard_E4s_v5",
    "Standard_E8s_v5",
    "Standard_E16s_v5",
    "Standard_F8s_v2",
];

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn a_size_says_its_family_and_vcpus() {
        let family = |sku| shape(sku).map(|(family, vcpus)| format!("{family}/{vcpus}"));
        assert_eq!(
            family("Standard_D8s_v5").as_deref(),
            Some("standardDSv5Family/8")
        );
        assert_eq!(
            family("Standard_E16ads_v5").as_deref(),
            Some("standardEADSv5Family/16")
        );
        assert_eq!(family("Basic"), None);
    }
}
