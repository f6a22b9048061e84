//! What a running computation is watched by: its deadline and its client, who may leave.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Kind, Result};

/// Why a computation must stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The time allowed is over.
    Deadline,
    /// Nobody waits for the answer any more.
    Gone,
}

type Brake = Box<dyn Fn() + Send>;

#[derive(Default)]
struct State {
    stop: Option<Stop>,
    brake: Option<Brake>,
}

/// How far a computation is, for those who ask meanwhile. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<AtomicU32>);

impl Progress {
    /// 0..1.
    pub(crate) fn share(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// Shared by the one who computes and the one who may stop it. Cloning shares it.
#[derive(Clone, Default)]
pub struct Watch {
    state: Arc<Mutex<State>>,
    progress: Progress,
}

impl Watch {
    /// One that tells how far it is there.
    pub(crate) fn telling(progress: Progress) -> Self {
        Self { progress, ..Self::default() }
    }

    /// Tells how far the computation is: `done` of `all` steps.
    pub fn reached(&self, done: usize, all: usize) {
        let share = done as f32 / all.max(1) as f32;
        self.progress.0.store(share.min(1.0).to_bits(), Ordering::Relaxed);
    }

    /// Asks the computation to stop, at once where it runs in the runtime. The first reason stays.
    pub fn stop(&self, why: Stop) {
        let mut state = self.state();
        state.stop.get_or_insert(why);
        if let Some(brake) = &state.brake {
            brake();
        }
    }

    /// Fails when the computation was asked to stop; to be called between steps.
    pub fn check(&self) -> Result<()> {
        match self.state().stop {
            None => Ok(()),
            Some(Stop::Deadline) => Err(Error::new(
                Kind::Deadline,
                "the picture took longer than the time allowed; send a smaller one or ask for `max_side`",
            )),
            Some(Stop::Gone) => Err(Error::new(Kind::Gone, "the client left before the answer was ready")),
        }
    }

    /// Runs `work`, which `brake` (called from another thread) brings to an early end when `stop` is called.
    pub(crate) fn while_braked<T>(&self, brake: impl Fn() + Send + 'static, work: impl FnOnce() -> T) -> Result<T> {
        self.state().brake = Some(Box::new(brake));
        let done = self.check().map(|()| work());
        self.state().brake = None;
        done
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_seen_from_outside() {
        let progress = Progress::default();
        let watch = Watch::telling(progress.clone());
        assert_eq!(progress.share(), 0.0);
        watch.clone().reached(3, 4);
        assert_eq!(progress.share(), 0.75);
        watch.reached(0, 0);
        assert_eq!(progress.share(), 0.0);
    }

    #[test]
    fn a_stop_pulls_the_brake_and_fails_the_next_step() {
        let watch = Watch::default();
        let pulled = Arc::new(Mutex::new(0));
        let (count, other) = (pulled.clone(), watch.clone());
        watch.check().unwrap();
        watch.while_braked(move || *count.lock().unwrap() += 1, || other.stop(Stop::Deadline)).unwrap();
        watch.stop(Stop::Gone);
        assert_eq!(*pulled.lock().unwrap(), 1, "the brake is off once the work is done");
        assert_eq!(watch.check().unwrap_err().kind(), Kind::Deadline, "the first reason stays");
    }
}
