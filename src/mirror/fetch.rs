//! Bringing one mirror up to date with gix. Nothing outside this file names gix here.
//!
//! A repository that did not change costs the listing of its branches and tags and nothing more. ssh and `file://` start the programs
//! `ssh` and `git-upload-pack`, as git itself does; http and https need no program.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use gix::bstr::{BString, ByteSlice as _};
use gix::protocol::handshake::Ref;
use gix::protocol::transport::client::blocking_io::http;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit};
use gix::refs::{FullName, Target};
use gix::remote::{Direction, fetch::Tags};

use crate::recipe::Version;
use crate::record::{Trouble, TroubleClass};

/// What a fetch brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fetched {
    /// Anything is different from before.
    pub(super) changed: bool,
    /// Tags of versions that name something else than before.
    pub(super) moved: Vec<String>,
}

/// Makes the bare repository at `path` a mirror of the branches and tags at `address`; it is made when it is not there.
///
/// # Errors
/// [`Trouble`]; `interrupt` ends a transfer from outside.
pub(super) fn fetch(address: &str, path: &Path, interrupt: &AtomicBool) -> Result<Fetched, Trouble> {
    try_fetch(address, path, interrupt).map_err(|error| trouble(address, &error))
}

fn try_fetch(address: &str, path: &Path, interrupt: &AtomicBool) -> Result<Fetched, gix::Error> {
    if !path.join("HEAD").exists() {
        gix::init_bare(path)?;
    }
    // Nobody's configuration, no prompt of any kind: this runs unattended. Which ssh with which key is said as for git itself.
    let ssh = std::env::var("GIT_SSH_COMMAND").ok().filter(|command| !command.trim().is_empty());
    let ssh = format!("core.sshCommand={}", ssh.as_deref().unwrap_or("ssh -o BatchMode=yes"));
    let options = gix::open::Options::isolated()
        .with(gix::sec::Trust::Full)
        .open_path_as_is(true)
        // Without its kind gix takes a command with arguments for an ssh that knows no ports.
        .config_overrides([ssh.as_str(), "ssh.variant=ssh", "protocol.allow=always"]);
    let repo = gix::open_opts(path, options)?;
    let remote = repo.remote_at(address)?.with_fetch_tags(Tags::None).with_refspecs(
        ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", "HEAD"].map(BString::from),
        Direction::Fetch,
    )?;
    let mut connection = remote.connect(Direction::Fetch)?.with_credentials(|_| Ok(None));
    if address.starts_with("http") {
        connection = connection.with_transport_options(Box::new(http_options()));
    }
    let prepared = connection.prepare_fetch(gix::progress::Discard, gix::remote::ref_map::Options::default())?;
    let listed = Listed::of(&prepared.ref_map().remote_refs);
    let (known, head) = local(&repo)?;
    let moved = listed
        .refs
        .iter()
        .filter(|(name, id)| known.get(*name).is_some_and(|known| known != *id))
        .filter_map(|(name, _)| name.strip_prefix("refs/tags/"))
        .filter(|tag| Version::parse(tag).is_ok())
        .map(ToOwned::to_owned)
        .collect();
    if listed.refs == known && (listed.head.is_none() || listed.head == head) {
        return Ok(Fetched::default());
    }
    // What is gone goes first: a branch `a` may have made place for a branch `a/b`.
    for name in known.keys().filter(|name| !listed.refs.contains_key(*name)) {
        repo.find_reference(name.as_str())?.delete()?;
    }
    if listed.refs.iter().any(|(name, id)| known.get(name) != Some(id)) {
        prepared.with_write_packed_refs_only(true).receive(gix::progress::Discard, interrupt)?;
    }
    if let Some(branch) = listed.head.filter(|branch| Some(branch) != head.as_ref()) {
        point_head(&repo, &branch)?;
    }
    Ok(Fetched { changed: true, moved })
}

