"""What the tests of the catalogue share: `make catalogue-test` converts everything first and names the mirror and the data."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from workshop import recipe as recipes
from workshop.convert import source
from workshop.convert.run import manifest_of, run_of
from workshop.convert.source import FILES
from workshop.served import Client, served
from workshop.served import run_of as served_run
from workshop.tasks import judge_of

MIRROR = Path(os.environ.get("WEIGHTS_MIRROR") or recipes.ROOT / "../shared/weights")
DATA = Path(os.environ.get("DATA") or recipes.ROOT / "../shared/data")
ALL = [s for s in source.sources() if s.manifest["status"] == "fetch"]
# What a function does beside its network, taken off.
PLAIN = {"stylize": {"media_filter": 1}}
# Not in the mirror, nor in a package.
FAR = {s.name for s in ALL if any(not f.package and not (MIRROR / f.file).is_file() for f in s.files)}
HERE = [s for s in ALL if s.name not in FAR]
NAMES = [s.name for s in HERE]


def pytest_generate_tests(metafunc):
    """`variant`: every published one that can be had here, as function/variant; `painter`: those that give pictures."""
    for fixture, kinds in (("variant", None), ("painter", ("picture",))):
        if fixture in metafunc.fixturenames:
            chosen = [s.name for s in HERE if kinds is None or s.manifest["task"] in kinds]
            metafunc.parametrize(fixture, chosen)


@pytest.fixture(scope="session")
def ask():
    """`ask(function, models=None)` -> a client of that function's float files, started once for a folder of models."""
    with contextlib.ExitStack() as started:
        clients = {}

        def of(function: str, models: Path | None = None) -> Client:
            if (function, models) not in clients:
                address = started.enter_context(served(function, None, "float", models))
                clients[function, models] = Client(address)
            return clients[function, models]

        yield of


@pytest.fixture(params=("file", "served"))
def run_by(request, ask):
    """`run_by(name)` -> `run(picture, knobs)` of a variant: of its converted file in Python, and of the function over HTTP."""

    def of(name: str) -> Callable:
        if request.param == "file":
            return run_of(name)
        manifest = manifest_of(name)
        return served_run(ask(manifest["function"]), judge_of(manifest), manifest)

    return of


def pytest_sessionstart(session):
    """Everything that can be had must be there: nothing is passed over."""
    missing = [name for name in NAMES if not (source.MODELS / name / FILES["float"]).is_file()]
    if missing:
        raise pytest.UsageError(
            f"not converted: {', '.join(missing[:5])} ({len(missing)} in all); `make weights` does it"
        )
