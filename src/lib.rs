//! taster tastes every recipe before it is served.
//!
//! Data flows one way: repository → [`recipe`] → [`compose`] project → findings ([`lint`]) and plan ([`scenario`]) → events and
//! outcomes ([`record`], written by [`run`]) → [`history`] → [`score`] → [`report`]. A module imports only modules that stand above it in the list below, so that a
//! newcomer can read from top to bottom.

pub mod recipe;
pub mod compose;
pub mod traefik;
pub mod record;
pub mod config;
pub mod lint;
pub mod registry;
pub mod sync;
pub mod run;
pub mod ingress;
pub mod agent;
pub mod swarm;
pub mod browser;
pub mod scenario;
pub mod trial;
pub mod history;
pub mod score;
pub mod plan;
pub mod release;
pub mod mirror;
pub mod catalogue;
pub mod fleet;
pub mod report;
pub mod site;
pub mod forge;
pub mod ci;
pub mod demo;
pub mod doctor;
pub mod cli;
