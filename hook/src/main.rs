//! `hook`: asks a new version of a function for a known picture's answer before it gets callers, and tells CodeDeploy its verdict.
//!
//! In Lambda it takes events; anywhere else `hook record` writes what it will expect. README.md tells both.

mod answer;
mod ask;
mod calls;
mod content;
mod deployment;
mod expected;
mod record;
mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

/// Whether a new version of a function answers as it should. Without a command it serves AWS Lambda.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Write what a function answers as what is expected of it.
    Record {
        /// The function.
        #[arg(long)]
        name: String,
        /// Where it serves HTTP; one for each file of weights (`PRECISION`) that will be deployed.
        #[arg(long, required = true)]
        address: Vec<String>,
        /// The folder for NAME.json.
        #[arg(long)]
        into: PathBuf,
    },
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let done = runtime.map_err(|cause| cause.to_string()).and_then(|runtime| match command {
        Some(Command::Record { name, address, into }) => {
            runtime.block_on(record::record(&name, &address, &into)).map_err(|wrong| wrong.to_string())
        }
        None if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() => {
            Err("this serves AWS Lambda, and here is none; `hook record --help` tells what else it does".into())
        }
        None => runtime.block_on(serve()).map_err(|wrong| wrong.to_string()),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            eprintln!("hook: {}", wrong.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), lambda_runtime::Error> {
    let answer = async |LambdaEvent { payload, context }: LambdaEvent<Value>| {
        verdict::answer(payload, context.deadline()).await.map_err(lambda_runtime::Error::from)
    };
    lambda_runtime::run(service_fn(answer)).await
}
