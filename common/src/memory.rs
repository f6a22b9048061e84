//! Memory: kept between requests, given back when idle.
//!
//! A run allocates and frees some hundred megabytes. Left alone, glibc maps and unmaps every large block, and each run
//! pays again for zeroed pages; ONNX Runtime's own arena avoids that and keeps its peak for life. So the arena is off, and
//! glibc is told to keep freed memory in one heap, which [`give_back`] all but empties once no request runs. The heap's room is
//! backed by huge pages where the system has them: the first request after a pause then pays next to nothing.
//!
//! All of this is glibc's; elsewhere (musl, other systems) the allocator keeps its own habits.

/// Addresses held ready beyond what is in use: a page of 2 MB costs little more to bring in than one of 4 KB.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ROOM: usize = 512 << 20;

/// What stays when memory is given back, bytes: enough that a 640x480 picture after a pause is as quick as any.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: usize = 48 << 20;

/// Sets the allocator up for large blocks that come and go. To be called first in `main`.
#[allow(unsafe_code)]
pub(crate) fn keep_between_requests() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: mallopt only sets parameters of the allocator; it is called before any other thread exists.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, 1);
            libc::mallopt(libc::M_MMAP_MAX, 0);
            libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
            libc::mallopt(libc::M_TOP_PAD, 16 << 20);
        }
        hold_room();
    }
}

/// Memory of the process that is backed by pages, bytes; 0 where the system does not tell.
pub(crate) fn resident() -> u64 {
    const PAGE: u64 = 4096;
    let statistics = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statistics.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * PAGE
}

/// Returns every free page but [`KEPT`] bytes at the heap's end to the system.
#[allow(unsafe_code)]
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: malloc_trim is safe to call from any thread at any time.
        unsafe {
            libc::malloc_trim(KEPT);
        }
        hold_room();
    }
}

/// Extends the heap by [`ROOM`] bytes of addresses, none of them backed yet, and asks for huge pages under them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
fn hold_room() {
    const HUGE_PAGE: usize = 2 << 20;
    let mut heap: Vec<u8> = Vec::new();
    // Where addresses are rationed, pages come one by one as ever.
    if heap.try_reserve_exact(ROOM).is_err() {
        return;
    }
    let skip = heap.as_ptr().align_offset(HUGE_PAGE);
    let start = heap.as_mut_ptr().wrapping_add(skip);
    // SAFETY: the range lies within the allocation, which nobody else sees yet; the call changes no content.
    unsafe {
        libc::madvise(start.cast(), (ROOM - skip) & !(HUGE_PAGE - 1), libc::MADV_HUGEPAGE);
    }
    drop(std::hint::black_box(heap));
}
