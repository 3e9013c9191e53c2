//! Faults that the demo app has on request, so that every one of them can be planted in a recipe and caught.

use std::str::FromStr;
use std::time::Duration;

/// The most that [`Fault::Oom`] allocates, in bytes: without a memory limit it must not take the machine down.
const OOM_CEILING: usize = 2 << 30;

/// One thing that is wrong with the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `exit:CODE[@SECONDS]`: exits with this code at every start, or so long after it.
    Exit {
        /// The exit code.
        code: i32,
        /// How long after the start; zero = before anything else.
        after: Duration,
    },
    /// `segv`: dies by a signal at every start.
    Segv,
    /// `oom`: allocates memory until the kernel ends it.
    Oom,
    /// `unhealthy`: `/healthz` says 503.
    Unhealthy,
    /// `slow-boot:SECONDS`: the first start takes this long before anything listens; a first start that is cut short begins anew.
    SlowBoot(Duration),
    /// `busy-boot:SECONDS`: every start needs this much processor time before anything listens.
    BusyBoot(Duration),
    /// `status:CODE`: every page but `/healthz` answers with this status.
    Status(u16),
    /// `blank`: the front page is empty.
    Blank,
    /// `redirect:URL`: the front page sends the visitor elsewhere.
    Redirect(String),
    /// `forbidden`: the front page answers 403.
    Forbidden,
    /// `lock[:SECONDS]`: the first start takes this long (10 s unless told) and holds a lock meanwhile; cut short, the lock stays
    /// and every later start waits for it in vain.
    Lock(Duration),
    /// `ignore-term`: SIGTERM is ignored.
    IgnoreTerm,
    /// `lose-on-restart`: notes live in memory alone.
    LoseOnRestart,
    /// `broken-script`: the front page asks for a script that is not there.
    BrokenScript,
    /// `broken-script-once`: the same, for the first visitor only.
    BrokenScriptOnce,
    /// `blank-script`: the front page is painted by a script, and that fails.
    BlankScript,
    /// `broken-migration`: data of an older schema cannot be migrated; the app exits with an error.
    BrokenMigration,
    /// `lossy-migration`: migrating data of an older schema loses the first note.
    LossyMigration,
    /// `adjacent-migration`: only data of the schema just before can be migrated; the app exits with an error otherwise.
    AdjacentMigration,
    /// `blank-migration`: on data that was migrated the front page is painted by a script, and that fails.
    BlankMigration,
    /// `login-migration`: on data that was migrated nobody can log in any more.
    LoginMigration,
    /// `forgets-newer`: on data of a newer schema it begins a new notebook, as if there were none.
    ForgetsNewer,
    /// `empty-dump`: a dump holds no note, and nothing is said.
    EmptyDump,
    /// `truncated-dump`: a dump ends in its middle, and nothing is said.
    TruncatedDump,
    /// `torn-dump`: a dump takes some seconds, and holds the newest note without those that were written just before it.
    TornDump,
    /// `busy-restore:SECONDS`: for so long after a restore `list` cannot read the notes.
    BusyRestore(Duration),
    /// `half-restore`: a restore stops half-way, and nothing is said.
    HalfRestore,
}

/// Why a fault's text was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no fault: use exit:CODE[@SECONDS], segv, oom, unhealthy, slow-boot:SECONDS, busy-boot:SECONDS, status:CODE, blank, redirect:URL, \
     forbidden, lock[:SECONDS], ignore-term, lose-on-restart, broken-script, broken-script-once, blank-script, \
     broken-migration, lossy-migration, adjacent-migration, blank-migration, login-migration, forgets-newer, empty-dump, truncated-dump, torn-dump, busy-restore:SECONDS or half-restore"
)]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let (name, value) = match text.split_once(':') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let fault = match (name, value) {
            ("exit", Some(value)) => exit(value),
            ("segv", None) => Some(Self::Segv),
            ("oom", None) => Some(Self::Oom),
            ("unhealthy", None) => Some(Self::Unhealthy),
            ("slow-boot", Some(value)) => seconds(value).map(Self::SlowBoot),
            ("busy-boot", Some(value)) => seconds(value).map(Self::BusyBoot),
            ("status", Some(value)) => value.parse().ok().filter(|code| (200..600).contains(code)).map(Self::Status),
            ("blank", None) => Some(Self::Blank),
            ("redirect", Some(url)) if !url.is_empty() => Some(Self::Redirect(url.to_owned())),
            ("forbidden", None) => Some(Self::Forbidden),
            ("lock", None) => Some(Self::Lock(Duration::from_secs(10))),
            ("lock", Some(value)) => seconds(value).map(Self::Lock),
            ("ignore-term", None) => Some(Self::IgnoreTerm),
            ("lose-on-restart", None) => Some(Self::LoseOnRestart),
            ("broken-script", None) => Some(Self::BrokenScript),
            ("broken-script-once", None) => Some(Self::BrokenScriptOnce),
            ("blank-script", None) => Some(Self::BlankScript),
            ("broken-migration", None) => Some(Self::BrokenMigration),
            ("lossy-migration", None) => Some(Self::LossyMigration),
            ("adjacent-migration", None) => Some(Self::AdjacentMigration),
            ("blank-migration", None) => Some(Self::BlankMigration),
            ("login-migration", None) => Some(Self::LoginMigration),
            ("forgets-newer", None) => Some(Self::ForgetsNewer),
            ("empty-dump", None) => Some(Self::EmptyDump),
            ("truncated-dump", None) => Some(Self::TruncatedDump),
            ("torn-dump", None) => Some(Self::TornDump),
            ("busy-restore", Some(value)) => seconds(value).map(Self::BusyRestore),
            ("half-restore", None) => Some(Self::HalfRestore),
            _ => None,
        };
        fault.ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

