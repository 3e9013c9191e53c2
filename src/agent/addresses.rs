//! Addresses for a node's own networks that collide with nothing the container already has.
//!
//! An engine nested in a container sees the container's network as its outside. If its own bridge, or the bridge that leads out
//! of overlay networks, took the same addresses, nothing would be routed. A node nested in a node meets its parent's choice, so
//! the choice depends on what is there.

use std::net::Ipv4Addr;

/// A block of addresses and how a node divides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// The engine's default bridge, as `--bip` wants it.
    pub(super) bridge: String,
    /// The subnet of `docker_gwbridge`.
    pub(super) gateway_subnet: String,
    /// The node's address on it.
    pub(super) gateway: Ipv4Addr,
    /// Pool for further local bridges.
    pub(super) bridge_pool: String,
    /// Pool for overlay networks.
    pub(super) overlay_pool: String,
}

/// Chooses a block of 100.64.0.0/10 (RFC 6598, shared address space: neither private networks nor the internet use it) that
/// overlaps no route of `routes`, the text of `/proc/net/route`.
pub(super) fn plan(routes: &str) -> Plan {
    let taken = parse(routes);
    let free = (64..128).find(|block| {
        let (start, end) =
            (u32::from(Ipv4Addr::new(100, *block, 0, 0)), u32::from(Ipv4Addr::new(100, *block, 255, 255)));
        !taken.iter().any(|(first, last)| *first <= end && *last >= start)
    });
    // With all sixty-four blocks routed somewhere a collision cannot be avoided; the last one is as good as any.
    let block = free.unwrap_or(127);
    Plan {
        bridge: format!("100.{block}.0.1/22"),
        gateway_subnet: format!("100.{block}.4.0/22"),
        gateway: Ipv4Addr::new(100, block, 4, 1),
        bridge_pool: format!("100.{block}.64.0/18"),
        overlay_pool: format!("100.{block}.128.0/17"),
    }
}

/// First and last address of every route but the default one. Numbers are hexadecimal in the machine's byte order (proc(5)).
fn parse(routes: &str) -> Vec<(u32, u32)> {
    routes
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let destination = u32::from_be(u32::from_str_radix(fields.next()?, 16).ok()?);
            let mask = u32::from_be(u32::from_str_radix(fields.nth(5)?, 16).ok()?);
            (mask != 0).then_some((destination & mask, destination | !mask))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

    #[test]
    fn a_node_takes_the_first_block() {
        let routes = format!(
            "{HEAD}eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\neth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
        );
        let plan = plan(&routes);
        assert_eq!(plan.gateway, Ipv4Addr::new(100, 64, 4, 1));
        assert_eq!(plan.overlay_pool, "100.64.128.0/17");
    }

    #[test]
    fn a_node_in_a_node_takes_the_next() {
        let routes = format!("{HEAD}eth0\t00004064\t00000000\t0001\t0\t0\t0\t00FCFFFF\t0\t0\t0\n");
        assert_eq!(plan(&routes).gateway, Ipv4Addr::new(100, 65, 4, 1));
    }

    #[test]
    fn nonsense_is_survived() {
        assert_eq!(plan("").gateway, plan("x\ny z\n").gateway);
    }
}
