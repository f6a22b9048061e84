//! `darkroom`: Darkroom's functions from the command line.

mod answer;
mod ask;
mod bench;
mod client;
mod config;
mod draw;
mod failure;
mod gather;
mod grammar;
mod info;
mod input;
mod job;
mod output;
mod retry;
mod run;
mod say;
mod show;
mod turns;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use reqwest::Url;

use crate::answer::Taker;
use crate::client::Client;
use crate::config::{Config, short_name};
use crate::failure::{Failure, Result};
use crate::gather::Source;
use crate::grammar::{Cli, Command};
use crate::say::Say;
use crate::turns::Turns;

/// What shells give programs that were interrupted.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let cli = grammar::read(std::env::args_os().collect());
    let say = Say::new(cli.common.quiet);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(cause) => {
            say.error(cause);
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(start(cli, &say)).unwrap_or_else(|failure| {
        say.error(failure);
        ExitCode::FAILURE
    });
    // A thread may still wait for a line that nobody will type.
    runtime.shutdown_background();
    code
}

/// Does what was asked for; an interrupt cancels the jobs that are waited for.
async fn start(cli: Cli, say: &Say) -> Result<ExitCode> {
    if let Command::Completions { shell } = cli.command {
        grammar::completions(shell);
        return Ok(ExitCode::SUCCESS);
    }
    let config = Config::read(&cli.common, say)?;
    let addresses = match &cli.command {
        Command::Run(grammar::Run { function, .. })
        | Command::Bench(grammar::Bench { function, .. })
        | Command::Info { function: Some(function) } => config.addresses(function)?,
        Command::Job(job) => vec![job_base(&job.address)?],
        Command::Info { function: None } => return info::addresses(&config).map(|()| ExitCode::SUCCESS),
        Command::Completions { .. } | Command::Function(_) => unreachable!("handled above and by the grammar"),
    };
    let turns = Turns::new(addresses, config.key().as_ref(), Duration::from_secs(cli.common.timeout), say)?;
    tokio::select! {
        done = command(&turns, &cli.command) => Ok(if done? { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        () = interrupt() => {
            // The second interrupt does not wait for the server.
            tokio::select! { () = turns.cancel_all() => {} () = interrupt() => {} }
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

/// Ctrl-C, or the request to end that other programs send.
async fn interrupt() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! { _ = terminate.recv() => {} _ = tokio::signal::ctrl_c() => {} }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}

async fn command(turns: &Turns, command: &Command) -> Result<bool> {
    match command {
        Command::Run(args) => run::run(turns, args, short_name(&args.function)).await,
        Command::Bench(args) => bench::bench(turns.ready().await, args).await,
        Command::Info { .. } => info::info(turns.ready().await).await.map(|()| true),
        Command::Job(args) => fetch(turns.ready().await, args).await.map(|()| true),
        Command::Completions { .. } | Command::Function(_) => unreachable!("handled before"),
    }
}

/// `darkroom job`.
async fn fetch(client: &Client, args: &grammar::Job) -> Result<()> {
    let address = client.url(&args.address, &[]);
    if args.cancel {
        return job::cancel(client, &address).await;
    }
    let response = client.get(&job::watch(client, &address).await?).await?;
    let exact = args.output.is_some();
    let name = short_name(&args.address);
    let output = args.output.clone().unwrap_or_else(|| PathBuf::from(&name));
    let source = Source { path: name.into(), output, exact, crowded: false, root: None };
    let taken = Taker { client, json: args.json, kept: exact, many: false, options: &[] };
    let taken = taken.take(response, &source, None).await?;
    taken.text.iter().try_for_each(|text| output::print(text))?;
    taken.file.iter().for_each(|file| client.say.note(&format!("-> {}", file.display())));
    Ok(())
}

/// The function's address out of its job's.
fn job_base(address: &str) -> Result<Url> {
    let url = Url::parse(address).ok().filter(|url| url.path().contains("/jobs/"));
    let base = url.and_then(|url| url.join("../").ok());
    base.ok_or_else(|| Failure::new(format!("`{address}` is no job's address; --async prints one: .../jobs/ID")))
}
