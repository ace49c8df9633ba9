//! Resource ids: which resource or collection a path names. Pure.

/// A resource (as many names as types) or a collection (one type more), within a resource group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// As the caller spells it.
    pub(crate) subscription: String,
    pub(crate) group: String,
    pub(crate) namespace: String,
    pub(crate) types: Vec<String>,
    pub(crate) names: Vec<String>,
}

impl Target {
    /// Reads `namespace/type/name/type/name`.
    pub(crate) fn new(subscription: &str, group: &str, namespace: &str, rest: &[String]) -> Self {
        let types = rest.iter().step_by(2).cloned().collect();
        let names = rest.iter().skip(1).step_by(2).cloned().collect();
        Self {
            subscription: subscription.to_owned(),
            group: group.to_owned(),
            namespace: namespace.to_owned(),
            types,
            names,
        }
    }

    pub(crate) fn is_collection(&self) -> bool {
        self.types.len() > self.names.len()
    }

    /// The type's name, lower-cased, as the tables are searched by.
    pub(crate) fn type_key(&self) -> String {
        format!("{}/{}", self.namespace, self.types.join("/")).to_ascii_lowercase()
    }

    pub(crate) fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    /// The resource's id, with the types as the table spells them.
    pub(crate) fn id(&self, type_name: &str) -> String {
        let mut words = type_name.split('/');
        let namespace = words.next().unwrap_or(&self.namespace);
        let mut id = format!(
            "{}/providers/{namespace}",
            group_id(&self.subscription, &self.group)
        );
        for (word, name) in words.zip(&self.names) {
            id.push('/');
            id.push_str(word);
            id.push('/');
            id.push_str(name);
        }
        id
    }
}

/// The id of a resource group.
pub(crate) fn group_id(subscription: &str, group: &str) -> String {
    format!("/subscriptions/{subscription}/resourceGroups/{group}")
}

/// The resource that an id names, if it is one within a resource group.
pub(crate) fn parse_id(id: &str) -> Option<Target> {
    let parts: Vec<String> = id.trim_matches('/').split('/').map(str::to_owned).collect();
    let lower: Vec<String> = parts.iter().map(|part| part.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    match lower.as_slice() {
        [
            "subscriptions",
            _,
            "resourcegroups",
            _,
            "providers",
            _,
            rest @ ..,
        ] if !rest.is_empty() && rest.len() % 2 == 0 => {
            Some(Target::new(&parts[1], &parts[3], &parts[5], &parts[6..]))
        }
        _ => None,
    }
}
