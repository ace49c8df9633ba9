//! How a record of the manifest is declared. Pure.

/// Declares a record: a struct of optional spanned fields, its schema, and how it is read.
macro_rules! document {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub(crate) struct $name {
            $($(#[$field_doc])* pub(crate) $field: Option<$crate::manifest::decode::Spanned<$type>>,)*
            /// Keys that are there and could not be read: they are not missing.
            #[schemars(skip)]
            pub(crate) broken: Vec<&'static str>,
        }

        impl $crate::manifest::decode::Record for $name {
            const KEYS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn set(&mut self, entry: &$crate::manifest::node::Entry, cx: &mut $crate::manifest::decode::Decoder<'_>) -> bool {
                match &*entry.key {
                    $(stringify!($field) => {
                        self.$field = $crate::manifest::decode::field(entry, cx);
                        if self.$field.is_none() {
                            self.broken.push(stringify!($field));
                        }
                    })*
                    _ => return false,
                }
                true
            }

            fn broke(&mut self, key: &'static str) {
                self.broken.push(key);
            }
        }

        impl $crate::manifest::decode::Decode for $name {
            fn decode(node: &$crate::manifest::node::Node, key: &str, cx: &mut $crate::manifest::decode::Decoder<'_>) -> Option<Self> {
                $crate::manifest::decode::record(node, key, cx)
            }
        }
    };
}
pub(crate) use document;
