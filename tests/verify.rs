//! The verifier from outside.

#![expect(
    clippy::disallowed_methods,
    reason = "the page of rules is written when asked for by STAMPCTL_BLESS"
)]

use stampctl::verify::rules_page;

/// `docs/rules.md` is written from the rules; `STAMPCTL_BLESS=1` writes it.
#[test]
fn the_page_of_rules_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    if std::env::var_os("STAMPCTL_BLESS").is_some() {
        std::fs::write(path, rules_page()).expect("docs/rules.md can be written");
    }
    let page = std::fs::read_to_string(path).expect("docs/rules.md can be read");
    assert!(page == rules_page(), "run the tests with STAMPCTL_BLESS=1");
}
