//! Memory: kept between requests, given back when idle.
//!
//! A run allocates and frees some hundred megabytes. Left alone, glibc maps and unmaps every large block, and each run
//! pays again for zeroed pages; ONNX Runtime's own arena avoids that and keeps its peak for life. So the arena is off, and
//! glibc is told to keep freed memory in one heap, which [`give_back`] empties once no request runs. As much as an ordinary
//! picture needs is made ready at start and kept, so that the first request, and one after a pause, pay nothing for it.

/// What is made ready and kept: the working set of a 640x480 picture, bytes.
const KEPT: usize = 64 << 20;

/// Addresses held beyond that: a page of 2 MB costs little more to bring in than one of 4 KB.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ROOM: usize = 512 << 20;

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

/// Makes [`KEPT`] bytes of the heap ready, in one call instead of a page fault for each page. To be called when whatever
/// lives as long as the process has been allocated: what is kept is the heap's end.
pub(crate) fn make_ready() {
    reserve(KEPT);
}

/// Returns every free page but [`KEPT`] bytes to the system.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub(crate) fn give_back() {
    // SAFETY: malloc_trim is safe to call from any thread at any time.
    unsafe {
        libc::malloc_trim(KEPT);
    }
    reserve(0);
}

/// Extends the heap by [`ROOM`] bytes of addresses, to be backed by huge pages when they are touched, and backs the first
/// `ready` bytes now. Where the system has none of that, pages come one by one as ever.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
fn reserve(ready: usize) {
    const HUGE_PAGE: usize = 2 << 20;
    let mut heap: Vec<u8> = Vec::new();
    if heap.try_reserve_exact(ROOM).is_err() {
        return;
    }
    let skip = heap.as_ptr().align_offset(HUGE_PAGE);
    let start = heap.as_mut_ptr().wrapping_add(skip).cast();
    // SAFETY: both ranges lie within the allocation, which nobody else sees yet; neither call changes its content.
    unsafe {
        libc::madvise(start, (ROOM - skip) & !(HUGE_PAGE - 1), libc::MADV_HUGEPAGE);
        if ready > 0 {
            libc::madvise(start, ready, libc::MADV_POPULATE_WRITE);
        }
    }
    drop(std::hint::black_box(heap));
}

/// Other systems keep their own habits.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep_between_requests() {}

/// Other systems keep their own habits.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn reserve(_ready: usize) {}

/// Other systems keep their own habits.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}
