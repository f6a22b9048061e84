"""The files that were fetched, each under its SHA-256, and the lock that keeps two runs apart."""

import fcntl
import hashlib
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from workshop.convert.readers import Damaged
from workshop.convert.source import LARGEST, File, Wrong

BLOCK = 1 << 18  # bytes read at once
PART = ".part"  # ends the name of a file that is being fetched from an address, and goes on from there
SCRATCH = "."  # begins the name of a folder of one run


class TooLong(Exception):
    """A stream that holds more than it may."""


class Cache:
    """A folder of files that are named by their digest; what is not whole is never under such a name."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For one run at a time; the system lets go of the lock however a run ends."""
        with (self.folder / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as cause:
                raise Wrong("another `make weights` is at work here; wait for it, or end it") from cause
            yield

    def sweep(self, wanted: set[str]) -> None:
        """Remove what a killed run left, the parts of `wanted` (digests) aside."""
        for path in self.folder.iterdir():
            if path.name.startswith(SCRATCH):
                shutil.rmtree(path, ignore_errors=True)
            elif path.suffix == PART and path.name.partition(".")[0] not in wanted:
                path.unlink()

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for a while."""
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=self.folder) as folder:
            yield Path(folder)

    def path(self, file: File) -> Path:
        """Where a file lies; only of one with a digest."""
        return self.folder / file.sha256

    def part(self, file: File, kind: str = "") -> Path:
        """Where as much lies of a file as has come from its address."""
        return self.folder / f"{file.sha256}{kind}{PART}"

    def has(self, file: File) -> bool:
        """Whether it is here, whole; one that is not is removed."""
        if not file.sha256 or not self.path(file).is_file():
            return False
        if digest(self.path(file)) == file.sha256:
            return True
        self.path(file).unlink()
        return False

    def keep(self, file: File, path: Path, whence: str) -> File:
        """Take in a file that lies in this folder; returns it with its size and digest, or removes it: `Damaged`."""
        size, found = path.stat().st_size, digest(path)
        if file.sha256 not in (None, found):
            path.unlink()
            told = f"is {size:,} bytes long, not {file.bytes:,}" if size != file.bytes else f"has SHA-256 {found}"
            raise Damaged(f"{whence} {told}: it is another file than {file.file}")
        os.replace(path, self.folder / found)
        return replace(file, sha256=found, bytes=size)

    def copy(self, file: File, path: Path) -> File:
        """Take in a file of another folder, which stays."""
        size = path.stat().st_size
        if size > LARGEST or size != (file.bytes or size):
            raise Damaged(f"{path} is {size:,} bytes long, not {file.bytes or LARGEST:,}")
        with self.scratch() as scratch, path.open("rb") as stream:
            try:
                pour(stream.read, scratch / "file", size)
            except TooLong as cause:
                raise Damaged(f"{path} grows while it is read") from cause
            return self.keep(file, scratch / "file", str(path))


def pour(read: Callable[[int], bytes], path: Path, most: int, mode: str = "wb", until: float = math.inf) -> None:
    """Write what `read` gives, no more than `most` bytes, and no longer than `until` by the steady clock."""
    with path.open(mode) as out:
        while block := read(min(BLOCK, most + 1)):
            most -= len(block)
            if most < 0:
                raise TooLong
            out.write(block)
            if time.monotonic() > until:
                raise TimeoutError("it comes too slowly")


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
