//! What the engine's answers hold, as far as it is looked at: every field may be missing, and every word may be new.
//! Names and meaning: the Engine API, versions 1.41 to 1.53.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawService {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) version: RawVersion,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    pub(super) spec: RawSpec,
    pub(super) previous_spec: Option<RawSpec>,
    pub(super) service_status: Option<RawServiceStatus>,
    pub(super) update_status: Option<RawUpdateStatus>,
    pub(super) job_status: Option<RawJobStatus>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawVersion {
    pub(super) index: u64,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawJobStatus {
    pub(super) job_iteration: RawVersion,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawSpec {
    pub(super) name: String,
    pub(super) labels: Option<std::collections::BTreeMap<String, String>>,
    pub(super) task_template: Value,
    pub(super) mode: HashMap<String, Option<RawMode>>,
    pub(super) update_config: Option<RawUpdateConfig>,
    pub(super) endpoint_spec: Option<RawEndpoint>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawMode {
    pub(super) replicas: Option<u64>,
    pub(super) total_completions: Option<u64>,
    pub(super) max_concurrent: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawUpdateConfig {
    pub(super) monitor: Option<u64>,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawEndpoint {
    pub(super) mode: Option<String>,
    pub(super) ports: Option<Vec<RawPort>>,
}

#[derive(Deserialize, Default, PartialEq, Clone)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawPort {
    pub(super) protocol: String,
    pub(super) target_port: u16,
    pub(super) published_port: u16,
    pub(super) publish_mode: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawServiceStatus {
    pub(super) desired_tasks: u64,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawUpdateStatus {
    pub(super) state: String,
    pub(super) started_at: String,
    pub(super) completed_at: String,
    pub(super) message: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawTask {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(rename = "ServiceID")]
    pub(super) service_id: String,
    #[serde(rename = "NodeID")]
    pub(super) node_id: String,
    pub(super) created_at: String,
    pub(super) slot: u64,
    pub(super) spec: Value,
    pub(super) status: RawTaskStatus,
    pub(super) desired_state: String,
    pub(super) job_iteration: Option<RawVersion>,
    pub(super) networks_attachments: Option<Vec<RawAttachment>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawTaskStatus {
    pub(super) timestamp: String,
    pub(super) state: String,
    pub(super) message: String,
    pub(super) err: String,
    pub(super) container_status: Option<RawContainerStatus>,
    pub(super) port_status: Option<RawPortStatus>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawContainerStatus {
    #[serde(rename = "ContainerID")]
    pub(super) container_id: String,
    pub(super) exit_code: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawPortStatus {
    pub(super) ports: Option<Vec<RawPort>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawAttachment {
    pub(super) network: RawNetwork,
    pub(super) addresses: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawNetwork {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) spec: RawNetworkSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawNetworkSpec {
    pub(super) name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawNode {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) description: RawDescription,
    pub(super) status: RawNodeStatus,
    pub(super) spec: RawNodeSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawDescription {
    pub(super) hostname: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawNodeStatus {
    pub(super) state: String,
    pub(super) message: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawNodeSpec {
    pub(super) availability: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawContainer {
    pub(super) image: String,
    pub(super) state: RawState,
    pub(super) config: RawConfig,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawState {
    #[serde(rename = "OOMKilled")]
    pub(super) oom_killed: bool,
    pub(super) exit_code: Option<i64>,
    pub(super) running: bool,
    pub(super) started_at: String,
    pub(super) finished_at: String,
    pub(super) health: Option<RawHealth>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawHealth {
    pub(super) status: String,
    pub(super) failing_streak: i64,
    pub(super) log: Option<Vec<RawProbe>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawProbe {
    pub(super) start: String,
    pub(super) end: String,
    pub(super) exit_code: i64,
    pub(super) output: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawConfig {
    pub(super) healthcheck: Option<RawHealthcheck>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RawHealthcheck {
    pub(super) test: Option<Vec<String>>,
    pub(super) interval: u64,
    pub(super) timeout: u64,
    pub(super) retries: u32,
    pub(super) start_period: u64,
}
