"""The container file under hadolint, and what it must say."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.images.builder import CONTAINERFILE

HADOLINT = Path(sys.executable).with_name("hadolint")


def hadolint(path: Path) -> subprocess.CompletedProcess:
    command = [HADOLINT, "--failure-threshold", "style", path]
    return subprocess.run(command, check=False, capture_output=True, text=True)


# proves: D08
def test_hadolint_finds_nothing():
    found = hadolint(CONTAINERFILE)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("USER 65532:65532", "USER root", "DL3002"),
        ('ENTRYPOINT ["/usr/bin/function"]', "ENTRYPOINT /usr/bin/function", "DL3025"),
        ("FROM scratch AS base", "FROM debian:latest AS base", "DL3007"),
        ("EXPOSE 8080", "EXPOSE 808080", "DL3011"),
    ],
)
def test_a_planted_mistake_is_found(old: str, new: str, rule: str, tmp_path: Path):
    text = CONTAINERFILE.read_text()
    assert old in text
    planted = tmp_path / "Containerfile"
    planted.write_text(text.replace(old, new))
    found = hadolint(planted)
    assert found.returncode != 0 and rule in found.stdout


# proves: K03
def test_there_is_one_for_all_and_it_names_no_function():
    from infra.functions import functions

    text = CONTAINERFILE.read_text()
    assert not [each.name for each in functions() if each.name in text.split()]
    assert "\nRUN " not in text
