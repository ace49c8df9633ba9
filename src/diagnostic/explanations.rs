//! What `stampctl explain` says of each code: why it is refused, and what passes.

use super::Code;
use super::codes;

/// The explanation of a code.
pub fn explain(code: Code) -> &'static str {
    TEXTS
        .iter()
        .find(|(known, _)| *known == code)
        .map_or("", |(_, text)| text)
}

const TEXTS: &[(Code, &str)] = &[
    (
        codes::YAML_SYNTAX,
        "The file cannot be read as YAML 1.2 from the place shown on. The cause is often on the line before: a missing `:`, a quote that is not closed, a tab in the indentation. Later documents of the file, after `---`, are still read.",
    ),
    (
        codes::HCL_SYNTAX,
        "The file cannot be read as HCL from the place shown on. The cause is often before it: a quote or a bracket that is not closed, an attribute without `=`, two attributes on one line.",
    ),
    (
        codes::TOO_DEEP,
        "No key of a manifest is nested deeper than eight. Values nested more than 64 deep, and locals that stand behind one another in a long chain, are refused, so that no input can exhaust the stack.",
    ),
    (
        codes::TOO_LARGE,
        "Aliases, merge keys, `for` and functions can make a small file mean a huge one. What they add is bounded by a multiple of the file's length. A list of many tenants belongs in a CSV file that `tenants_from` names.",
    ),
    (
        codes::DUPLICATE,
        "A key, an id or a variable stands twice, in one file or in two of a folder. Which one should win would depend on the order of reading, so neither does. Keep one. What differs between environments belongs in an overlay, `env/NAME.yaml`, which replaces.",
    ),
    (
        codes::WRONG_TYPE,
        "A value is a text where a number is wanted, a list where a map is wanted, and so on. Numbers stand without quotes; `true` and `false` are the only truth values (YAML's `yes` and `on` are texts).",
    ),
    (
        codes::UNKNOWN_KEY,
        "A key that the format does not have is refused and never passed over, since a misspelt key would silently mean its default. The nearest known key is suggested. `stampctl schema` prints every key.",
    ),
    (
        codes::MISSING_KEY,
        "A key without a default is not there. The message says which, and of what.",
    ),
    (
        codes::BAD_ID,
        "Ids become parts of the names of cloud resources (X-1). They are made of `a-z`, `0-9` and `-`, have 1 to 63 characters, and neither begin nor end with `-`. Other names of a stamp can be `aliases`.",
    ),
    (
        codes::UNKNOWN_WORD,
        "The value is one of a few words. The message lists them and suggests the nearest.",
    ),
    (
        codes::BAD_NUMBER,
        "The number is outside its range, is not whole where it must be, or has more decimals than are kept. Numbers are written in decimal digits.",
    ),
    (
        codes::BAD_DURATION,
        "A duration is whole seconds, or numbers with `d`, `h`, `m`, `s` from large to small, as in `1d12h`, `30m`, `90s`; at most ten years.",
    ),
    (
        codes::UNSUPPORTED_YAML,
        "A manifest uses plain YAML: maps with text keys, lists and scalars. Tags of one's own (`!x`) and keys that are maps or lists mean nothing here.",
    ),
    (
        codes::UNKNOWN_ALIAS,
        "An alias `*name` repeats the value that `&name` marks earlier in the same document. There is no such mark before it.",
    ),
    (
        codes::BAD_MERGE,
        "The merge key `<<` takes a map, or a list of maps, usually by alias. A value cannot hold itself.",
    ),
    (
        codes::EMPTY,
        "The file has no content. An empty file is refused because a failed download or a half-written file looks the same, and must not look like an empty fleet.",
    ),
    (
        codes::BAD_TEXT,
        "Texts stand on one line, hold no control characters, and are neither empty nor longer than 1,024 bytes.",
    ),
    (
        codes::BAD_VERSION,
        "The manifest was written for another version of the format than this program knows.",
    ),
    (
        codes::BAD_BLOCK,
        "In HCL, `stamp`, `pool`, `tenant`, `subscription`, `quota_group`, `capacity_reservation` and `variable` blocks have exactly one label: the id.",
    ),
    (
        codes::BAD_CONTROLLER,
        "A YAML document with a `kind` is a controller document: `StampAutoscaler` or `StampHealthCheck`. Its `spec` becomes policy.",
    ),
    (
        codes::BAD_SKU,
        "A VM size is named `Standard_{series}{vCPUs}{features}_{version}`, as in `Standard_D8s_v5`. Cores and quota family follow from the name; for any other name, say `vcpus` and `family`.",
    ),
    (
        codes::BAD_UUID,
        "A subscription's id has the form 8-4-4-4-12 of hexadecimal digits.",
    ),
    (
        codes::BAD_ZONE,
        "Availability zones are \"1\", \"2\" and \"3\"; a stamp uses at least one.",
    ),
    (
        codes::UNKNOWN_REFERENCE,
        "A name is used that the manifest does not declare: a subscription, quota group, capacity reservation, stamp or pool. A pin may also name a stamp that a pool of the tenant's region would make.",
    ),
    (
        codes::BANDS_ORDER,
        "The bands of a stamp's fullest dimension must be in order: plan < provision <= pause < deny (X-4). With any other order, onboarding would be denied before it is paused.",
    ),
    (
        codes::PIN_REGION,
        "A tenant's region is a hard bound of placement (S0-13): data does not leave it. A pin cannot override it.",
    ),
    (
        codes::PIN_KIND,
        "A tenant with more users than `policy.placement.dedicated_users_gt`, an enterprise tier or an enterprise contract needs a stamp of its own (S0-4, S0-5). A pin to a shared stamp contradicts that.",
    ),
    (
        codes::PIN_STATE,
        "The stamp is to be retired, to stand by, or is there for disasters only. It serves no tenant, so none can be pinned to it.",
    ),
    (
        codes::NAME_TOO_LONG,
        "Names of scale sets, SQL servers and containers are derived from the id (X-1), and the cloud limits their length. They must still fit after a stamp was replaced many times.",
    ),
    (
        codes::TWICE,
        "One thing is said twice, or two things share what each must have for itself: zones, aliases, subscription ids, host and origin.",
    ),
    (
        codes::NAME_CLASH,
        "Two stamps would get the same storage account, whose names are global and at most 24 characters long.",
    ),
    (
        codes::RESERVATION_SKU,
        "A capacity reservation guarantees machines of one VM size. A stamp of another size would get no guarantee from it.",
    ),
    (
        codes::RESERVATION_REGION,
        "A capacity reservation guarantees machines in one region.",
    ),
    (
        codes::RESERVATION_SUBSCRIPTION,
        "A stamp uses a capacity reservation of its own subscription; sharing across subscriptions is not planned here.",
    ),
    (
        codes::RESERVATION_ZONES,
        "A capacity reservation guarantees machines in its zones only; a stamp's zones must be among them.",
    ),
    (
        codes::POOL_BOUNDS,
        "A pool's `min` must not exceed its `max`, and the stamps that the manifest declares in its region and kind count in its bounds (design §11.17).",
    ),
    (
        codes::LIMIT_TWICE,
        "A quota group has one number of cores for each family in each region.",
    ),
    (
        codes::LIKE_CYCLE,
        "A pool takes its shape from a stamp, or from another pool that in the end takes it from a stamp or says it itself.",
    ),
    (
        codes::NO_SHAPE,
        "A stamp says at least its region, subscription and compute. Only `desired: retired` may stand alone: it retires a stamp that a pool made (design §11.17).",
    ),
    (
        codes::QUOTA_SUBSCRIPTION,
        "Cores are allocated from a quota group to a subscription that is its member. The stamp's subscription is not.",
    ),
    (
        codes::NUMBER_TWICE,
        "Numbers of stamps are never used twice, not even spelt differently (`-1` and `-001`).",
    ),
    (
        codes::REGION_NAME,
        "The id names one region and the stamp is in another. Nothing is refused, but people will read it wrong.",
    ),
    (
        codes::ISOLATION,
        "On Azure, tenants are kept apart in databases of their own until there is a provider that moves schemas and rows (design §11.28).",
    ),
    (
        codes::POOL_TWICE,
        "With two pools for one region and kind, it would not be clear which of them makes the next stamp.",
    ),
    (
        codes::POOL_MINIMUM,
        "The manifest retires a stamp that the pool's minimum would make again at once (design §11.17). Lower the minimum in the same change.",
    ),
    (
        codes::AFFINITY,
        "Tenants of one anti-affinity group never share a stamp, and pins put two of them on one.",
    ),
    (
        codes::DEDICATED_SHARED,
        "A dedicated stamp has one tenant, and two are pinned to it.",
    ),
    (
        codes::TOO_MANY_PINS,
        "A shared stamp takes a tenant while it has fewer than `policy.placement.max_tenants_per_shared` (S0-10). More are pinned to it.",
    ),
    (
        codes::POLICY_CONTRADICTION,
        "Two numbers of the policy cannot hold at once, or one makes the policy impossible to keep.",
    ),
    (
        codes::EMPTY_ZONE,
        "A stamp's machines are spread evenly over its zones; with fewer machines than zones, a zone has none and gives no protection.",
    ),
    (
        codes::NO_LIMIT,
        "`limits` says what the fleet expects a quota group to have. Nothing is said of a family that a stamp needs, so the plan cannot tell a shortage from a surprise.",
    ),
    (
        codes::NO_STAMPS,
        "Tenants live in a region in which the manifest has neither a stamp nor a pool. The plan will not find a place for them. Often the region is misspelt.",
    ),
    (
        codes::CANNOT_READ,
        "The operating system refuses to open or read the file.",
    ),
    (
        codes::NO_MANIFEST,
        "A folder with a fleet holds at least one `*.yaml`, `*.yml` or `*.hcl` file beside `world.yaml`, and at most 4,096.",
    ),
    (
        codes::NOT_UTF8,
        "Manifests and tenant lists are UTF-8. The place shown is where the first other byte stands.",
    ),
    (
        codes::NUL_BYTE,
        "A NUL byte never belongs in a text; the file is probably binary or UTF-16.",
    ),
    (
        codes::FILE_TOO_LARGE,
        "A YAML file has at most 256 MiB, an HCL file 32 MiB, a tenant list 1 GiB.",
    ),
    (
        codes::FILE_OUTSIDE,
        "A manifest can name files beneath the fleet's root only, and only regular ones: a reviewed folder must hold everything that decides (design §3).",
    ),
    (
        codes::UNKNOWN_ENVIRONMENT,
        "`--env NAME` lays `env/NAME.yaml`, `.yml` or `.hcl` over the base. There is no such file.",
    ),
    (
        codes::UNKNOWN_VARIABLE,
        "`--var` gives a value to a variable that the manifest declares. A misspelt name would otherwise be passed over.",
    ),
    (
        codes::VARIABLE_UNSET,
        "The variable has no default and no value was given.",
    ),
    (
        codes::VARIABLE_TYPE,
        "The variable's value does not have the type that its declaration or its use asks for.",
    ),
    (
        codes::UNDECLARED,
        "The expression names a variable, a local or a value that does not exist.",
    ),
    (
        codes::BAD_EXPRESSION,
        "The expression cannot be evaluated: an operator or an index meets a value that it cannot take. YAML has `${var.NAME}` only; HCL has expressions.",
    ),
    (
        codes::UNKNOWN_FUNCTION,
        "There is no such function. Functions that read files, the clock or the environment do not exist on purpose: a manifest means the same everywhere.",
    ),
    (
        codes::BAD_CALL,
        "The function cannot take these arguments. The help shows how it is called.",
    ),
    (
        codes::LOCAL_CYCLE,
        "The local value needs itself to be computed.",
    ),
    (
        codes::BAD_COLUMN,
        "The header of a tenant list names a tenant key in each column: `id`, `users`, `tier`, `region`, …; demand as `demand_cpu_millicores` and so on; a waived export as `export_waived` with its reason.",
    ),
    (
        codes::BAD_ROW,
        "The row cannot be split into fields, or is no JSON object. Every bad row is reported.",
    ),
    (
        codes::BAD_FOR_EACH,
        "`for_each` makes one block for each entry of a map, or each text of a set.",
    ),
    (
        codes::BAD_TENANT_LIST,
        "`tenants_from` names `*.csv` files with a header or `*.jsonl` files with one object a line.",
    ),
    (
        codes::EXPANDED,
        "The other spelling holds plain values: comments, anchors, variables, locals and `for_each` are replaced by what they mean.",
    ),
    (
        codes::NOT_FORMATTED,
        "The formatter's result did not read back as the same document, so the file is left alone.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_once() {
        for code in Code::all() {
            assert_eq!(
                TEXTS.iter().filter(|(known, _)| *known == code).count(),
                1,
                "{code}"
            );
            assert!(explain(code).len() > 40, "{code}");
        }
        assert_eq!(TEXTS.len(), Code::all().count());
    }

    #[test]
    fn codes_are_in_order_and_found_in_any_case() {
        let all: Vec<&str> = Code::all().map(Code::as_str).collect();
        assert!(all.is_sorted_by(|a, b| a < b));
        assert_eq!(Code::find("e0107"), Some(codes::UNKNOWN_KEY));
        assert_eq!(Code::find("E9999"), None);
    }
}
