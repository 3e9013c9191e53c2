//! Rules about what swarm ignores or refuses.

mod health;
mod ignored;
mod mounts;
mod names;
mod peers;
mod refused;
mod updates;

use crate::lint::rule::Rule;

/// The family's rules.
pub(super) const RULES: &[&Rule] = &[
    &ignored::RESTART,
    &ignored::CONTAINER_NAME,
    &ignored::BUILD,
    &ignored::DEPENDS_ON,
    &ignored::PRIVILEGED,
    &ignored::DEVICES,
    &ignored::KEY,
    &names::TOO_LONG,
    &names::LITTLE_ROOM,
    &names::REFUSED,
    &updates::CLASH,
    &updates::HOST_START_FIRST,
    &updates::DATABASE_START_FIRST,
    &updates::DATABASE_REPLICAS,
    &refused::UNDEFINED,
    &refused::VALUE,
    &mounts::LETTER,
    &mounts::RELATIVE,
    &mounts::ANONYMOUS,
    &health::VARIABLE,
    &health::START,
    &peers::RULE,
];
