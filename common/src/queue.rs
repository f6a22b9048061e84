//! Places: how many pictures are computed at a time, and how many requests may wait for one.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Kind, Result};

/// After this long without a run, memory goes back to the system.
const IDLE: Duration = Duration::from_secs(2);

/// The places and who waits for them.
pub(crate) struct Queue {
    open: AtomicBool,
    places: Arc<Semaphore>,
    count: usize,
    waiting: AtomicUsize,
    most: usize,
    mean_ms: AtomicU64,
    freed: Arc<Notify>,
}

/// The right to compute, until dropped.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    freed: Arc<Notify>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.freed.notify_one();
    }
}

impl Queue {
    /// `count` places, `most` that may wait.
    pub(crate) fn new(count: usize, most: usize) -> Self {
        Self {
            open: AtomicBool::new(false),
            places: Arc::new(Semaphore::new(count)),
            count,
            waiting: AtomicUsize::new(0),
            most,
            mean_ms: AtomicU64::new(1000),
            freed: Arc::default(),
        }
    }

    /// Lets requests in: the function is warm.
    pub(crate) fn open(&self) {
        self.open.store(true, Ordering::Release);
    }

    /// Fails until the function is warm.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.open.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(Error::new(Kind::NotReady, "the function is warming up; come again in a moment"))
    }

    /// Waits for a place until `deadline`, in the queue where there is room in it.
    pub(crate) async fn place(&self, deadline: Instant) -> Result<Place> {
        let full = || Error::new(Kind::Busy, "all places are taken and the queue is full; come again later");
        match self.places.clone().try_acquire_owned() {
            Ok(permit) => Ok(self.taken(permit)),
            Err(_) => {
                let _waiting = Waiting::enter(&self.waiting, self.most).ok_or_else(full)?;
                self.patient_place(deadline).await
            }
        }
    }

    /// Waits for a place until `deadline`, beside the queue: who waits so is counted elsewhere.
    pub(crate) async fn patient_place(&self, deadline: Instant) -> Result<Place> {
        match tokio::time::timeout_at(deadline.into(), self.places.clone().acquire_owned()).await {
            Ok(permit) => Ok(self.taken(permit.map_err(Error::internal)?)),
            Err(_) => Err(Error::new(Kind::Deadline, "no place became free within the time allowed; come again later")),
        }
    }

    fn taken(&self, permit: OwnedSemaphorePermit) -> Place {
        Place { _permit: permit, freed: self.freed.clone() }
    }

    /// How many wait, and how many pictures are computed.
    pub(crate) fn load(&self) -> (usize, usize) {
        (self.waiting.load(Ordering::Relaxed), self.count - self.places.available_permits())
    }

    /// Notes how long a picture took, for `retry_after`.
    pub(crate) fn took(&self, time: Duration) {
        let mean = self.mean_ms.load(Ordering::Relaxed);
        self.mean_ms.store((mean * 7 + time.as_millis() as u64) / 8, Ordering::Relaxed);
    }

    /// Seconds until a place should be free, from how long pictures took and how many wait.
    pub(crate) fn retry_after(&self) -> u64 {
        let ahead = self.waiting.load(Ordering::Relaxed) as u64 / self.count as u64 + 1;
        (ahead * self.mean_ms.load(Ordering::Relaxed)).div_ceil(1000).clamp(1, 60)
    }

    /// Seconds until so many pictures should be done.
    pub(crate) fn seconds_for(&self, pictures: usize) -> u64 {
        let rounds = pictures.div_ceil(self.count) as u64;
        (rounds * self.mean_ms.load(Ordering::Relaxed)).div_ceil(1000).clamp(1, 3600)
    }

    /// Calls `tidy` each time that nothing has run for a while after something did.
    pub(crate) async fn when_idle(&self, tidy: fn()) -> Infallible {
        loop {
            self.freed.notified().await;
            while tokio::time::timeout(IDLE, self.freed.notified()).await.is_ok() {}
            if self.places.available_permits() == self.count {
                _ = tokio::task::spawn_blocking(tidy).await;
            }
        }
    }
}

/// One who waits; leaving, served or not, makes room.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let room = |count| (count < most).then_some(count + 1);
        waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, room).ok().map(|_| Self(waiting))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_finds_no_room_is_told_and_who_leaves_makes_room() {
        let queue = Arc::new(Queue::new(1, 1));
        let soon = Instant::now() + Duration::from_secs(60);
        assert_eq!(queue.check_open().unwrap_err().kind(), Kind::NotReady);
        queue.open();
        queue.check_open().unwrap();
        let first = queue.place(soon).await.ok().unwrap();
        let second = tokio::spawn({
            let queue = queue.clone();
            async move { queue.place(soon).await.map(drop).is_ok() }
        });
        while queue.waiting.load(Ordering::Acquire) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(queue.place(soon).await.err().unwrap().kind(), Kind::Busy);
        assert!((1..=60).contains(&queue.retry_after()));
        drop(first);
        assert!(second.await.unwrap());
        assert_eq!(queue.waiting.load(Ordering::Acquire), 0);
        let now = Instant::now();
        let _place = queue.place(now).await.ok().unwrap();
        assert_eq!(queue.place(now).await.err().unwrap().kind(), Kind::Deadline);
    }
}
