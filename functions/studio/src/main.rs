//! studio: one page for all functions.

use common::{Card, Neighbour, Site};

// FILES and FUNCTIONS, which build.rs makes of the folders assets/, samples/ and models/.
include!(concat!(env!("OUT_DIR"), "/content.rs"));

fn main() -> std::process::ExitCode {
    let card = Card {
        name: "studio",
        title: "The page of all functions",
        summary: "A page on which people use every function: pictures, videos and the camera, before and after.",
    };
    common::serve_site(Site { card, files: FILES, functions: FUNCTIONS })
}
