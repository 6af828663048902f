//! Any bytes, at every door: the first byte chooses the door, the others come in at it.

#![no_main]

#[path = "../api/support/parsers.rs"]
#[expect(dead_code, reason = "the schemas are for those who make values after them")]
mod parsers;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

use crate::parsers::{BODIES, DOORS, Verdict, Yardstick};

static YARDSTICK: LazyLock<Yardstick> = LazyLock::new(Yardstick::new);

type Holds = fn(&Yardstick, &[u8]) -> Verdict;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let doors = DOORS.iter().map(|door| (door.name, door.holds)).chain(BODIES.iter().map(|body| (body.name, body.holds)));
    let door: Option<(&str, Holds)> = doors.cycle().nth(usize::from(*choice));
    if let Some((name, holds)) = door {
        holds(&YARDSTICK, bytes).unwrap_or_else(|found| panic!("{name}: {found}"));
    }
});
