//! From the start of the demo app to its end: what it waits for, what it opens, what it listens on, what stops it.

use std::future::pending;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::fault::{self, Fault};
use super::store::{self, Store};
use super::web::{self, App};
use super::{AppArgs, say};

/// How long a peer may take to accept a connection.
const PEER_TIMEOUT: Duration = Duration::from_secs(2);
/// In the data folder: the first start was completed.
const BOOTED: &str = "booted";
/// In the data folder: a first start is under way, or was cut short ([`Fault::Lock`]).
const LOCK: &str = "first-boot.lock";

/// Starts, serves, and ends at SIGTERM or SIGINT. Process 1 has no default action for these, so they are heard from the first moment.
pub(super) async fn run(args: &AppArgs) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let told_to_stop = async {
        loop {
            tokio::select! {
                _ = terminate.recv() => if args.fault.contains(&Fault::IgnoreTerm) {
                    say(format_args!("SIGTERM: ignored"));
                } else {
                    break "SIGTERM";
                },
                _ = interrupt.recv() => break "SIGINT",
            }
        }
    };
    tokio::select! {
        done = start_and_serve(args) => done,
        by = told_to_stop => {
            say(format_args!("{by}: goodbye"));
            Ok(())
        }
    }
}

async fn start_and_serve(args: &AppArgs) -> anyhow::Result<()> {
    say(format_args!("notes {} (schema {}): starting", args.app_version.name(), args.app_version.schema()));
    early_faults(args)?;
    busy_boot(args).await;
    for peer in &args.needs {
        reach(peer)?;
    }
    let password = args.password_file.as_deref().map(read_password).transpose()?;
    let config = args.config_file.as_deref().map(web::Config::read).transpose()?.unwrap_or_default();
    let (store, is_migrated) = open_store(args).await?;
    let (args, password) = if is_migrated { after_migration(args, password) } else { (args.clone(), password) };
    if args.job {
        say(format_args!("job done: {} notes", store.notes()?.len()));
        return Ok(());
    }
    let listener = TcpListener::bind(args.listen).await.with_context(|| format!("cannot listen on {}", args.listen))?;
    if let Some(address) = args.tcp {
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        tokio::spawn(greet(listener, args.app_version.name()));
    }
    say(format_args!("listening on http://{}", listener.local_addr()?));
    let app = App { store: Mutex::new(store), args, password, config, visited: AtomicBool::new(false) };
    web::serve(listener, Arc::new(app)).await
}

/// What goes wrong before anything else happens, or some time after.
fn early_faults(args: &AppArgs) -> anyhow::Result<()> {
    for fault in &args.fault {
        match fault {
            Fault::Exit { code, after } if after.is_zero() => exit(*code),
            Fault::Exit { code, after } => {
                let (code, after) = (*code, *after);
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    exit(code)
                });
            }
            Fault::Segv => {
                say(format_args!("fault: about to touch memory that is not ours"));
                fault::die_by_signal()
            }
            Fault::Oom => {
                say(format_args!("fault: about to use all the memory there is"));
                fault::allocate_until_killed();
                bail!("nothing stopped the app from using 2 GiB of memory: give the service a memory limit");
            }
            _ => {}
        }
    }
    Ok(())
}

/// Works until it has used its processor time, however long that takes.
async fn busy_boot(args: &AppArgs) {
    let needs = args.fault.iter().filter_map(|fault| match fault {
        Fault::BusyBoot(needs) => Some(*needs),
        _ => None,
    });
    for needs in needs {
        let (begun, mut said) = (fault::processor_time(), 0);
        loop {
            let used = fault::processor_time().saturating_sub(begun);
            if used >= needs {
                break;
            }
            if used.as_secs() >= said {
                say(format_args!("starting: {} of {} s of work done", used.as_secs(), needs.as_secs()));
                said = used.as_secs() + 1;
            }
            let until = std::time::Instant::now() + Duration::from_millis(5);
            while std::time::Instant::now() < until {
                std::hint::spin_loop();
            }
            // So that a signal is heard.
            tokio::task::yield_now().await;
        }
    }
}

fn exit(code: i32) -> ! {
    say(format_args!("fault: cannot go on, exiting with code {code}"));
    std::process::exit(code)
}

