//! How hard-pressed the node is: used on a timeout to tell a starved machine from a recipe that is simply not ready.

use serde::Serialize;

/// One line of the kernel's pressure stall information: the share of the last ten seconds, in percent, in which something waited
/// (kernel documentation, `accounting/psi`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Stall {
    /// Some task waited (`some avg10`).
    pub some: f64,
    /// Every task waited (`full avg10`).
    pub full: f64,
}

/// The pressure on a node. Each part is `None` where the kernel does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Pressure {
    /// Waiting for a processor.
    pub cpu: Option<Stall>,
    /// Waiting for the disk.
    pub io: Option<Stall>,
    /// Waiting for memory.
    pub memory: Option<Stall>,
    /// Bytes free where the node's engine keeps its data.
    pub disk_free: Option<u64>,
}

impl Pressure {
    /// Nothing about it is known.
    pub fn is_unknown(&self) -> bool {
        self.cpu.is_none() && self.io.is_none() && self.memory.is_none()
    }

    /// Reads the three files of `/proc/pressure`, each as text or absent. A line that cannot be read counts as unknown.
    pub fn from_proc(cpu: Option<&str>, io: Option<&str>, memory: Option<&str>, disk_free: Option<u64>) -> Self {
        Self { cpu: cpu.and_then(stall), io: io.and_then(stall), memory: memory.and_then(stall), disk_free }
    }
}

fn stall(text: &str) -> Option<Stall> {
    let average = |word: &str| -> Option<f64> {
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(word))?;
        line.split_whitespace().find_map(|field| field.strip_prefix("avg10="))?.parse().ok()
    };
    Some(Stall { some: average("some")?, full: average("full").unwrap_or(0.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernels_lines() {
        let cpu = "some avg10=13.04 avg60=21.80 avg300=33.93 total=274250050\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
        let io = "some avg10=0.79 avg60=1.20 avg300=2.44 total=34318762\nfull avg10=0.22 avg60=0.21 avg300=0.33 total=13423324\n";
        let read = Pressure::from_proc(Some(cpu), Some(io), None, Some(7));
        assert_eq!(read.cpu, Some(Stall { some: 13.04, full: 0.0 }));
        assert_eq!(read.io, Some(Stall { some: 0.79, full: 0.22 }));
        assert_eq!(read.memory, None);
        assert!(!read.is_unknown());
    }

    #[test]
    fn an_unreadable_file_is_unknown_and_not_zero() {
        let read = Pressure::from_proc(Some("Operation not supported"), Some("some avg10=x"), Some(""), None);
        assert!(read.is_unknown());
    }
}
