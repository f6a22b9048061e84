"""`make weights` as its user runs it: killed at any moment and repeated, and on a machine that reaches only the registries."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workshop import recipe as recipes
from workshop.convert import source
from workshop.tests.convert import made

KILLS = 10
NAMES = [f"dehaze/made-up-{number}" for number in range(3)] + [f"lowlight/made-up-{number}" for number in range(2)]


@pytest.fixture
def models(tmp_path) -> Path:
    """Five small variants, the last of which comes in a package."""
    folder, mirror = tmp_path / "models", tmp_path / "mirror"
    for seed, name in enumerate(NAMES):
        made.variant(folder, mirror, name, seed)
    file = mirror / f"{NAMES[-1]}.pth"
    made.wheel(tmp_path, {"net.pth": file.read_bytes()})
    file.unlink()
    path = folder / NAMES[-1] / "model.json"
    manifest = json.loads(path.read_text())
    package = {"index": "pypi", "name": "made-up-net", "version": "1.2", "member": "made_up_net/net.pth"}
    manifest["from"]["files"][0]["package"] = package
    path.write_text(json.dumps(manifest))
    return folder


def begin(models: Path, cache: Path, said: Path, **environment: str) -> subprocess.Popen:
    """`make weights` with folders of its own; `said`: a file for what it says."""
    command = [sys.executable, "-m", "workshop.convert", "weights", f"MODELS={models}", f"CACHE={cache}"]
    given = {key: value for key, value in os.environ.items() if key not in ("WEIGHTS_MIRROR", "ACCEPT_LICENCES")}
    with said.open("w") as out:
        return subprocess.Popen(command, cwd=recipes.ROOT, env={**given, **environment}, stdout=out, stderr=out)


def state(folder: Path) -> dict[str, str]:
    """Digest of every file below a folder, hidden ones too, and every folder."""
    found = sorted(folder.rglob("*"))
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in found
    }


# proves: D02
def test_killed_at_ten_moments_and_repeated_it_ends_the_same(models, tmp_path):
    around = {"WEIGHTS_MIRROR": str(tmp_path / "mirror"), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    said, undisturbed = tmp_path / "said", tmp_path / "undisturbed"
    shutil.copytree(models, undisturbed / "models")
    began = time.monotonic()
    whole = begin(undisturbed / "models", undisturbed / "cache", said, **around)
    assert whole.wait() == 0, said.read_text()
    took = time.monotonic() - began
    assert "variants: 5 done" in said.read_text()
    wanted = state(undisturbed / "models")
    fetched = state(undisturbed / "cache")

    moments, kills, at = random.Random(), 0, tmp_path / "killed"
    shutil.copytree(models, at / "models")
    while kills < KILLS:
        program = begin(at / "models", at / "cache", said, **around)
        try:
            assert program.wait(moments.uniform(0, took / 2)) == 0, said.read_text()
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
            kills += 1
        else:  # it ended before its moment: again from nothing
            assert (state(at / "models"), state(at / "cache")) == (wanted, fetched)
            shutil.rmtree(at)
            shutil.copytree(models, at / "models")
        for path in at.glob("models/*/*/converted.onnx"):  # what is there is whole at any moment
            assert hashlib.sha256(path.read_bytes()).hexdigest() == wanted[str(path.relative_to(at / "models"))]
    assert begin(at / "models", at / "cache", said, **around).wait() == 0, said.read_text()
    assert (state(at / "models"), state(at / "cache")) == (wanted, fetched)


# proves: D02
def test_without_a_mirror_the_packages_come_and_the_rest_is_named(tmp_path):
    every = {s.name: s for s in source.sources() if s.manifest["status"] == "fetch"}
    packed = {name for name, s in every.items() if all(file.package for file in s.files)}
    assert {"upscale/span-ch48-x2", "upscale/esrgan-slim-x4", "lowlight/neuro-low-light"} <= packed
    far = "dehaze/aodnet"
    for name in (*packed, far):
        (tmp_path / "models" / name).mkdir(parents=True)
        shutil.copy(every[name].folder / "model.json", tmp_path / "models" / name)
    path = tmp_path / "models" / far / "model.json"
    path.write_text(path.read_text().replace("raw.githubusercontent.com", "nowhere.invalid"))
    said = tmp_path / "said"
    program = begin(tmp_path / "models", tmp_path / "cache", said, ACCEPT_LICENCES="all")
    assert program.wait() == 0, said.read_text()
    rows = {line.split()[0]: line for line in said.read_text().splitlines() if "/" in line and "  " in line}
    for name in packed:
        assert rows[name].split()[1] == "done"
        (told,) = json.loads((tmp_path / "models" / name / "model.json").read_text())["weights"]
        written = tmp_path / "models" / name / told["file"]
        assert hashlib.sha256(written.read_bytes()).hexdigest() == told["sha256"]
    assert rows[far].split()[1] == "missing"
    assert "nowhere.invalid is not reached: " in rows[far]
    assert "put below WEIGHTS_MIRROR, or give by FILE=: dehaze/aodnet.pth (https://nowhere.invalid/" in rows[far]
