"""Files as images need them: known by digest, and the same bytes, modes and times wherever they are built."""

import hashlib
import os
import shutil
from pathlib import Path

# 2026-01-01: one time for every file and every image, so that equal contents are equal images.
EPOCH = 1767225600


def digest(path: Path) -> str:
    """SHA-256 (FIPS 180-4) of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def settle(folder: Path) -> None:
    """Gives everything below `folder` its time and mode: what may be run or entered 755, the rest 644; /tmp is everybody's."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            enter = path.is_dir() or path.stat().st_mode & 0o111
            path.chmod(0o1777 if path == folder / "tmp" else 0o755 if enter else 0o644)
        os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)
