//! Who may use whom, and who does.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::source::is_word;
use crate::source::line_of;
use crate::tree::File;

/// One line of the import table.
pub(crate) struct Row {
    /// A module of `lib.rs`.
    pub(crate) module: &'static str,
    /// What it may use: modules before it, parts of modules, and the providers' crates.
    pub(crate) may_use: &'static [&'static str],
}

const fn row(module: &'static str, may_use: &'static [&'static str]) -> Row {
    Row { module, may_use }
}

/// The import table, in the order in which data flows.
#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = &[
    row("diagnostic", &[]),
    row("model", &["contract"]),
    row("manifest", &["diagnostic", "model"]),
    row("observe", &["model", "contract"]),
    row("place", &["model", "observe", "contract"]),
    row("blueprint", &["model", "observe", "place", "contract"]),
    row("diff", &["model", "observe", "place", "blueprint", "contract"]),
    row("plan", &["model", "observe", "place", "blueprint", "diff", "contract"]),
    row("verify", &["model", "plan::format", "plan::seal", "contract"]),
    row("approve", &["diagnostic", "model", "plan"]),
    row("journal", &["model", "plan", "contract"]),
    row("store", &["model", "plan", "approve", "journal", "contract"]),
    row("render", &["diagnostic", "model", "manifest", "observe", "place", "blueprint", "diff",
                    "plan", "verify", "approve", "journal", "store", "contract"]),
    row("apply", &["model", "plan", "verify", "approve", "journal", "store", "contract"]),
    row("cli", &["diagnostic", "model", "manifest", "observe", "place", "blueprint", "diff",
                 "plan", "verify", "approve", "journal", "store", "render", "apply",
                 "contract", "sim", "azure"]),
];

/// The parts of `plan` that the verifier may read. Among the parts of `plan` they use only each
/// other, so that nothing of the planner comes with them.
pub(crate) const PLAN_DATA: &[&str] = &["plan::format", "plan::seal"];

/// Pairs of files that may need each other, with the reason. The list may only shrink.
pub(crate) const MUTUAL: &[(&str, &str, &str)] = &[];

/// A path that begins with `crate`, `super`, `stampctl` or a crate of this workspace.
#[derive(Debug, PartialEq, Eq)]
struct Reference {
    line: usize,
    /// As written.
    written: String,
    /// From the root of the crate; the crate's own name comes first for another crate.
    target: Vec<String>,
    /// Whether it ends in a list: `crate::{…}`.
    list: bool,
}

