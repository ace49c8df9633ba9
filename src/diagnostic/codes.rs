//! Every code once: its name in this program, its number, its title.
//!
//! A number never changes its meaning. `E01xx` is spelling, `E02xx` meaning, `E03xx` files and
//! variables. What `stampctl explain` says of each is in [`super::explanations`].

use std::fmt;

/// A stable code, as in `E0107`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The code's text.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The code with this text, in either case.
    pub fn find(text: &str) -> Option<Self> {
        TITLES
            .iter()
            .map(|(code, _)| *code)
            .find(|code| code.0.eq_ignore_ascii_case(text))
    }

    /// The code's title.
    pub fn title(self) -> &'static str {
        TITLES
            .iter()
            .find(|(code, _)| *code == self)
            .map_or("", |(_, title)| title)
    }

    /// Every code, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        TITLES.iter().map(|(code, _)| *code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal;)*) => {
        $(
            #[doc = $title]
            pub const $name: Code = Code($code);
        )*
        /// Every code with its title, in order.
        const TITLES: &[(Code, &str)] = &[$(($name, $title)),*];
    };
}

codes! {
    YAML_SYNTAX = "E0101", "The text is not YAML";
    HCL_SYNTAX = "E0102", "The text is not HCL";
    TOO_DEEP = "E0103", "Values are nested too deeply";
    TOO_LARGE = "E0104", "The text grows too large when it is expanded";
    DUPLICATE = "E0105", "The same key or id stands twice";
    WRONG_TYPE = "E0106", "A value has the wrong type";
    UNKNOWN_KEY = "E0107", "There is no such key";
    MISSING_KEY = "E0108", "A key is missing";
    BAD_ID = "E0109", "A text is no id";
    UNKNOWN_WORD = "E0110", "A value is not one of the words it may be";
    BAD_NUMBER = "E0111", "A number is out of its range";
    BAD_DURATION = "E0112", "A text is no duration";
    UNSUPPORTED_YAML = "E0113", "A feature of YAML that a manifest does not have";
    UNKNOWN_ALIAS = "E0114", "An alias has no anchor";
    BAD_MERGE = "E0115", "A merge key merges something that is no map";
    EMPTY = "E0116", "There is nothing in it";
    BAD_TEXT = "E0117", "A text holds what it must not";
    BAD_VERSION = "E0118", "The document's version is not known";
    BAD_BLOCK = "E0119", "A block has the wrong labels";
    BAD_CONTROLLER = "E0120", "A controller document cannot be read";
    BAD_SKU = "E0121", "A text is no VM size";
    BAD_UUID = "E0122", "A text is no UUID";
    BAD_ZONE = "E0123", "A text is no availability zone";
    UNKNOWN_REFERENCE = "E0201", "A reference leads nowhere";
    BANDS_ORDER = "E0202", "The bands are not in order";
    PIN_REGION = "E0203", "A tenant is pinned to a stamp in another region";
    PIN_KIND = "E0204", "A tenant is pinned to a stamp of the wrong kind";
    PIN_STATE = "E0205", "A tenant is pinned to a stamp that is not to serve";
    NAME_TOO_LONG = "E0206", "An id is too long for the names derived from it";
    TWICE = "E0207", "A value stands twice where each must differ";
    NAME_CLASH = "E0208", "Two things would get the same name in the cloud";
    RESERVATION_SKU = "E0209", "A stamp's VM size is not its reservation's";
    RESERVATION_REGION = "E0210", "A stamp is not in its reservation's region";
    RESERVATION_SUBSCRIPTION = "E0211", "A stamp is not in its reservation's subscription";
    RESERVATION_ZONES = "E0212", "A stamp uses a zone that its reservation lacks";
    POOL_BOUNDS = "E0213", "A pool's bounds cannot hold";
    LIMIT_TWICE = "E0214", "A quota group has two limits for one family in one region";
    LIKE_CYCLE = "E0215", "A chain of `like` ends where it began";
    NO_SHAPE = "E0216", "A stamp has no shape";
    QUOTA_SUBSCRIPTION = "E0217", "A stamp's subscription is not in its quota group";
    NUMBER_TWICE = "E0218", "Two stamps have the same number";
    REGION_NAME = "E0219", "A stamp's id names another region";
    ISOLATION = "E0220", "The provider has no such isolation yet";
    POOL_TWICE = "E0221", "Two pools are for the same region and kind";
    POOL_MINIMUM = "E0222", "A pool would make a retired stamp again";
    AFFINITY = "E0223", "Pins put two tenants of one anti-affinity group together";
    DEDICATED_SHARED = "E0224", "Two tenants are pinned to one dedicated stamp";
    TOO_MANY_PINS = "E0225", "More tenants are pinned to a stamp than it may have";
    POLICY_CONTRADICTION = "E0226", "Two numbers of the policy contradict each other";
    EMPTY_ZONE = "E0227", "A zone would have no machine";
    NO_LIMIT = "E0228", "A quota group says nothing of a family that a stamp needs";
    NO_STAMPS = "E0229", "A region has tenants and nothing to hold them";
    CANNOT_READ = "E0301", "A file cannot be read";
    NO_MANIFEST = "E0302", "There is no manifest here";
    NOT_UTF8 = "E0303", "A file is not UTF-8";
    NUL_BYTE = "E0304", "A file holds a NUL byte";
    FILE_TOO_LARGE = "E0305", "A file is too large";
    FILE_OUTSIDE = "E0306", "A file is not a regular file beneath the fleet's root";
    UNKNOWN_ENVIRONMENT = "E0307", "There is no such environment";
    UNKNOWN_VARIABLE = "E0308", "A value is given for a variable that is not declared";
    VARIABLE_UNSET = "E0309", "A variable has no value";
    VARIABLE_TYPE = "E0310", "A variable's value has the wrong type";
    UNDECLARED = "E0311", "An expression names something that is not declared";
    BAD_EXPRESSION = "E0312", "An expression has no value";
    UNKNOWN_FUNCTION = "E0313", "There is no such function";
    BAD_CALL = "E0314", "A function cannot take these arguments";
    LOCAL_CYCLE = "E0315", "A local value depends on itself";
    BAD_COLUMN = "E0316", "A tenant list has a column that is no tenant key";
    BAD_ROW = "E0317", "A row of a tenant list cannot be read";
    BAD_FOR_EACH = "E0318", "A `for_each` is neither a map nor a set of texts";
    BAD_TENANT_LIST = "E0319", "A tenant list is neither CSV nor JSON Lines";
    EXPANDED = "E0320", "Conversion lost expressions";
    NOT_FORMATTED = "E0321", "A file cannot be formatted without changing what it means";
}
