//! Rules about labels for Traefik, backup-bot and abra.

mod backup;
mod bot;
mod dumps;
mod misplaced;
mod moving;
mod resolver;
mod routers;
mod traefik;
mod unknown;
mod version;

use crate::lint::rule::Rule;

/// The family's rules.
pub(super) const RULES: &[&Rule] = &[
    &misplaced::RULE,
    &unknown::REFUSED,
    &unknown::IGNORED,
    &unknown::BACKUPBOT,
    &unknown::COOP_CLOUD,
    &routers::PORT,
    &routers::NO_RULE,
    &routers::DOMAIN,
    &routers::TWICE,
    &routers::MIDDLEWARE,
    &routers::TLS,
    &routers::NETWORK,
    &routers::SERVICE,
    &routers::ENABLE,
    &backup::FIRST,
    &backup::HOOK,
    &backup::OFF,
    &backup::VOLUME,
    &backup::VALUE,
    &dumps::OUTSIDE,
    &dumps::UNSELECTED,
    &dumps::HOT,
    &dumps::RESTORE,
    &dumps::CLEAN,
    &version::MISSING,
    &version::MALFORMED,
    &version::TIMEOUT,
    &resolver::RULE,
];
