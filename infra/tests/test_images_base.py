"""The base: what pins it, and that unpacking it twice gives the same bytes without anything that runs a command."""

import re
import stat
from pathlib import Path

import pytest

from infra.functions import Wrong
from infra.images import base, debian, files


@pytest.mark.parametrize(("use", "architecture"), debian.USES)
def test_the_lock_pins_every_package_by_version_and_digest(use: str, architecture: str):
    found = debian.packages(use, architecture)
    assert [each["name"] for each in found] == debian.USES[use, architecture].split()
    for each in found:
        assert re.fullmatch(r"[0-9a-f]{64}", each["sha256"])
        assert f"Package: {each['name']}\nVersion: {each['version']}\n" in each["control"]
        assert f"Architecture: {architecture}\n" in each["control"] or "Architecture: all\n" in each["control"]


def tree(root: Path) -> dict[str, tuple]:
    """Every path with its kind, mode, time, and bytes or target."""
    found = {}
    for path in sorted(root.rglob("*")):
        about = path.lstat()
        content = path.readlink() if path.is_symlink() else files.digest(path) if path.is_file() else None
        found[str(path.relative_to(root))] = (stat.filemode(about.st_mode), about.st_mtime, content)
    return found


# proves: B14
def test_the_base_is_the_same_twice_and_holds_no_shell(tmp_path: Path):
    roots = [tmp_path / "one", tmp_path / "another/longer"]
    for root in roots:
        base.unpack("amd64", root)
        files.settle(root)
    first = tree(roots[0])
    assert first == tree(roots[1])
    assert {time for _, time, _ in first.values()} == {files.EPOCH}
    programs = {Path(name).name for name, (mode, _, _) in first.items() if mode.startswith("-") and "x" in mode}
    assert programs == {"ld-linux-x86-64.so.2", "libc.so.6"}
    assert first["tmp"][0] == "drwxrwxrwt"
    certificates = (roots[0] / "etc/ssl/certs/ca-certificates.crt").read_text()
    assert certificates.count("BEGIN CERTIFICATE") == certificates.count("END CERTIFICATE") > 100
    assert f":{base.USER}:{base.USER}:" in (roots[0] / "etc/passwd").read_text()
    assert {path.name for path in (roots[0] / "var/lib/dpkg/status.d").iterdir()} == {
        each["name"] for each in debian.packages("base", "amd64")
    }


class Offers:
    """apt that has one package, under whatever version it is asked for."""

    def __init__(self, content: bytes | None) -> None:
        self.content = content

    def update(self) -> None:
        pass

    def run(self, *words: str, folder: Path):
        if self.content is not None:
            (folder / "libc6.deb").write_bytes(self.content)
        return type("Done", (), {"returncode": int(self.content is None)})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "no longer offers libc6 1; `python -m infra.images lock`"), (b"another", "is not the pinned one")],
)
def test_a_package_that_is_gone_or_another_is_told_in_a_line(content: bytes | None, sentence: str, tmp_path: Path):
    missing = [{"name": "libc6", "version": "1", "sha256": "0" * 64}]
    with pytest.raises(Wrong, match=sentence):
        debian.fetch(missing, Offers(content), tmp_path)
    assert not list(tmp_path.glob("*.deb"))
