//! How many requests a key, or an address where there are no keys, may send: a token bucket each (GCRA), per process.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::key::Owner;

/// How many who called are remembered before those with a full bucket are forgotten.
const REMEMBERED: usize = 10_000;

/// Seconds between two times of forgetting.
const FORGET: u64 = 10;

/// The buckets.
pub(crate) struct Rate {
    a_minute: NonZeroU32,
    limiter: RateLimiter<Caller, DefaultKeyedStateStore<Caller>, DefaultClock, StateInformationMiddleware>,
    clock: DefaultClock,
    begun: Instant,
    /// When buckets were forgotten last, seconds since `begun`.
    forgot: AtomicU64,
}

/// Whose bucket it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    /// A key.
    Key(Owner),
    /// An address; of IPv6 the network, since one client has all of it.
    Address(IpAddr),
}

impl Caller {
    /// The caller at an address.
    pub(crate) fn at(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(whole) => Ipv6Addr::from_bits(whole.to_bits() >> 64 << 64).into(),
            short => short,
        })
    }
}

/// What a request is told of its bucket.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub a_minute: u32,
    left: u32,
    /// When the next request may come; zero where it may now.
    pub wait: Duration,
}

impl Rate {
    /// `a_minute` requests a minute, as many at once; `None` for 0.
    pub(crate) fn new(a_minute: u32) -> Option<Self> {
        let a_minute = NonZeroU32::new(a_minute)?;
        let limiter = RateLimiter::keyed(Quota::per_minute(a_minute)).with_middleware();
        Some(Self {
            a_minute,
            limiter,
            clock: DefaultClock::default(),
            begun: Instant::now(),
            forgot: AtomicU64::new(0),
        })
    }

    /// Takes one from the caller's bucket.
    pub(crate) fn take(&self, caller: &Caller) -> Told {
        self.forget();
        let a_minute = self.a_minute.get();
        match self.limiter.check_key(caller) {
            Ok(state) => Told { a_minute, left: state.remaining_burst_capacity(), wait: Duration::ZERO },
            Err(until) => {
                // At least a moment: it was refused.
                let wait = until.wait_time_from(self.clock.now()).max(Duration::from_millis(1));
                Told { a_minute, left: 0, wait }
            }
        }
    }
}

impl Rate {
    /// Forgets those with a full bucket, now and then.
    fn forget(&self) {
        let now = self.begun.elapsed().as_secs();
        let last = self.forgot.load(Ordering::Relaxed);
        let due = now >= last + FORGET && self.limiter.len() > REMEMBERED;
        if due && self.forgot.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
    }
}

impl Told {
    /// The headers of the draft draft-ietf-httpapi-ratelimit-headers: the policy, and what is left of it.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let policy = format!("\"default\";q={};w=60", self.a_minute);
        let now = format!("\"default\";r={};t={}", self.left, self.seconds());
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", now)] {
            headers.extend(HeaderValue::from_str(&value).ok().map(|value| (HeaderName::from_static(name), value)));
        }
    }

    /// Whole seconds until the next one may come.
    pub(crate) fn seconds(&self) -> u64 {
        self.wait.as_millis().div_ceil(1000) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_bucket_of_its_own_and_is_told_what_is_left() {
        let rate = Rate::new(2).unwrap();
        let (one, other) = (Caller::at("192.0.2.1".parse().unwrap()), Caller::at("2001:db8::1".parse().unwrap()));
        assert_eq!((rate.take(&one).left, rate.take(&one).left), (1, 0));
        let refused = rate.take(&one);
        assert!((1..=30).contains(&refused.seconds()), "a token comes every 30 seconds");
        assert_eq!(rate.take(&other).wait, Duration::ZERO);
        assert_eq!(other, Caller::at("2001:db8::ffff".parse().unwrap()), "the same network");
        assert_eq!(Caller::at("::ffff:192.0.2.1".parse().unwrap()), one);
        let mut headers = HeaderMap::new();
        refused.tell(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"default\";q=2;w=60");
        assert!(Rate::new(0).is_none());
    }
}