/// No time limit of the client's own (its 30 s would cut a large repository off): whoever calls sets the bounds.
fn http_options() -> http::Options {
    let configure = |client: reqwest::blocking::ClientBuilder| Ok(client.timeout(None));
    let backend = http::reqwest::Options { configure_client: Some(Box::new(configure)), ..Default::default() };
    http::Options { backend: Some(Arc::new(Mutex::new(backend))), ..http::Options::default() }
}

/// What a remote lists.
#[derive(Debug, Default)]
struct Listed {
    /// Branches and tags, and the objects that they name.
    refs: BTreeMap<String, String>,
    /// The branch that `HEAD` names.
    head: Option<String>,
}

impl Listed {
    fn of(refs: &[Ref]) -> Self {
        let mut listed = Self::default();
        for reference in refs {
            let (name, id) = match reference {
                Ref::Direct { full_ref_name, object } => (full_ref_name, object),
                Ref::Peeled { full_ref_name, tag, .. } => (full_ref_name, tag),
                Ref::Symbolic { full_ref_name, target, .. } | Ref::Unborn { full_ref_name, target }
                    if full_ref_name == "HEAD" =>
                {
                    listed.head = Some(target.to_str_lossy().into_owned());
                    continue;
                }
                Ref::Symbolic { full_ref_name, tag, object, .. } => (full_ref_name, tag.as_ref().unwrap_or(object)),
                Ref::Unborn { .. } => continue,
            };
            let name = name.to_str_lossy().into_owned();
            if is_mirrored(&name) {
                listed.refs.insert(name, id.to_string());
            }
        }
        listed
    }
}

fn is_mirrored(name: &str) -> bool {
    name.starts_with("refs/heads/") || name.starts_with("refs/tags/")
}

/// The branches and tags of the mirror, and the branch that its `HEAD` names.
fn local(repo: &gix::Repository) -> Result<(BTreeMap<String, String>, Option<String>), gix::Error> {
    let mut refs = BTreeMap::new();
    let platform = repo.references()?;
    for reference in platform.all()?.filter_map(Result::ok) {
        let name = reference.name().as_bstr().to_str_lossy().into_owned();
        if let (true, Some(id)) = (is_mirrored(&name), reference.try_id()) {
            refs.insert(name, id.to_string());
        }
    }
    let head = repo.head_name()?.map(|name| name.as_bstr().to_str_lossy().into_owned());
    Ok((refs, head))
}

fn point_head(repo: &gix::Repository, branch: &str) -> Result<(), gix::Error> {
    let named = |name: &str| FullName::try_from(name).map_err(gix::Error::from_error);
    repo.edit_reference(RefEdit {
        change: Change::Update {
            log: LogChange::default(),
            expected: PreviousValue::Any,
            new: Target::Symbolic(named(branch)?),
        },
        name: named("HEAD")?,
        deref: false,
    })?;
    Ok(())
}

/// The cause of an error, from the words of the server and of the system: the library has no class for most.
fn trouble(address: &str, error: &gix::Error) -> Trouble {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.iter_errors() {
        let text = cause.to_string().replace('\n', " ");
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    let why = parts.join(": ");
    // The address speaks for nothing: a port or a name may hold a 404.
    let told = why.replace(address, "").to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| told.contains(word));
    let (class, next) = if has(&["401", "403", "credential", "permission denied", "forbidden", "unauthorized"]) {
        (TroubleClass::Auth, "it is private, or the address is wrong; make it readable for everybody, or leave it out")
    } else if has(&["404", "not found", "does not exist", "does not appear to be a git repository", "no such file"]) {
        (TroubleClass::NotFound, "was it renamed or removed? then correct the source")
    } else if has(&["interrupt"]) {
        (TroubleClass::Timeout, "try again, or allow more time (`fetch-seconds` under `[catalogue]`)")
    } else if has(&["corrupt", "hash mismatch", "checksum", "invalid pack", "missing object"]) {
        (TroubleClass::Corrupt, "`git fsck` at its forge says more")
    } else {
        (TroubleClass::Network, "try again later")
    };
    let address = super::without_credentials(address);
    Trouble { class, reason: format!("cannot fetch {address}: {why}; {next}") }
}
