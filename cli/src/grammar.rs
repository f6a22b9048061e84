//! What may be written after `darkroom`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  darkroom upscale photo.jpg -o big.png --opt model=default-x4
  darkroom derain folder/ -o out/ --jobs 4
  darkroom classify photo.jpg
  darkroom detect street.jpg -o boxes.jpg
  darkroom detect clip.mp4 -o boxes.avi
  darkroom info upscale

`darkroom FUNCTION` is short for `darkroom run FUNCTION`; `darkroom run --help` tells all about it.";

const RUN: &str = "\
Examples:
  darkroom upscale photo.jpg                     writes photo-upscale.jpg beside it
  darkroom upscale photo.jpg -o big.png --opt model=default-x4
  darkroom upscale - -o - < photo.jpg > big.jpg
  darkroom derain folder/ -o out/ --jobs 4       run it again: only what is new is made
  darkroom classify                              reads path after path from the terminal
  find . -name '*.jpg' | darkroom detect --json  one line of JSON a picture
  darkroom detect street.jpg -o boxes.jpg        draws the boxes itself
  darkroom detect clip.mp4 --opt every=5         a line a frame; -o boxes.avi gives the video
  darkroom detect film.mp4 --async               prints the job's address, for `darkroom job`

A folder is walked with all its folders; hidden ones, links to folders and what is no picture by its name are passed
over. An answer is a picture (written), or classes or boxes (printed; with -o boxes are drawn into the picture).
Exit status: 0 all is done, 1 something failed, 2 the command line is wrong, 130 interrupted.";

const BENCH: &str = "\
Examples:
  darkroom bench classify photo.jpg -n 1000 -c 16
  darkroom bench upscale a.jpg b.jpg --opt model=fast-x2 --json

Kept answers are not asked for, unless with --cached. Nothing is tried again: a 429 is counted as one.";

const JOB: &str = "\
Examples:
  darkroom job http://localhost:9000/lambda-url/detect/jobs/1f0c -o boxes.jsonl
  darkroom job \"$address\" --cancel";

/// Pictures and videos through Darkroom's functions.
#[derive(Parser)]
#[command(name = "darkroom", version, after_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
#[command(override_usage = "darkroom FUNCTION [INPUT]... [-o OUT] [--opt NAME=VALUE]...\n       darkroom COMMAND ...")]
pub struct Cli {
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
    /// What every command knows.
    #[command(flatten)]
    pub common: Common,
}

/// Settings of every command.
#[derive(Args)]
pub struct Common {
    /// The function's address; may have {name} where the function's name goes; several, with commas, are asked in
    /// turn [env: DARKROOM_URL]
    #[arg(long, global = true, value_name = "ADDRESS", value_delimiter = ',', help_heading = "Server")]
    pub url: Vec<String>,
    /// The key; other users see it in the list of processes, unlike the variable's [env: DARKROOM_KEY]
    #[arg(long, global = true, help_heading = "Server")]
    pub key: Option<String>,
    /// The settings' file [default: darkroom.toml in $XDG_CONFIG_HOME or ~/.config]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Server")]
    pub config: Option<PathBuf>,
    /// Longest wait for a sign of life from the server, in seconds
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Server")]
    pub timeout: u64,
    /// Only errors on standard error
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Send pictures, folders of pictures or videos through a function
    #[command(after_help = RUN)]
    Run(Run),
    /// Send many at once and report how fast the answers come
    #[command(after_help = BENCH)]
    Bench(Bench),
    /// Tell what a function does, its models, options and limits; without FUNCTION: the addresses in use
    #[command(after_help = "Examples:\n  darkroom info upscale\n  darkroom info")]
    Info {
        /// The function's name or address
        function: Option<String>,
    },
    /// Wait for a job and fetch its answer
    #[command(after_help = JOB)]
    Job(Job),
    /// Write a shell's completions to standard output
    #[command(
        after_help = "Examples:\n  darkroom completions bash > ~/.local/share/bash-completion/completions/darkroom"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// `darkroom FUNCTION ...`
    #[command(external_subcommand)]
    Function(Vec<OsString>),
}

