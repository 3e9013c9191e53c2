//! What a service costs whoever runs it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one service was measured to cost, on the node and at the load of this run. What could not be measured is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceCosts {
    /// The service.
    pub service: String,
    /// The identifier of its image: services with the same one share its bytes. Absent when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The bytes of its image, unpacked.
    pub image_bytes: Option<u64>,
    /// Seconds from the first deploy until all its tasks ran.
    pub seconds_to_running: Option<f64>,
    /// Seconds from the first deploy until all were healthy; absent without a healthcheck.
    pub seconds_to_healthy: Option<f64>,
    /// The most memory that one of its containers held, in bytes, with the files that the kernel kept for it.
    pub memory_peak: Option<u64>,
    /// Seconds of processor time of all its containers until an upgrade or another variant.
    pub cpu_seconds: Option<f64>,
    /// The bytes that its volumes took on the disk at last.
    pub volume_bytes: Option<u64>,
    /// By how many bytes they grew since the install.
    pub volume_growth: Option<u64>,
}

impl std::fmt::Display for ServiceCosts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = |what: &str, seconds: Option<f64>| seconds.map(|seconds| format!("{what} {seconds:.1} s"));
        let bytes = |what: &str, bytes: Option<u64>| bytes.map(|bytes| format!("{what} {}", megabytes(bytes)));
        let ready = seconds("healthy after", self.seconds_to_healthy);
        let ready = ready.or_else(|| seconds("running after", self.seconds_to_running));
        let volumes = bytes("volumes", self.volume_bytes)
            .map(|text| format!("{text} (+{})", megabytes(self.volume_growth.unwrap_or_default())));
        let parts = [
            ready,
            bytes("memory", self.memory_peak),
            seconds("processor", self.cpu_seconds),
            bytes("image", self.image_bytes),
            volumes,
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let parts = if parts.is_empty() { "not measured".to_owned() } else { parts.join(", ") };
        write!(f, "{}: {parts}", self.service)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_is_left_out() {
        let costs = ServiceCosts {
            service: "app".to_owned(),
            seconds_to_running: Some(1.0),
            seconds_to_healthy: Some(2.04),
            memory_peak: Some(12_345_678),
            volume_bytes: Some(4096),
            ..ServiceCosts::default()
        };
        assert_eq!(costs.to_string(), "app: healthy after 2.0 s, memory 12.3 MB, volumes 0.0 MB (+0.0 MB)");
        assert_eq!(ServiceCosts::default().to_string(), ": not measured");
    }
}
