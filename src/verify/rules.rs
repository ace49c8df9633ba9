//! Every rule, in the order in which they are told. Pure.

pub mod acts;
pub mod arrive;
pub mod birth;
pub mod checks;
pub mod delete;
pub mod drain;
pub mod entries;
pub mod home;
pub mod leave;
pub mod ledger;
pub mod limits;
pub mod locks;
pub mod moves;
pub mod quota;
pub mod serving;
pub mod unknown;

use super::case::Case;
use super::rule::Findings;
use super::rule::Order;
use super::rule::Rule;
use super::rule::Sink;

/// Every rule, by family and number.
pub static RULES: &[Rule] = &[
    acts::P_1,
    acts::P_2,
    checks::P_3,
    limits::P_4,
    entries::P_5,
    ledger::P_6,
    quota::O_1,
    quota::O_2,
    quota::O_4,
    quota::O_5,
    drain::O_6,
    delete::O_7,
    drain::O_8,
    drain::O_9,
    drain::O_10,
    drain::O_11,
    drain::O_12,
    drain::O_13,
    drain::O_14,
    delete::O_17,
    delete::O_18,
    delete::O_19,
    delete::O_20,
    ledger::O_22,
    birth::O_23,
    birth::O_24,
    birth::O_25,
    birth::O_26,
    birth::O_27,
    drain::O_28,
    ledger::O_30,
    arrive::O_31,
    arrive::O_32,
    arrive::O_33,
    arrive::O_34,
    arrive::O_35,
    arrive::O_36,
    arrive::O_37,
    leave::O_38,
    leave::O_39,
    leave::O_40,
    moves::O_45,
    moves::O_46,
    moves::O_47,
    moves::O_50,
    moves::O_51,
    moves::O_54,
    moves::O_55,
    moves::O_57,
    drain::O_85,
    birth::O_86,
    locks::O_87,
    drain::O_88,
    delete::O_90,
    quota::I_1,
    home::I_2,
    ledger::I_3,
    serving::I_4,
    locks::I_5,
    unknown::I_6,
    moves::I_7,
    arrive::I_8,
    delete::I_9,
    moves::I_10,
];

/// The rule with this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// A rule, and what it asks of each step by itself.
pub type Each = (&'static Rule, fn(&Case<'_>, usize, &mut Sink<'_>));

/// The rules that ask something of each step by itself.
pub fn of_each_step() -> Vec<Each> {
    let rules = RULES.iter();
    rules.filter_map(|rule| Some((rule, rule.each?))).collect()
}

/// Judges the orders that rules ask for: before everything else that they ask.
pub fn judge_orders(case: &Case<'_>, findings: &mut Findings) {
    for rule in RULES {
        let mut sink = findings.sink(rule);
        for order in rule.orders {
            in_order(case, order, &mut sink);
        }
    }
}

/// Judges one step by itself.
pub fn judge_step(each: &[Each], case: &Case<'_>, at: usize, findings: &mut Findings) {
    for (rule, check) in each {
        check(case, at, &mut findings.sink(rule));
    }
}

/// Judges what rules ask of the plan as a whole: after everything else.
pub fn judge_whole(case: &Case<'_>, findings: &mut Findings) {
    for rule in RULES {
        (rule.check)(case, &mut findings.sink(rule));
    }
}

fn in_order(case: &Case<'_>, order: &Order, sink: &mut Sink<'_>) {
    for kind in order.then {
        for (at, step) in case.of_kind(*kind) {
            let mut found = false;
            for first in case.graph.siblings(at, order.first) {
                found = true;
                if !case.graph.is_before(first, at) {
                    let first = &case.graph.step(first).id;
                    sink.step(step, format!("it does not wait for `{first}`"));
                }
            }
            if !found && (order.needed)(case, at) {
                let words: Vec<_> = order.first.iter().map(|kind| kind.word()).collect();
                sink.step(
                    step,
                    format!("there is no {} before it", words.join(" or ")),
                );
            }
        }
    }
}
