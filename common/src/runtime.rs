//! Finding ONNX Runtime's library and making sure of it before it is mapped.
//!
//! A cut library kills the process by a signal when it is mapped, and a foreign one runs foreign code: so its digest must
//! be one of those known here, or the one that the operator names.

use std::fmt::Write;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::settings::Settings;

/// Digests of the libraries this was built and tested with.
const KNOWN: &[(&str, &str)] =
    &[("1.31.1, x86-64, CPU", "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3")];

/// The path of the library, once its digest is right.
pub(crate) fn verified_library(settings: &Settings) -> Result<PathBuf> {
    let path = &settings.library;
    let wrong = |what: String| Error::internal(format!("runtime library {}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|cause| {
        wrong(format!(
            "{cause}; set ORT_DYLIB_PATH to the libonnxruntime.so of ONNX Runtime 1.31 (`make tools` fetches it)"
        ))
    })?;
    let digest = sha256(&bytes);
    let known = KNOWN.iter().any(|(_, known)| *known == digest);
    if !known && settings.library_sha256.as_deref() != Some(&digest) {
        let known: Vec<_> = KNOWN.iter().map(|(name, _)| *name).collect();
        return Err(wrong(format!(
            "cut, corrupt or unknown (known: {}); if it is the one you mean, set ORT_DYLIB_SHA256={digest}",
            known.join("; ")
        )));
    }
    // An absolute path: a relative one would be looked up beside the executable first.
    std::path::absolute(path).map_err(|cause| wrong(cause.to_string()))
}

/// SHA-256 in hexadecimal (FIPS 180-4).
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}
