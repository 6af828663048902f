//! Any bytes, at every door: the first byte chooses the door, the others come in at it.

#![no_main]

#[path = "../api/support/parsers.rs"]
mod parsers;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

use crate::parsers::{BODIES, DOORS, Verdict, Yardstick};

static YARDSTICK: LazyLock<Yardstick> = LazyLock::new(Yardstick::new);

type Holds = fn(&Yardstick, &[u8]) -> Verdict;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let mut doors = DOORS.iter().map(|door| door.holds).chain(BODIES.iter().map(|body| body.holds)).cycle();
    let holds: Option<Holds> = doors.nth(usize::from(*choice));
    if let Some(Err(found)) = holds.map(|holds| holds(&YARDSTICK, bytes)) {
        panic!("{found}");
    }
});
