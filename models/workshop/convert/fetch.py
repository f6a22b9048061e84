"""Where the files come from: the cache, else the mirror, else the package or the address that the manifest pins."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from workshop.convert import package
from workshop.convert.address import Addresses, Missing
from workshop.convert.archive import take_out
from workshop.convert.cache import Cache
from workshop.convert.readers import Damaged
from workshop.convert.source import File

AT_ONCE = 4
Found = dict[File, File | Missing | Damaged]  # with size and digest and in the cache, or why not


def fetch(files: set[File], cache: Cache, mirror: Path | None, addresses: Addresses) -> Iterator[Found]:
    """Each file, in any order, those of one package together."""
    here, groups = {}, {}
    for file in sorted(files, key=lambda file: file.file):
        try:
            if found := at_hand(file, cache, mirror):
                here[file] = found
            else:
                groups.setdefault(archive_of(file), []).append(file)
        except Damaged as cause:
            here[file] = cause
    yield here
    yield from (
        found for _, found in side_by_side(lambda group: remote(group, cache, addresses), groups.values(), AT_ONCE)
    )


def side_by_side(work: Callable, items, count: int) -> Iterator[tuple]:
    """(item, what `work` makes of it) by `count` threads, as each ends; those not begun are dropped when this is stopped."""
    threads = ThreadPoolExecutor(count)
    try:
        begun = {threads.submit(work, item): item for item in items}
        for done in as_completed(begun):
            yield begun[done], done.result()
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def archive_of(file: File) -> tuple:
    """What is fetched at once."""
    if file.package:
        return file.package.index, file.package.name, file.package.version
    return (file.address, file.member)


def at_hand(file: File, cache: Cache, mirror: Path | None) -> File | None:
    """The file where nothing has to be asked."""
    if cache.has(file):
        return file
    if mirror and (mirror / file.file).is_file():
        return cache.copy(file, mirror / file.file)
    return None


def remote(group: list[File], cache: Cache, addresses: Addresses) -> Found:
    """Files of one package or address."""
    first = group[0]
    try:
        if not all(file.sha256 for file in group):
            raise Missing("its publishers alone have it and nobody here has seen it")
        if first.package:
            return packed(group, cache)
        if first.address:
            return dict.fromkeys(group, addressed(first, cache, addresses))
        raise Missing("its manifest names no address and no package")
    except (Missing, Damaged) as cause:
        return dict.fromkeys(group, cause)


def packed(group: list[File], cache: Cache) -> Found:
    """Files of one package."""
    found = {}
    with cache.scratch() as scratch:
        archive = package.archive(group[0].package, scratch)
        for file in group:
            try:
                found[file] = unpacked(file, file.package.member, archive, scratch, archive.name, cache)
            except Damaged as cause:
                found[file] = cause
    return found


def addressed(file: File, cache: Cache, addresses: Addresses) -> File:
    """The file of an address, or in the zip archive there."""
    part = cache.part(file, ".zip" if file.member else "")
    addresses.get(file.address, part, None if file.member else file.bytes)
    if not file.member:
        return cache.keep(file, part, file.address)
    try:
        with cache.scratch() as scratch:
            return unpacked(file, file.member, part, scratch, file.address, cache)
    finally:
        part.unlink()


def unpacked(file: File, member: str, archive: Path, scratch: Path, named: str, cache: Cache) -> File:
    """A file out of an archive."""
    take_out(archive, member, file, scratch / "member", named)
    return cache.keep(file, scratch / "member", f"{member} in {named}")
