//! Keys that stand twice, and the merge key `<<`. Pure.

use super::node::Entry;
use super::node::Map;
use super::node::Node;
use super::node::Value;
use super::node::duplicates;
use super::yaml::Builder;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes;
use std::collections::HashSet;
use std::rc::Rc;

impl Builder<'_> {
    /// Reports keys that stand twice and expands merge keys; `None` where that grows too large.
    pub(super) fn finish_map(&mut self, mut entries: Vec<Entry>) -> Option<Map> {
        let twice = duplicates(&entries);
        for &(first, again) in &twice {
            if &*entries[first].key == "<<" {
                continue;
            }
            let problem = format!("the key `{}` stands twice in one map", entries[again].key);
            self.found.push(
                Diagnostic::error(codes::DUPLICATE, problem)
                    .at(entries[again].key_span, "again here")
                    .at(entries[first].key_span, "first here")
                    .help("keep one of them"),
            );
        }
        if !twice.is_empty() {
            let gone: HashSet<usize> = twice
                .iter()
                .filter(|(first, _)| &*entries[*first].key != "<<")
                .map(|(_, again)| *again)
                .collect();
            let mut at = 0;
            entries.retain(|_| {
                at += 1;
                !gone.contains(&(at - 1))
            });
        }
        if !entries.iter().any(|entry| &*entry.key == "<<") {
            return Some(Map { entries });
        }
        let (merges, mut own): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| &*entry.key == "<<");
        let mut known: HashSet<Rc<str>> = own.iter().map(|e| Rc::clone(&e.key)).collect();
        for merge in merges {
            self.merge(&merge.value, &mut own, &mut known)?;
        }
        Some(Map { entries: own })
    }

    /// Adds what a merge key names and the map does not say itself.
    fn merge(
        &mut self,
        from: &Node,
        own: &mut Vec<Entry>,
        known: &mut HashSet<Rc<str>>,
    ) -> Option<()> {
        match &from.value {
            Value::Map(map) => {
                if !self.spend(map.entries.len() as u64, from.span) {
                    return None;
                }
                for entry in &map.entries {
                    if known.insert(Rc::clone(&entry.key)) {
                        own.push(entry.clone());
                    }
                }
            }
            Value::List(items) if items.iter().all(|item| item.as_map().is_some()) => {
                for item in items.iter() {
                    self.merge(item, own, known)?;
                }
            }
            Value::Broken => {}
            _ => self.found.push(
                Diagnostic::error(
                    codes::BAD_MERGE,
                    format!("`<<` merges a map or a list of maps, not {}", from.kind()),
                )
                .at(from.span, "not a map")
                .help("let it name a map, as in `<<: *shared`"),
            ),
        }
        Some(())
    }
}
