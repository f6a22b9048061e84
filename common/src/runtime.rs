//! Finding ONNX Runtime's library and making sure of it before it is mapped.
//!
//! A cut library kills the process by a signal when it is mapped, and a foreign one runs foreign code: so its digest must
//! be one of those known here, or the one that the operator names.

use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::settings::Settings;

/// Digests of the libraries this was built and tested with.
const KNOWN: &[(&str, &str)] = &[
    ("1.31.1, x86-64, CPU", "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3"),
    ("1.31.1, arm64, CPU", "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467"),
    ("1.31.1, x86-64, CUDA 13", "5104254339ecadae808da771bd0b63b240f0dbd466514234905e54372435c303"),
];

/// The path of the library, once its digest is right.
pub(crate) fn verified_library(settings: &Settings) -> Result<PathBuf> {
    let path = &settings.library;
    let wrong = |what: String| Error::internal(format!("runtime library {}: {what}", path.display()));
    let digest = File::open(path).and_then(sha256_of).map_err(|cause| {
        wrong(format!(
            "{cause}; set ORT_DYLIB_PATH to the libonnxruntime.so of ONNX Runtime 1.31 (`make tools` fetches it)"
        ))
    })?;
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

/// SHA-256 (FIPS 180-4) of bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// The same of a file, piece by piece: it is too large to be held for this alone.
fn sha256_of(mut file: File) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 18];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            length => hash.update(&piece[..length]),
        }
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}
