//! A run on disk: its folder, its lock, the writer of its log, and who is still alive.

mod folder;
mod lock;
mod log;
mod redact;

pub use folder::{RunFolder, RunId, replace_file};
pub use lock::{Liveness, RunLock, alone, liveness, lock_domain, sweep};
pub use log::{EventSink, RunLog, parse, read};
pub use redact::Redactor;
