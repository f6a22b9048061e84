//! The built program against a double of a function, for what a function does only now and then.

mod busy;
mod double;
mod folders;
mod jobs;
mod told;
mod turns;
mod uploads;
