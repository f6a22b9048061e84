//! A function's addresses, asked in turn until one does the work.

use std::cell::Cell;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode, Url};

use crate::client::Client;
use crate::config::Key;
use crate::failure::{Failure, Result};
use crate::job;
use crate::say::Say;

/// How long a connection may take, and the same where there is another address to ask.
const CONNECT: Duration = Duration::from_secs(10);
const HURRY: Duration = Duration::from_secs(5);
/// How long an address that failed is asked after the others.
const REST: Duration = Duration::from_secs(60);

/// The addresses of one function, in their order.
pub struct Turns {
    places: Vec<Place>,
    /// Which of them did the last piece of work.
    used: Cell<usize>,
    /// For what is to be told.
    pub say: Say,
}

struct Place {
    client: Client,
    /// When it failed last.
    failed: Cell<Option<Instant>>,
}

impl Place {
    fn stands_aside(&self) -> bool {
        self.failed.get().is_some_and(|since| since.elapsed() < REST)
    }
}

impl Turns {
    /// `addresses`: one at least; `patience`: the longest wait for a sign of life.
    pub fn new(addresses: Vec<Url>, key: Option<&Key>, patience: Duration, say: &Say) -> Result<Self> {
        let connect = if addresses.len() > 1 { HURRY } else { CONNECT };
        let place = |address| {
            let client = Client::new(address, key.cloned(), patience, connect, say.clone())?;
            Ok(Place { client, failed: Cell::new(None) })
        };
        let places = addresses.into_iter().map(place).collect::<Result<_>>()?;
        Ok(Self { places, used: Cell::new(0), say: say.clone() })
    }

    /// Has `one` done at the first address that does it, and gives that one with it: where one is away, broken or busy, the
    /// next is asked at once, in a hurry; an answer stands, whatever it says. Where none does it, one that is only not ready
    /// yet is asked once more, with patience.
    pub async fn work<T>(&self, one: impl AsyncFn(&Client, bool) -> Result<T>) -> Result<(&Client, T)> {
        let mut failures: Vec<(usize, Failure)> = Vec::new();
        if self.places.len() > 1 {
            for next in self.order() {
                if self.is_too_small(next, &failures).await {
                    continue;
                }
                let place = &self.places[next];
                match one(&place.client, true).await {
                    Ok(done) => return Ok((self.used(next, &failures), done)),
                    Err(failure) if !failure.elsewhere && !is_limit(&failure) => return Err(failure),
                    Err(failure) => {
                        // Too large for it is no illness.
                        if failure.status != Some(StatusCode::PAYLOAD_TOO_LARGE) {
                            place.failed.set(Some(Instant::now()));
                        }
                        failures.push((next, failure));
                    }
                }
            }
        }
        // Told is the one worth another try, then what an address said, then silence; of two the earlier.
        let best = failures.iter().rev().max_by_key(|(_, failure)| (is_away(failure), failure.status.is_some()));
        let last = match best {
            Some((_, failure)) if !is_away(failure) => return Err(failure.clone()),
            best => best.map_or(0, |(place, _)| *place),
        };
        let done = one(&self.places[last].client, false).await?;
        Ok((self.used(last, &failures), done))
    }

    /// The first address that says that it is ready; the first of all where none does.
    pub async fn ready(&self) -> &Client {
        for (at, Place { client, .. }) in self.places.iter().enumerate().filter(|_| self.places.len() > 1) {
            let request = client.request(Method::GET, client.url("readyz", &[])).timeout(HURRY);
            if client.send_once(request).await.is_ok_and(|response| response.status().is_success()) {
                return self.used(at, &[]);
            }
        }
        &self.places[0].client
    }

    /// Ends every job that is waited for.
    pub async fn cancel_all(&self) {
        for place in &self.places {
            job::cancel_all(&place.client).await;
        }
    }

    /// Those that are well, then those that failed lately.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.places.len()).collect();
        order.sort_by_key(|at| self.places[*at].stands_aside());
        order
    }

    /// Whether a function found the request too large where no less is taken than at this address.
    async fn is_too_small(&self, next: usize, failures: &[(usize, Failure)]) -> bool {
        for (before, _) in failures.iter().filter(|(_, failure)| is_limit(failure)) {
            if !self.places[next].client.is_roomier(&self.places[*before].client).await {
                return true;
            }
        }
        false
    }

    /// Takes note of who did the work; tells it where that is another one than before, and not the first.
    fn used(&self, at: usize, failures: &[(usize, Failure)]) -> &Client {
        let client = &self.places[at].client;
        if self.used.replace(at) != at && at > 0 {
            let why = failures.first().map_or(String::new(), |(_, failure)| format!(": {}", failure.what()));
            self.say.warn(&format!("{} is used{why}", client.url("", &[])));
        }
        client
    }
}

fn is_away(failure: &Failure) -> bool {
    failure.status == Some(StatusCode::SERVICE_UNAVAILABLE)
}

/// Whether the function itself found the request too large.
fn is_limit(failure: &Failure) -> bool {
    failure.status == Some(StatusCode::PAYLOAD_TOO_LARGE) && !failure.elsewhere
}
