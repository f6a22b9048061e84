//! What dies in the middle of jobs, and who finishes them.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Holder, begin, later};
use crate::kept::path;
use crate::process::{Server, wait_for};
use crate::s3::S3;
use crate::samples::{jpeg, photo};
use crate::wire::{Ask, get};

/// How long the jobs of a dead process take to be taken up and finished.
const FINISH: Duration = Duration::from_secs(150);

/// Twenty pictures that differ, each of several tiles.
fn twenty() -> Vec<Ask> {
    (0..20).map(|seed| later("/?format=png&compression=1", &jpeg(&photo(400 + seed * 3, 300), 92))).collect()
}

/// The answers that an undisturbed function gives to them.
fn undisturbed(asks: &[Ask]) -> Vec<Vec<u8>> {
    let server = crate::process::shared("upscale");
    let at_once = |ask: &Ask| Ask { headers: Vec::new(), ..ask.clone() };
    asks.iter().map(|ask| server.ask(&at_once(ask)).good().body).collect()
}

fn states(server: &Server, jobs: &[String]) -> Vec<Value> {
    jobs.iter().map(|job| server.ask(&get(job)).good().json()).collect()
}

fn count(states: &[Value], state: &str) -> usize {
    states.iter().filter(|told| told["state"] == state).count()
}

/// Kills the first once at least one job runs and at least ten are unfinished.
fn kill_amidst(server: &Server, jobs: &[String]) {
    let amidst = wait_for(FINISH, "a job that runs", || {
        let states = states(server, jobs);
        (count(&states, "running") >= 1).then_some(states)
    });
    server.process.kill();
    let unfinished = amidst.len() - count(&amidst, "done");
    assert!(unfinished >= 10, "{unfinished} were unfinished");
}

fn all_finished(server: &Server, jobs: &[String], expect: &[Vec<u8>]) {
    let told = wait_for(FINISH, "the end of all jobs", || {
        let states = states(server, jobs);
        (count(&states, "done") == jobs.len()).then_some(states)
    });
    for (told, expect) in told.iter().zip(expect) {
        let result = server.ask(&get(&path(told["result_url"].as_str().unwrap()))).good();
        assert!(result.body == *expect, "the result of {} is that of an undisturbed run", told["id"]);
    }
}

// proves: B06
#[test]
fn a_killed_process_finishes_its_jobs_when_it_is_back() {
    let asks = twenty();
    let expect = undisturbed(&asks);
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store").display().to_string();
    let settings = [("STORE", store.as_str()), ("INSTANCES", "1")];
    let first = Server::start("upscale", &settings);
    let jobs: Vec<_> = asks.iter().map(|ask| begin(&first, ask).0).collect();
    kill_amidst(&first, &jobs);
    let second = Server::start("upscale", &settings);
    all_finished(&second, &jobs, &expect);
    // Exactly one effect each: no result beside those that are told of, nothing left to do.
    let left = |kind: &str| std::fs::read_dir(folder.path().join("store").join(kind)).map_or(0, Iterator::count);
    assert_eq!(left("result"), 20);
    wait_for(FINISH, "nothing left to do", || (left("open/upscale") == 0 && left("lease/upscale") == 0).then_some(()));
}

// proves: B06, D07
#[test]
fn another_replica_on_the_same_bucket_finishes_the_jobs_of_a_dead_one() {
    let asks = twenty();
    let expect = undisturbed(&asks);
    let bucket = S3::moto();
    let store = bucket.store("replicas");
    let start = || {
        let own = [("STORE", store.as_str()), ("INSTANCES", "1")];
        Server::start("upscale", &[&bucket.environment()[..], &own].concat())
    };
    let first = start();
    let jobs: Vec<_> = asks.iter().map(|ask| begin(&first, ask).0).collect();
    let second = start();
    kill_amidst(&first, &jobs);
    all_finished(&second, &jobs, &expect);
}

// proves: B06, U14
#[test]
fn a_process_that_is_told_to_end_gives_its_jobs_back() {
    let holder = Holder::start(&[("INSTANCES", "1")]);
    let file = holder.file("go");
    let (job, _) = begin(&holder.server, &later(&format!("/?hold={file}"), &jpeg(&photo(20, 20), 90)));
    super::until(&holder.server, &job, "running");
    holder.server.process.terminate();
    assert!(holder.server.process.end(Duration::from_secs(30)).0.success());
    std::fs::write(&file, "").unwrap();
    let (models, store) =
        (holder.folder.path().display().to_string(), holder.folder.path().join("store").display().to_string());
    let next = Server::start("faulty", &[("MODELS", &models), ("STORE", &store)]);
    let ready = Instant::now();
    super::until(&next, &job, "done");
    assert!(ready.elapsed() < Duration::from_secs(10), "the lease was given back: nobody has to wait for its end");
}
