//! The HTTP contract, the same for every function.

mod forms;
mod headers;
mod options;
mod routes;

use std::sync::Arc;

use crate::process::{Server, functions, pictures, shared};

/// Calls `check` with each function's shared server and the scale of its default variant.
fn each(check: impl Fn(&str, &Arc<Server>, usize)) {
    of(functions(), check);
}

/// The same with those that answer with a picture.
fn each_picture(check: impl Fn(&str, &Arc<Server>, usize)) {
    of(pictures(), check);
}

fn of(names: Vec<String>, check: impl Fn(&str, &Arc<Server>, usize)) {
    for name in names {
        let server = shared(&name);
        let card = server.ask(&crate::wire::get("/models/default")).good().json();
        let scale = card["picture"]["scale"].as_u64().expect("a scale") as usize;
        check(&name, &server, scale);
    }
}