/// `darkroom run`.
#[derive(Args)]
pub struct Run {
    /// The function's name, or its address
    pub function: String,
    /// Pictures, videos, folders; `-` is standard input; without any, paths are read from standard input line by line
    #[arg(value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// Where the answer goes: a file for one input, a folder for more, `-` is standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// An option of the function; `darkroom info FUNCTION` lists them
    #[arg(short = 'O', long = "opt", value_name = "NAME=VALUE", value_parser = option, action = ArgAction::Append)]
    pub options: Vec<(String, String)>,
    /// How many inputs are under way at once
    #[arg(short, long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Make again what is there already
    #[arg(short, long)]
    pub force: bool,
    /// Print one line of JSON an input
    #[arg(long)]
    pub json: bool,
    /// Have it done as a job, and print the job's address instead of waiting
    #[arg(long = "async", conflicts_with = "wait")]
    pub detached: bool,
    /// Have it done as a job in any case, and wait for it
    #[arg(long)]
    pub wait: bool,
}

/// `darkroom bench`.
#[derive(Args)]
pub struct Bench {
    /// The function's name, or its address
    pub function: String,
    /// Pictures, sent in turn
    #[arg(required = true, value_name = "FILE")]
    pub inputs: Vec<PathBuf>,
    /// An option of the function
    #[arg(short = 'O', long = "opt", value_name = "NAME=VALUE", value_parser = option, action = ArgAction::Append)]
    pub options: Vec<(String, String)>,
    /// How many requests
    #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub requests: u32,
    /// How many at once
    #[arg(short = 'c', long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub clients: u16,
    /// Let the server answer with what it keeps
    #[arg(long)]
    pub cached: bool,
    /// Report as JSON
    #[arg(long)]
    pub json: bool,
}

/// `darkroom job`.
#[derive(Args)]
pub struct Job {
    /// The job's address
    pub address: String,
    /// Where the answer goes
    #[arg(short, long, value_name = "OUT", conflicts_with = "cancel")]
    pub output: Option<PathBuf>,
    /// End the job
    #[arg(long)]
    pub cancel: bool,
    /// Print classes and boxes as JSON
    #[arg(long)]
    pub json: bool,
}

/// Reads the command line; a wrong one ends the program here, and so does `--help`.
pub fn read(line: Vec<OsString>) -> Cli {
    parse(line).unwrap_or_else(|error| error.exit())
}

/// A first word that is no command is a function: `run` is put before it.
fn parse(mut line: Vec<OsString>) -> Result<Cli, clap::Error> {
    let cli = Cli::try_parse_from(&line)?;
    let Command::Function(rest) = &cli.command else { return Ok(cli) };
    line.insert(line.len() - rest.len(), "run".into());
    Cli::try_parse_from(line)
}

/// Writes the completions of a shell.
pub fn completions(shell: Shell) {
    clap_complete::generate(shell, &mut Cli::command(), "darkroom", &mut std::io::stdout());
}

fn option(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("an option is written NAME=VALUE, such as model=default".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> (Run, Common) {
        let cli = parse(line.split(' ').map(OsString::from).collect()).unwrap_or_else(|error| panic!("{error}"));
        let Command::Run(run) = cli.command else { panic!("{line}: not read as a run") };
        (run, cli.common)
    }

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_first_word_that_is_no_command_is_a_function() {
        for line in ["darkroom sepia a.jpg -o b.png --opt x=1=2", "darkroom run sepia a.jpg -o b.png -O x=1=2"] {
            let (run, _) = run(line);
            assert_eq!((run.function.as_str(), run.inputs), ("sepia", vec![PathBuf::from("a.jpg")]));
            assert_eq!(run.output, Some("b.png".into()));
            assert_eq!(run.options, [("x".to_owned(), "1=2".to_owned())]);
        }
    }

    #[test]
    fn what_every_command_knows_may_stand_anywhere() {
        for line in ["darkroom --url http://a -q sepia a.jpg", "darkroom sepia a.jpg -q --url http://a"] {
            let (run, common) = run(line);
            assert_eq!((run.inputs.len(), common.url.join(" ").as_str(), common.quiet), (1, "http://a", true));
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["darkroom", "darkroom a b --opt x", "darkroom a b --opt =x", "darkroom a b --jobs 0"] {
            assert!(parse(line.split(' ').map(OsString::from).collect()).is_err(), "{line}");
        }
        assert!(parse("darkroom a b --async --wait".split(' ').map(OsString::from).collect()).is_err());
    }
}
