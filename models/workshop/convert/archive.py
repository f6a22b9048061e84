"""One file out of an archive that nobody has looked at: found by its exact name, and never longer than it may be."""

import gzip
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

from workshop.convert.address import ARCHIVE
from workshop.convert.cache import TooLong, pour
from workshop.convert.readers import Damaged
from workshop.convert.source import LARGEST, File

BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, ValueError, RuntimeError)


def take_out(archive: Path, member: str, file: File, out: Path, named: str) -> None:
    """Write the file `member` of a zip or a compressed tar archive to `out`; `named`: the archive, in what is told."""
    try:
        with (tar if archive.suffix == ".tgz" else plain)(archive, member) as (size, stream):
            if size > LARGEST or file.bytes not in (None, size):
                raise Damaged(f"{member} in {named} claims {size:,} bytes, not {file.bytes or LARGEST:,}")
            pour(stream.read, out, size)
    except KeyError as cause:
        raise Damaged(f"{named} holds no {member}") from cause
    except (TooLong, *BROKEN) as cause:
        raise Damaged(f"{named} is no whole archive: {cause or type(cause).__name__}") from cause


@contextmanager
def plain(archive: Path, member: str):
    """Size and stream of a file in a zip archive."""
    with zipfile.ZipFile(archive) as opened:
        info = opened.getinfo(member)
        with opened.open(info) as stream:
            yield info.file_size, stream


@contextmanager
def tar(archive: Path, member: str):
    """Size and stream of a file in an npm package, in whose one folder all its files are."""
    unpacked = archive.with_suffix(".tar")  # first of all, bounded: the sizes in it are held against the file then
    with gzip.open(archive) as stream:
        pour(stream.read, unpacked, ARCHIVE)
    with tarfile.open(unpacked, "r:") as opened:
        for info in opened:
            if info.isreg() and info.name.partition("/")[2] == member:
                yield info.size, opened.extractfile(info)
                return
    raise KeyError(member)
