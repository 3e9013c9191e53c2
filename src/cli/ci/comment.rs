//! `taster ci comment`: what came of a pull request's job, as one comment and a status.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::ci::{self, Change, Commenter, Done, Place, Store};
use crate::forge::{Forge, Patience, Pull};
use crate::history::History;
use crate::run::Redactor;
use crate::score::Gate;

/// The variable that holds the token.
const TOKEN: &str = "TASTER_FORGE_TOKEN";

/// Comment on pull requests what their jobs found, and set the status taster/level; for a trusted job that holds a token
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  taster ci comment                      the pull request that the job's event is about\n  \
    taster ci comment --pending            all open pull requests with something new, for a schedule\n  \
    taster ci comment --pull 7 --store DIR artefacts from a folder (or an address) that `taster ci --store` copies to\n\n\
    The token comes from TASTER_FORGE_TOKEN (to read and write issues and the repository), and is shown nowhere. The job must not check out\n\
    the pull request, and runs nothing of it: what the other job left is read as a stranger's text, and the level is computed anew from its log.\n\n\
    Exit codes: 0 fine, 2 usage or configuration, 4 the forge refused or did not answer, 6 there was nothing to say."
)]
pub(super) struct CommentArguments {
    /// This pull request.
    #[arg(long, value_name = "NUMBER", conflicts_with = "pending")]
    pull: Option<u64>,
    /// All open pull requests.
    #[arg(long)]
    pending: bool,
    /// The repository, `owner/name`, instead of the one that the system tells.
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<String>,
    /// The forge's address, instead of the one that the system tells.
    #[arg(long, value_name = "URL", env = "TASTER_FORGE")]
    forge: Option<String>,
    /// Where artefacts are, instead of the forge's own: a folder, or an address below which COMMIT.zip is.
    #[arg(long, value_name = "DIR_OR_URL", env = "TASTER_STORE")]
    store: Option<String>,
    /// What the status calls a failure: `regression`, `level:N` or `strict`.
    #[arg(long, default_value = "regression", value_name = "GATE")]
    gate: Gate,
    /// The history of trusted runs, which tells how the base stood.
    #[arg(long, value_name = "DIR", env = "TASTER_HISTORY")]
    history: Option<PathBuf>,
    /// A git repository with the commit that the pull request began from, such as a bare clone: the linter judges that commit, so that new
    /// errors are told from old ones. It is only read, and nothing of the pull request is needed in it.
    #[arg(long, value_name = "DIR")]
    base_repository: Option<PathBuf>,
    /// What the commons decides about the linter's findings; `taster.toml` here, when there is one.
    #[arg(long, value_name = "FILE", env = "TASTER_CONFIG")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &CommentArguments) -> ExitCode {
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
    let redactor = Redactor::default();
    if let Some(token) = &token {
        redactor.learn(TOKEN, token);
    }
    let prepared = match prepare(arguments, token) {
        Ok(prepared) => prepared,
        Err(error) => return failed(&redactor, &error, 2),
    };
    let (commenter, place) = prepared;
    let pulls = match pulls(arguments, &commenter, &place) {
        Ok(pulls) => pulls,
        Err((error, code)) => return failed(&redactor, &error, code),
    };
    let (mut code, mut told) = (0, 0);
    for pull in &pulls {
        let words = match commenter.tell(pull) {
            Ok(Done::Nothing) => "its job has left nothing yet".to_owned(),
            Ok(Done::Known) => "everything is said".to_owned(),
            Ok(Done::Told(words)) => {
                told += 1;
                format!("commented: {words}")
            }
            Ok(Done::Refused(why)) => {
                told += 1;
                format!("commented that nothing was judged: {why}")
            }
            // One that the forge refuses must not keep the others from their comments.
            Err(error) => {
                code = 4;
                eprintln!("{}", clean(&redactor, &format!("error: pull request {}: {error}", pull.number)));
                continue;
            }
        };
        super::super::write_out(format_args!(
            "{}\n",
            clean(&redactor, &format!("pull request {}: {words}", pull.number))
        ));
    }
    if code == 0 && told == 0 {
        eprintln!("there was nothing to say about {} pull request(s)", pulls.len());
        code = 6;
    }
    ExitCode::from(code)
}

/// What is shown: without the token, and nothing that moves a terminal's cursor or is a command to the job's system.
fn clean(redactor: &Redactor, text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    redactor.clean(&text)
}

fn failed(redactor: &Redactor, error: &anyhow::Error, code: u8) -> ExitCode {
    eprintln!("{}", clean(redactor, &format!("error: {error:#}")));
    ExitCode::from(code)
}

fn prepare(arguments: &CommentArguments, token: Option<String>) -> anyhow::Result<(Commenter, Place)> {
    let place = ci::detect(&|name| std::env::var(name).ok())?;
    let address = arguments.forge.clone().or_else(|| place.forge.clone());
    let address = address.context("no forge is known: name its address with --forge")?;
    let repository = arguments.repository.clone().or_else(|| place.repository.clone());
    let repository = repository.context("no repository is known: name it with --repository owner/name")?;
    anyhow::ensure!(token.is_some(), "{TOKEN} is not set: it must hold a token that may comment on {repository}");
    anyhow::ensure!(
        Forge::takes_token(&address),
        "{address} is not reached over https, and the token may not travel in the clear"
    );
    let history = match &arguments.history {
        Some(folder) => crate::history::read(folder)?,
        None => History::default(),
    };
    super::super::history::tell_set_aside(&history.set_aside);
    let commenter = Commenter {
        forge: Forge::new(&address, token, Patience::default())?,
        repository,
        store: arguments.store.as_deref().map_or(Store::Forge, Store::parse),
        gate: arguments.gate,
        history,
        base_repository: arguments.base_repository.clone(),
        lint: super::super::lint::commons(arguments.config.as_deref(), None)?,
    };
    commenter.check()?;
    Ok((commenter, place))
}

/// The pull requests that are meant: the named one, all open ones, or those of the event.
fn pulls(arguments: &CommentArguments, commenter: &Commenter, place: &Place) -> Result<Vec<Pull>, (anyhow::Error, u8)> {
    let asked = |error: ci::CommentError| (anyhow::Error::new(error), 4);
    let number = arguments.pull.or(match &place.change {
        Change::PullRequest { number, .. } => Some(*number),
        _ => None,
    });
    if arguments.pending {
        return commenter.open().map_err(asked);
    }
    if let Some(number) = number {
        return Ok(vec![commenter.pull(number).map_err(asked)?]);
    }
    if let Some(followed) = &place.follows {
        let open = commenter.open().map_err(asked)?;
        return Ok(open.into_iter().filter(|pull| pull.head.sha == followed.commit).collect());
    }
    let why = "the event is about no pull request: name one with --pull, or take all open ones with --pending";
    Err((anyhow::anyhow!(why), 2))
}