/// Every wrong-way use in the root package's files.
pub(crate) fn check_root(files: &[File]) -> Vec<String> {
    files.iter().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<String> {
    let mut faults = Vec::new();
    for reference in references(file) {
        let at = format!("{}:{}: `{}`", file.path, reference.line, reference.written);
        if reference.list {
            faults.push(format!("{at} opens a list; one item per `use` line"));
        } else if let Some(fault) = judge(file, &reference.target) {
            faults.push(format!("{at} {fault}"));
        }
    }
    faults
}

/// What is wrong with `file` using `target`, if anything.
fn judge(file: &File, target: &[String]) -> Option<String> {
    let Some(top) = target.first() else {
        return Some("names the crate as a whole".to_owned());
    };
    let path = target.join("::");
    if file.top() == "main" {
        let allowed = is_within(&path, "stampctl::cli");
        return (!allowed)
            .then(|| "is used by main.rs, which may use `stampctl::cli` only".to_owned());
    }
    if top == "stampctl" {
        return Some("names its own crate from outside; write `crate::`".to_owned());
    }
    if file.module.is_empty() || top == file.top() {
        return judge_own(file, &path);
    }
    let Some(row) = TABLE.iter().find(|row| row.module == file.top()) else {
        return Some(format!(
            "is used by `{}`, which is not in the import table",
            file.top()
        ));
    };
    let allowed = row.may_use.iter().any(|name| is_within(&path, name));
    (!allowed).then(|| {
        let names = match row.may_use {
            [] => "nothing".to_owned(),
            names => names.join(", "),
        };
        format!("is not for `{}`, which may use {names}", row.module)
    })
}

fn judge_own(file: &File, path: &str) -> Option<String> {
    let own = file.module.join("::");
    let is_data = PLAN_DATA.iter().any(|data| is_within(&own, data));
    let allowed = !is_data || PLAN_DATA.iter().any(|data| is_within(path, data));
    (!allowed).then(|| format!("leads `{own}`, which the verifier reads, back to the planner"))
}

fn is_within(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Every mention of the root crate, or of another provider, in a provider's files.
pub(crate) fn check_provider(files: &[File], own: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        for reference in references(file) {
            let at = format!("{}:{}: `{}`", file.path, reference.line, reference.written);
            match reference.target.first().map(String::as_str) {
                Some("stampctl") => {
                    faults.push(format!("{at} is the root crate, which no provider may see"));
                }
                Some(name @ ("contract" | "sim" | "azure"))
                    if is_foreign(&reference.written) && name != "contract" && name != own =>
                {
                    faults.push(format!(
                        "{at} is another provider; `contract` is all they share"
                    ));
                }
                _ if reference.list && !is_foreign(&reference.written) => {
                    faults.push(format!("{at} opens a list; one item per `use` line"));
                }
                _ => {}
            }
        }
    }
    faults
}

fn is_foreign(written: &str) -> bool {
    written.starts_with("stampctl")
}

/// Cycles among the files of one module. Paths to a parent or a child do not count: a parent
/// re-exports its children. A re-exported name counts as a path to the file it comes from.
pub(crate) fn cycles(files: &[File], mutual: &[(&str, &str, &str)]) -> Vec<String> {
    let tolerated: BTreeSet<String> = mutual
        .iter()
        .map(|(from, to, _)| format!("{from} {to}"))
        .collect();
    let modules: BTreeSet<&[String]> = files.iter().map(|file| file.module.as_slice()).collect();
    let exports = re_exports(files);
    let mut edges: BTreeMap<&[String], BTreeSet<&[String]>> = BTreeMap::new();
    for file in files {
        for reference in references(file) {
            let target = exports.get(&reference.target).unwrap_or(&reference.target);
            let Some(used) = (1..=target.len())
                .rev()
                .find_map(|length| modules.get(&target[..length]))
            else {
                continue;
            };
            let kin = file.module.starts_with(used) || used.starts_with(&file.module);
            let pair = format!("{} {}", file.module.join("::"), used.join("::"));
            if !kin && !tolerated.contains(&pair) {
                edges.entry(&file.module).or_default().insert(used);
            }
        }
    }
    // What has no way out, or no way in, is on no cycle; take it away until nothing more goes.
    loop {
        let before: usize = edges.values().map(BTreeSet::len).sum();
        let open: BTreeSet<&[String]> = edges.keys().copied().collect();
        for targets in edges.values_mut() {
            targets.retain(|target| open.contains(target));
        }
        let used: BTreeSet<&[String]> = edges.values().flatten().copied().collect();
        edges.retain(|from, targets| !targets.is_empty() && used.contains(from));
        if before == edges.values().map(BTreeSet::len).sum::<usize>() {
            break;
        }
    }
    let describe = |(from, to): (&&[String], &BTreeSet<&[String]>)| {
        let to: Vec<String> = to.iter().map(|module| module.join("::")).collect();
        format!(
            "{} is on a cycle: it uses {}",
            from.join("::"),
            to.join(", ")
        )
    };
    edges.iter().map(describe).collect()
}

/// `pub use child::Name;` in a parent: from `parent::Name` to `parent::child::Name`.
fn re_exports(files: &[File]) -> BTreeMap<Vec<String>, Vec<String>> {
    let mut exports = BTreeMap::new();
    for file in files {
        for line in file.code.lines() {
            let Some(path) = line
                .strip_prefix("pub use ")
                .and_then(|rest| rest.strip_suffix(';'))
            else {
                continue;
            };
            let segments: Vec<String> = path.split("::").map(str::to_owned).collect();
            let whole: Vec<String> = file.module.iter().cloned().chain(segments).collect();
            if let Some(name) = whole.last() {
                let alias: Vec<String> =
                    file.module.iter().cloned().chain([name.clone()]).collect();
                exports.insert(alias, whole);
            }
        }
    }
    exports
}

fn references(file: &File) -> Vec<Reference> {
    let code = file.code.as_str();
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut scope = Scope::default();
    let mut at = 0;
    while at < bytes.len() {
        scope.pass(code, at);
        let start_of_word = is_word(bytes[at]) && (at == 0 || !is_word(bytes[at - 1]));
        if !start_of_word {
            at += 1;
            continue;
        }
        let word = word_at(code, at);
        let inner = code[..at].trim_end().ends_with("::");
        // A path may begin with `::`, which names a crate all the same.
        let ours = word == "stampctl" || word.starts_with("stampctl_");
        let follows = ours || (!inner && ["crate", "super", "self"].contains(&word));
        if !follows {
            at += word.len();
            continue;
        }
        let (segments, end, list) = path_at(code, at);
        if let Some(target) = resolve(file, scope.depth(), &segments, &code[..at]) {
            let written = segments.join("::") + if list { "::{" } else { "" };
            found.push(Reference {
                line: line_of(code, at),
                written,
                target,
                list,
            });
        }
        at = end;
    }
    found
}

fn word_at(code: &str, at: usize) -> &str {
    let length = code[at..].bytes().take_while(|byte| is_word(*byte)).count();
    &code[at..at + length]
}

/// The segments of the path at `at`, where they end, and whether a list follows.
fn path_at(code: &str, at: usize) -> (Vec<String>, usize, bool) {
    let mut segments = Vec::new();
    let mut end = at;
    loop {
        let word = word_at(code, end);
        segments.push(word.to_owned());
        end += word.len();
        let after = code[end..].trim_start();
        let Some(next) = after.strip_prefix("::").map(str::trim_start) else {
            return (segments, end, false);
        };
        if next.starts_with('{') {
            return (segments, end, true);
        }
        if !next.bytes().next().is_some_and(is_word) {
            return (segments, end, false);
        }
        end = code.len() - next.len();
    }
}

/// The target, from the crate's root, of the path that follows `before`; `None` where it stays in
/// its file or is no path, as in `pub(crate)`.
fn resolve(file: &File, depth: usize, path: &[String], before: &str) -> Option<Vec<String>> {
    if path.len() == 1 && !before.trim_end().ends_with("use") {
        return path[0]
            .strip_prefix("stampctl_")
            .map(|name| vec![name.to_owned()]);
    }
    let rest = |from: usize| path[from..].iter().cloned();
    match path[0].as_str() {
        "crate" => Some(rest(1).collect()),
        "stampctl" => Some(path.to_vec()),
        "super" | "self" => {
            let ups = path
                .iter()
                .take_while(|part| matches!(part.as_str(), "super" | "self"));
            let named = ups.clone().count();
            let ups = ups.filter(|part| *part == "super").count();
            let kept = file.module.len().saturating_sub(ups.saturating_sub(depth));
            let whole = file.module[..kept].iter().cloned().chain(rest(named));
            (ups > depth).then(|| whole.collect())
        }
        name => {
            let name = name.strip_prefix("stampctl_")?;
            Some(std::iter::once(name.to_owned()).chain(rest(1)).collect())
        }
    }
}

/// How many inline modules are open, so that `super` inside one is not taken for a way out.
#[derive(Default)]
struct Scope {
    braces: usize,
    modules: Vec<usize>,
}

impl Scope {
    fn depth(&self) -> usize {
        self.modules.len()
    }

    fn pass(&mut self, code: &str, at: usize) {
        match code.as_bytes()[at] {
            b'{' => {
                self.braces += 1;
                let before = code[..at].trim_end();
                let name = before
                    .bytes()
                    .rev()
                    .take_while(|byte| is_word(*byte))
                    .count();
                let keyword = before[..before.len() - name].trim_end();
                if name > 0 && (keyword.ends_with(" mod") || keyword.ends_with("\nmod")) {
                    self.modules.push(self.braces);
                }
            }
            b'}' => {
                if self.modules.last() == Some(&self.braces) {
                    self.modules.pop();
                }
                self.braces = self.braces.saturating_sub(1);
            }
            _ => {}
        }
    }
}

/// A provider's `Cargo.toml` that depends on the root package, under whatever name.
pub(crate) fn check_dependencies(path: &str, manifest: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, line) in manifest.lines().enumerate() {
        let line = line.trim();
        let key = line
            .split(['=', '.', ' '])
            .next()
            .unwrap_or_default()
            .trim_matches('"');
        let renamed = line.contains("package = \"stampctl\"");
        let by_path = line.contains("path = \"../..\"") || line.contains("path = \"../../\"");
        let in_table = line.ends_with(".stampctl]");
        if key == "stampctl" || renamed || by_path || in_table {
            let line = index + 1;
            faults.push(format!(
                "{path}:{line}: a provider may not depend on the root package"
            ));
        }
    }
    faults
}