fn reach(peer: &str) -> anyhow::Result<()> {
    let addresses = peer.to_socket_addrs().with_context(|| format!("cannot find {peer}, which this app needs"))?;
    let mut reason = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, PEER_TIMEOUT) {
            Ok(_) => {
                say(format_args!("{peer} is up"));
                return Ok(());
            }
            Err(error) => reason = Some(error),
        }
    }
    match reason {
        Some(error) => Err(error).with_context(|| format!("cannot connect to {peer}, which this app needs")),
        None => bail!("{peer}, which this app needs, has no address"),
    }
}

fn read_password(path: &Path) -> anyhow::Result<String> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the password from {}", path.display()))?;
    let password = text.trim_end_matches('\n').to_owned();
    ensure!(!password.is_empty(), "the password file {} is empty", path.display());
    say(format_args!("read a password of {} characters from {}", password.chars().count(), path.display()));
    Ok(password)
}

/// The faults that show on migrated data alone.
fn after_migration(args: &AppArgs, password: Option<String>) -> (AppArgs, Option<String>) {
    let mut args = args.clone();
    if args.fault.contains(&Fault::BlankMigration) {
        args.fault.push(Fault::BlankScript);
    }
    let forgets = args.fault.contains(&Fault::LoginMigration);
    (args, password.map(|password| if forgets { format!("not {password}") } else { password }))
}

/// The notes, and whether they were migrated at this start.
async fn open_store(args: &AppArgs) -> anyhow::Result<(Store, bool)> {
    if args.fault.contains(&Fault::LoseOnRestart) {
        return Ok((Store::in_memory(args.app_version), false));
    }
    first_boot(args).await?;
    let found = store::schema(&args.data)?;
    if args.fault.contains(&Fault::BrokenMigration) && found.is_some_and(|found| found < args.app_version.schema()) {
        bail!("fault: the data of an older version cannot be migrated");
    }
    if args.fault.contains(&Fault::AdjacentMigration)
        && found.is_some_and(|found| found + 1 < args.app_version.schema())
    {
        bail!("fault: the data is too old to be migrated at once: start version 1.1 first");
    }
    if args.fault.contains(&Fault::ForgetsNewer) && found.is_some_and(|found| found > args.app_version.schema()) {
        store::forget(&args.data)?;
    }
    let (store, migrated_from) = Store::open(&args.data, args.app_version)?;
    if args.fault.contains(&Fault::LossyMigration) && migrated_from.is_some() {
        store::lose_first(&args.data)?;
    }
    if let Some(from) = migrated_from {
        say(format_args!(
            "migrated {} notes from schema {from} to {}",
            store.notes()?.len(),
            args.app_version.schema()
        ));
    }
    Ok((store, migrated_from.is_some()))
}

/// What takes long at the first start, and goes wrong when that is cut short.
async fn first_boot(args: &AppArgs) -> anyhow::Result<()> {
    let (booted, lock) = (args.data.join(BOOTED), args.data.join(LOCK));
    for fault in &args.fault {
        let (duration, locks) = match fault {
            Fault::SlowBoot(duration) => (*duration, false),
            Fault::Lock(duration) => (*duration, true),
            _ => continue,
        };
        if locks && lock.exists() {
            say(format_args!("waiting for the lock {}, held by another process", lock.display()));
            pending::<()>().await;
        }
        if booted.exists() {
            continue;
        }
        std::fs::create_dir_all(&args.data).with_context(|| format!("cannot create {}", args.data.display()))?;
        if locks {
            std::fs::write(&lock, "").with_context(|| format!("cannot write {}", lock.display()))?;
        }
        say(format_args!("first start: preparing the data, this takes {} s", duration.as_secs_f64()));
        tokio::time::sleep(duration).await;
        std::fs::write(&booted, "").with_context(|| format!("cannot write {}", booted.display()))?;
        if locks {
            std::fs::remove_file(&lock).with_context(|| format!("cannot remove {}", lock.display()))?;
        }
        say(format_args!("first start: the data is ready"));
    }
    Ok(())
}

/// The plain TCP service: a line of greeting, then every line comes back.
async fn greet(listener: TcpListener, version: &'static str) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            let mut line = format!("notes {version}\n");
            loop {
                if write.write_all(line.as_bytes()).await.is_err() {
                    return;
                }
                match lines.next_line().await {
                    Ok(Some(next)) => line = next + "\n",
                    _ => return,
                }
            }
        });
    }
}