fn exit(value: &str) -> Option<Fault> {
    let (code, after) = match value.split_once('@') {
        Some((code, after)) => (code, seconds(after)?),
        None => (value, Duration::ZERO),
    };
    Some(Fault::Exit { code: code.parse().ok().filter(|code| (0..256).contains(code))?, after })
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// Dies by SIGSEGV (exit code 139 in a container).
pub(super) fn die_by_signal() -> ! {
    // Rust's own handler takes the first one, gives the signal its default action back and returns.
    for _ in 0..2 {
        let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGSEGV);
    }
    // The kernel ignores deadly signals that process 1 of a container sends to itself; `abort` ends in an instruction that faults.
    std::process::abort();
}

/// Allocates until the kernel ends the process; returns when nothing did.
pub(super) fn allocate_until_killed() {
    const STEP: usize = 16 << 20;
    let mut held: Vec<Vec<u8>> = Vec::new();
    while held.len() * STEP < OOM_CEILING {
        // Not zeroes: those the kernel would give without using memory for them.
        held.push(vec![0xA5; STEP]);
    }
}

/// The processor time that this process has used, as the kernel counts it (proc_pid_stat(5): the 14th and 15th word, in hundredths of a
/// second); zero where it does not tell.
pub(super) fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The program's own name stands in brackets, and may hold anything.
    let words = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: u64 = words.skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_understood() {
        let seconds = Duration::from_secs_f64;
        for (text, fault) in [
            ("exit:3", Fault::Exit { code: 3, after: Duration::ZERO }),
            ("exit:0@1.5", Fault::Exit { code: 0, after: seconds(1.5) }),
            ("segv", Fault::Segv),
            ("oom", Fault::Oom),
            ("unhealthy", Fault::Unhealthy),
            ("slow-boot:20", Fault::SlowBoot(seconds(20.0))),
            ("status:500", Fault::Status(500)),
            ("blank", Fault::Blank),
            ("redirect:https://a.example:1/x", Fault::Redirect("https://a.example:1/x".to_owned())),
            ("forbidden", Fault::Forbidden),
            ("lock", Fault::Lock(seconds(10.0))),
            ("lock:3", Fault::Lock(seconds(3.0))),
            ("ignore-term", Fault::IgnoreTerm),
            ("lose-on-restart", Fault::LoseOnRestart),
            ("broken-script", Fault::BrokenScript),
            ("broken-script-once", Fault::BrokenScriptOnce),
            ("blank-script", Fault::BlankScript),
            ("empty-dump", Fault::EmptyDump),
            ("truncated-dump", Fault::TruncatedDump),
            ("torn-dump", Fault::TornDump),
            ("busy-boot:1.5", Fault::BusyBoot(seconds(1.5))),
            ("busy-restore:3", Fault::BusyRestore(seconds(3.0))),
            ("half-restore", Fault::HalfRestore),
        ] {
            assert_eq!(text.parse(), Ok(fault), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for text in [
            "",
            "exit",
            "exit:",
            "exit:x",
            "exit:300",
            "exit:1@-1",
            "status:99",
            "segv:1",
            "redirect:",
            "slow-boot:nan",
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")) && error.contains("slow-boot"), "{error}");
        }
    }
}
