//! `Microsoft.Network`: Traffic Manager and Application Gateways, kept as they are put. Pure.

use super::types::AT_ONCE;
use super::types::Type;
use super::types::opaque;

pub(crate) const TYPES: &[Type] = &[
    opaque("Microsoft.Network/trafficmanagerprofiles", AT_ONCE, None),
    opaque(
        "Microsoft.Network/trafficmanagerprofiles/externalEndpoints",
        AT_ONCE,
        None,
    ),
    opaque(
        "Microsoft.Network/trafficmanagerprofiles/azureEndpoints",
        AT_ONCE,
        None,
    ),
    opaque(
        "Microsoft.Network/trafficmanagerprofiles/nestedEndpoints",
        AT_ONCE,
        None,
    ),
    opaque(
        "Microsoft.Network/applicationGateways",
        super::types::SLOW,
        None,
    ),
    opaque("Microsoft.Network/virtualNetworks", AT_ONCE, None),
];
