//! How busy the node is, so that a timeout can be told from a starved machine (design.md §3.2).

use std::path::Path;

use super::protocol::Pressure;

/// Where the node's engine keeps its data.
const ENGINE_DATA: &str = "/var/lib/docker";

/// Reads `/proc/pressure`, free disk and free memory. What the kernel does not tell stays zero, which reads as "not starved".
pub(super) fn pressure() -> Pressure {
    let some = |what: &str| {
        std::fs::read_to_string(format!("/proc/pressure/{what}")).ok().and_then(|text| avg10(&text)).unwrap_or(0.0)
    };
    let disk = nix::sys::statvfs::statvfs(Path::new(ENGINE_DATA))
        .map_or(u64::MAX, |stat| stat.blocks_available() * stat.fragment_size());
    let memory = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text)).unwrap_or(u64::MAX);
    Pressure { cpu: some("cpu"), io: some("io"), memory: some("memory"), disk_free: disk, memory_free: memory }
}

/// The ten-second average of the line `some`.
fn avg10(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with("some "))?;
    line.split_whitespace().find_map(|field| field.strip_prefix("avg10="))?.parse().ok()
}

/// `MemAvailable` in bytes.
fn available(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_words_are_read() {
        let text =
            "some avg10=21.98 avg60=12.33 avg300=4.24 total=24435431\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
        assert_eq!(avg10(text), Some(21.98));
        assert_eq!(available("MemTotal: 3 kB\nMemAvailable:   2048 kB\n"), Some(2 << 20));
        assert_eq!(avg10("nonsense"), None);
    }
}
