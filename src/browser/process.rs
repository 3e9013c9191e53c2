//! The browser's processes: started with a profile of their own, and gone with us however we go.

use std::io::Read as _;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::{BrowserError, BrowserOptions};

/// How long it may take until it listens. It takes half a second on an idle machine.
const START: Duration = Duration::from_secs(60);

/// How long its processes may take to be gone once killed.
const GONE: Duration = Duration::from_secs(3);

/// How much of its error output is kept.
const STDERR_KEPT: u64 = 4 << 10;

/// The size of the window, in pixels.
pub(super) const WINDOW: (u32, u32) = (1280, 800);

/// The shell's part: standard input becomes the browser's end of a DevTools pipe. When we end, in whatever way, the kernel closes
/// ours, and the browser ends with all its processes (`--remote-debugging-pipe`). Nothing is ever sent through it.
const START_WITH_LIFELINE: &str = "exec \"$0\" \"$@\" 3<&0 4>/dev/null </dev/null";

/// A running browser; it and all its processes are killed when this is dropped, and its profile is removed.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    profile: TempDir,
    /// The WebSocket at which it takes commands.
    pub(super) commands: String,
}

impl Process {
    /// Starts it behind the gate, and waits until it takes commands.
    pub(super) async fn start(options: &BrowserOptions, gate: SocketAddr) -> Result<Self, BrowserError> {
        let failed =
            |reason: String, stderr: String| BrowserError::Start { program: options.program.clone(), reason, stderr };
        let profile = tempfile::Builder::new()
            .prefix("b")
            .tempdir_in(&options.scratch)
            .map_err(|error| failed(format!("no profile in {}: {error}", options.scratch.display()), String::new()))?;
        let errors = profile.path().join("stderr");
        let stderr = std::fs::File::create(&errors).map_err(|error| failed(error.to_string(), String::new()))?;
        let child = Command::new("/bin/sh")
            .args(["-c", START_WITH_LIFELINE])
            .arg(&options.program)
            .args(arguments(profile.path(), gate, &options.key_pin))
            .env("HOME", profile.path())
            .env("XDG_CONFIG_HOME", profile.path())
            .env("XDG_CACHE_HOME", profile.path())
            // Its sockets must not stay in /tmp, and the path of a socket has at most 107 bytes: so it is told from here.
            .current_dir(profile.path())
            .env("TMPDIR", ".")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(stderr)
            .process_group(0)
            .spawn()
            .map_err(|error| failed(error.to_string(), String::new()))?;
        let mut process = Self { child, profile, commands: String::new() };
        let begun = Instant::now();
        loop {
            if let Some(commands) = process.listening() {
                process.commands = commands;
                return Ok(process);
            }
            if let Ok(Some(status)) = process.child.try_wait() {
                return Err(failed(format!("it ended with {status}"), tail(&errors)));
            }
            if begun.elapsed() > START {
                return Err(failed(format!("it does not listen within {} s", START.as_secs()), tail(&errors)));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// It writes port and path of its DevTools into its profile once it listens.
    fn listening(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.profile.path().join("DevToolsActivePort")).ok()?;
        let (port, path) = text.trim_end().split_once('\n')?;
        Some(format!("ws://127.0.0.1:{port}{path}"))
    }

    /// Whether it still runs.
    pub(super) fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Ok(group) = i32::try_from(self.child.id()).map(Pid::from_raw) else { return };
        // It may have ended by itself; then there is nothing to kill.
        let _ = killpg(group, Signal::SIGKILL);
        let begun = Instant::now();
        // The profile can be removed only when nothing writes to it any more.
        while begun.elapsed() < GONE {
            let reaped = !matches!(self.child.try_wait(), Ok(None));
            if reaped && !any_lives(group) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Whether a process of the group does anything yet. A zombie does not; it waits for whoever inherited it to look, and in a container
/// whose first process is no init nobody does.
fn any_lives(group: Pid) -> bool {
    if killpg(group, None).is_err() {
        return false;
    }
    // Without a /proc nobody can tell a zombie.
    let Ok(processes) = std::fs::read_dir("/proc") else { return true };
    let stats = processes.flatten().filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok());
    // proc_pid_stat(5): behind the name, which may hold anything, come state, parent and group.
    stats.filter_map(|stat| stat.rsplit_once(')').map(|(_, rest)| rest.trim_start().to_owned())).any(|rest| {
        let mut fields = rest.split(' ');
        let state = fields.next();
        fields.nth(1).and_then(|of| of.parse().ok()) == Some(group.as_raw()) && !matches!(state, Some("Z" | "X"))
    })
}

fn arguments(profile: &Path, gate: SocketAddr, key_pin: &str) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--headless",
        "--remote-debugging-port=0",
        "--remote-debugging-pipe",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        // Nothing of its own on the network. What escapes these ends at the gate.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-domain-reliability",
        "--disable-sync",
        "--disable-default-apps",
        "--disable-extensions",
        "--disable-breakpad",
        "--disable-crash-reporter",
        "--disable-client-side-phishing-detection",
        "--disable-field-trial-config",
        "--metrics-recording-only",
        "--no-pings",
        "--dns-prefetch-disable",
        "--disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication,CertificateTransparencyComponentUpdater,\
         DialMediaRouteProvider,InterestFeedContentSuggestions",
        // One way out: names go to the gate unresolved, those of the loopback too, and nothing goes around it by UDP.
        "--disable-quic",
        "--proxy-bypass-list=<-loopback>",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        // The same pictures everywhere.
        "--hide-scrollbars",
        "--mute-audio",
        "--force-color-profile=srgb",
        "--force-device-scale-factor=1",
        "--lang=en-US",
        "--password-store=basic",
        "--disable-search-engine-choice-screen",
    ]
    .map(str::to_owned)
    .into();
    arguments.push(format!("--window-size={},{}", WINDOW.0, WINDOW.1));
    arguments.push(format!("--user-data-dir={}", profile.display()));
    arguments.push(format!("--proxy-server=socks5://{gate}"));
    arguments.push(format!("--ignore-certificate-errors-spki-list={key_pin}"));
    if nix::unistd::geteuid().is_root() {
        // Its sandbox refuses to work for root.
        arguments.push("--no-sandbox".to_owned());
    }
    arguments.push("about:blank".to_owned());
    arguments
}

/// The end of its error output, without the lines that every start without a desktop writes.
fn tail(path: &PathBuf) -> String {
    let mut text = String::new();
    if let Ok(file) = std::fs::File::open(path) {
        let from = file.metadata().map(|file| file.len().saturating_sub(STDERR_KEPT)).unwrap_or_default();
        let mut bytes = Vec::new();
        let mut file = std::io::BufReader::new(file);
        let _ = std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(from));
        let _ = file.take(STDERR_KEPT).read_to_end(&mut bytes);
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("dbus/")).collect();
    lines.join("\n")
}
