//! Memory: kept between requests, given back when idle.
//!
//! A run allocates and frees some hundred megabytes. Left alone, glibc maps and unmaps every large block, and each run
//! pays again for zeroed pages; ONNX Runtime's own arena avoids that and keeps its peak for life. So the arena is off, and
//! glibc is told to keep freed memory in one heap, which [`give_back`] empties once no request runs.

/// Sets glibc's allocator up for large blocks that come and go. To be called first in `main`.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub(crate) fn keep_between_requests() {
    // SAFETY: mallopt only sets parameters of the allocator; it is called before any other thread exists.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 16 << 20);
    }
}

/// Returns every free page to the system.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub(crate) fn give_back() {
    // SAFETY: malloc_trim is safe to call from any thread at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other systems keep their own habits.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep_between_requests() {}

/// Other systems keep their own habits.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}
