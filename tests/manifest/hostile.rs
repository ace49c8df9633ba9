//! Input made to hurt: each ends in a finding, in bounded time and memory, without a panic.

use std::fmt::Write as _;

use super::BASE;
use super::files;
use super::told;

/// The codes of a single YAML file.
fn yaml(text: &str) -> Vec<String> {
    told(&files(&[("f.yaml", text)]))
        .into_iter()
        .map(|(code, _)| code)
        .collect()
}

fn hcl(text: &str) -> Vec<String> {
    told(&files(&[("f.hcl", text)]))
        .into_iter()
        .map(|(code, _)| code)
        .collect()
}

fn has(codes: &[String], code: &str) {
    assert!(
        codes.iter().any(|c| c == code),
        "{code} not in {:?}",
        &codes[..codes.len().min(20)]
    );
}

#[test]
fn alias_bombs_do_not_go_off() {
    let mut lists = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut maps = "m0: &m0 { a: 1, b: 2 }\n".to_owned();
    for at in 1..40 {
        let all = vec![format!("*a{}", at - 1); 10].join(", ");
        let _ = writeln!(lists, "a{at}: &a{at} [{all}]");
        let _ = writeln!(
            maps,
            "m{at}: &m{at} {{ <<: *m{0}, k{at}: *m{0}, l{at}: *m{0} }}",
            at - 1
        );
    }
    has(&yaml(&lists), "E0104");
    has(&yaml(&maps), "E0104");
    has(&yaml("a: &a [*a]\n"), "E0115");
}

#[test]
fn expressions_stay_bounded() {
    let mut doubling = "locals {\n  a0 = [1, 2]\n".to_owned();
    let mut chain = "locals {\n  c0 = 1\n".to_owned();
    for at in 1..47 {
        let _ = writeln!(doubling, "  a{at} = [local.a{0}, local.a{0}]", at - 1);
    }
    for at in 1..5_000 {
        let _ = writeln!(chain, "  c{at} = local.c{}", at - 1);
    }
    has(&hcl(&format!("{doubling}}}\n")), "E0104");
    has(&hcl(&format!("{chain}}}\n")), "E0103");
    has(&hcl("locals {\n  a = local.b\n  b = local.a\n}\n"), "E0315");
    let range = "locals {\n  r = range(1, 3000)\n  x = [for a in local.r : [for b in local.r : [for c in local.r : a]]]\n}\n";
    has(&hcl(range), "E0104");
    has(&hcl("locals {\n  r = range(1, 9999999999)\n}\n"), "E0314");
    has(&hcl("fleet = format(\"%999999999d\", 1)\n"), "E0314");
    let text = "locals {\n  a = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n  b = join(local.a, [for i in range(0, 90000) : \"y\"])\n}\n";
    has(&hcl(text), "E0314");
}

#[test]
fn deep_nesting_is_refused() {
    for (start, open) in [
        ("x: ", "["),
        ("x: ", "{a: "),
        ("x:\n", "- "),
        ("x: ", "{b: ["),
    ] {
        has(&yaml(&format!("{start}{}", open.repeat(100_000))), "E0103");
    }
    let mut block = String::new();
    for at in 0..3_000 {
        let _ = writeln!(block, "{:at$}k:", "");
    }
    has(&yaml(&block), "E0103");
    for open in ["[", "{ a = ", "(", "f(", "-", "!"] {
        let codes = hcl(&format!("x = {}1\n", open.repeat(100_000)));
        assert!(!codes.is_empty());
    }
    assert!(!hcl(&"a {\n".repeat(100_000)).is_empty());
    assert!(!hcl(&format!("a = \"{}\"\n", "${\"".repeat(50_000))).is_empty());
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    for (bytes, code) in [
        (&b"version: 1\nfleet: \xff\xfe\n"[..], "E0303"),
        (&b"version: 1\nfleet: a\0b\n"[..], "E0304"),
        (&b""[..], "E0116"),
        (&b"# only a comment\n"[..], "E0116"),
        (&b"\xef\xbb\xbf"[..], "E0116"),
        (&b"just words\n"[..], "E0106"),
        (&b"- a\n- b\n"[..], "E0106"),
    ] {
        let folder = super::folder(&[]);
        std::fs::write(folder.path().join("f.yaml"), bytes).unwrap();
        has(
            &told(&super::at(folder.path()))
                .into_iter()
                .map(|(c, _)| c)
                .collect::<Vec<_>>(),
            code,
        );
    }
    assert_eq!(
        told(&super::at(std::path::Path::new("/nonexistent/fleet")))[0].0,
        "E0301"
    );
    assert_eq!(told(&files(&[]))[0].0, "E0302");
    #[cfg(unix)]
    assert_eq!(
        told(&super::at(std::path::Path::new("/dev/zero")))[0].0,
        "E0306"
    );
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let folder = super::folder(&[]);
    let file = std::fs::File::create(folder.path().join("f.yaml")).unwrap();
    file.set_len(3 << 30).unwrap();
    assert_eq!(told(&super::at(folder.path()))[0].0, "E0305");
}

#[test]
fn long_lines_and_long_lists_of_faults_stay_bounded() {
    let line = format!("{BASE}tenants: {{ {} }}\n", "a: {}, ".repeat(200_000));
    let loaded = files(&[("f.yaml", &line)]);
    assert!(loaded.diagnostics.dropped() > 0 && loaded.fleet.is_none());
    let long = format!("fleet: {}\n", "x".repeat(20 << 20));
    has(&yaml(&long), "E0117");
    let shown = files(&[("f.yaml", &long)]);
    let text = stampctl::diagnostic::render(
        &shown.diagnostics,
        &shown.sources,
        stampctl::diagnostic::Style::default(),
    );
    assert!(text.len() < 20_000);
    let row = format!("id,region\n{}\n", "y".repeat(3 << 20));
    let list = format!("{BASE}tenants_from: t.csv\n");
    assert_eq!(
        told(&files(&[("f.yaml", &list), ("t.csv", &row)])),
        [("E0317".to_owned(), 2)]
    );
}

#[test]
fn absurd_numbers_are_refused() {
    for number in [
        "99999999999999999999",
        "-1",
        "1.5",
        "1e400",
        "0x10",
        "007",
        ".inf",
        "1_000",
    ] {
        let text = format!("{BASE}tenants: {{ a: {{ region: eastus2, users: {number} }} }}\n");
        let codes = yaml(&text);
        assert!(
            codes.iter().any(|c| c == "E0111" || c == "E0106"),
            "{number}: {codes:?}"
        );
    }
    for number in [
        "1e400",
        "-1",
        "1 / 0",
        "1.5",
        "9999999999 * 9999999999",
        "0 % 0",
    ] {
        let codes = hcl(&format!(
            "policy {{\n  limits = {{ tenants_moved = {number} }}\n}}\n"
        ));
        assert!(
            codes
                .iter()
                .any(|c| c == "E0111" || c == "E0312" || c == "E0102"),
            "{number}: {codes:?}"
        );
    }
}

#[test]
fn what_is_shown_holds_no_control_characters() {
    let loaded = files(&[(
        "f.yaml",
        "\"ev\\e[2Jil\\u202e\": 1\nfleet: \"\\e]0;x\\a\"\n",
    )]);
    let shown = stampctl::diagnostic::render(
        &loaded.diagnostics,
        &loaded.sources,
        stampctl::diagnostic::Style::default(),
    );
    assert!(
        !shown
            .chars()
            .any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'),
        "{shown}"
    );
}
