"""`make weights` from end to end, on made-up networks: what it converts, refuses, names and leaves behind."""

import fcntl
import hashlib
import io
import json
import pickle
import struct
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from workshop.convert import __main__ as command
from workshop.convert import apart, source, weights
from workshop.convert.cache import Cache
from workshop.convert.report import Row, table
from workshop.tests.convert import made

NAME = "dehaze/made-up"
HUGE = 10_000_000_000


@pytest.fixture
def asked(tmp_path) -> weights.Asked:
    """One made-up variant, its file in the mirror."""
    made.variant(tmp_path / "models", tmp_path / "mirror", NAME)
    return weights.Asked(tmp_path / "models", tmp_path / "cache", tmp_path / "mirror")


def replaced(asked: weights.Asked, data: bytes) -> Path:
    """Other bytes in the place of the variant's file, which its manifest takes for the right ones."""
    path = asked.mirror / f"{NAME}.pth"
    path.write_bytes(data)
    change(asked, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    return path


def change(asked: weights.Asked, **told) -> None:
    """Say something else of the file in the manifest; None takes it out."""
    path = asked.models / NAME / "model.json"
    manifest = json.loads(path.read_text())
    (file,) = manifest["from"]["files"]
    manifest["from"]["files"] = [{key: value for key, value in (file | told).items() if value is not None}]
    path.write_text(json.dumps(manifest))


def manifest(asked: weights.Asked) -> dict:
    return json.loads((asked.models / NAME / "model.json").read_text())


def nothing_new(asked: weights.Asked) -> bool:
    """Whether the models are as they were before."""
    return sorted(p.name for p in asked.models.rglob("*")) == ["dehaze", "made-up", "model.json"]


def row(said: str) -> str:
    return next(line for line in said.splitlines() if line.startswith(NAME))


# proves: D02
def test_a_variant_is_converted_once(asked, silence, capsys):
    (asked.models / "dehaze" / f"{source.UNFINISHED}killed").mkdir()
    assert weights.run(asked, silence) == 0
    assert row(capsys.readouterr().out).split()[1] == "done"
    (told,) = manifest(asked)["weights"]
    data = (asked.models / NAME / told["file"]).read_bytes()
    assert (told["sha256"], told["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert sorted(p.name for p in asked.models.rglob("*")) == ["converted.onnx", "dehaze", "made-up", "model.json"]
    before = (asked.models / NAME / "converted.onnx").stat().st_mtime_ns
    assert weights.run(asked, silence) == 0
    assert row(capsys.readouterr().out).split()[1] == "there"
    assert (asked.models / NAME / "converted.onnx").stat().st_mtime_ns == before

    # Half a converted file, and a manifest that tells another digest: made again, and told.
    (asked.models / NAME / "converted.onnx").write_bytes(data[:-100])
    given = manifest(asked)
    given["weights"][0]["sha256"] = "0" * 64
    (asked.models / NAME / "model.json").write_text(json.dumps(given))
    assert weights.run(asked, silence) == 0
    assert "another digest than its manifest told: the manifest is written anew" in row(capsys.readouterr().out)
    assert (asked.models / NAME / "converted.onnx").read_bytes() == data
    assert manifest(asked)["weights"] == [told]
    assert not silence.asked


def test_files_given_by_hand_are_recorded(asked, silence, tmp_path, capsys):
    path = (asked.mirror / f"{NAME}.pth").rename(tmp_path / "mine.pth")
    change(asked, bytes=None, sha256=None)
    asked = replace(asked, model="made-up")
    assert weights.run(asked, silence) == 1
    assert (
        "nobody here has seen it; put below WEIGHTS_MIRROR, or give by FILE=: dehaze/made-up.pth"
        in capsys.readouterr().out
    )
    assert weights.run(replace(asked, files=(path,)), silence) == 0
    (file,) = manifest(asked)["from"]["files"]
    assert (file["bytes"], file["sha256"]) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    path.write_bytes(path.read_bytes() + b"?")
    capsys.readouterr()
    assert weights.run(replace(asked, files=(path,)), silence) == 1
    assert f"{path} is {path.stat().st_size:,} bytes long, not {file['bytes']:,}" in row(capsys.readouterr().out)
    assert not silence.asked


def test_what_is_missing_is_told_with_what_would_bring_it(asked, silence, capsys):
    (asked.mirror / f"{NAME}.pth").unlink()
    assert weights.run(asked, silence) == 0
    said = row(capsys.readouterr().out)
    assert "missing" in said
    assert "example.org is not reached: Name or service not known" in said
    assert "put below WEIGHTS_MIRROR, or give by FILE=: dehaze/made-up.pth (https://example.org/a.pth)" in said
    assert weights.run(replace(asked, model=NAME), silence) == 1


class Evil:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def hostile(path: Path) -> bytes:
    out = io.BytesIO()
    torch.save({"e_conv1.weight": Evil(path)}, out)
    return out.getvalue()


def claiming() -> bytes:
    """A PyTorch file whose one tensor claims 10 GB and has 8 bytes."""
    out = io.BytesIO()
    torch.save({"e_conv1.weight": torch.zeros(2)}, out)
    claimed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(out.getvalue())) as given, zipfile.ZipFile(claimed, "w") as taken:
        for name in given.namelist():
            data = given.read(name)
            if name.endswith("data.pkl"):  # the number of elements, and the shape, are pickled in one byte
                assert data.count(b"K\x02") == 2
                data = data.replace(b"K\x02", b"\x8a\x05" + struct.pack("<Q", HUGE // 4)[:5])
            taken.writestr(name, data)
    return claimed.getvalue()


def old(path: Path) -> bytes:
    """A pickle alone."""
    return pickle.dumps(Evil(path))


# proves: D02
@pytest.mark.parametrize("kind", ["hostile", "old", "claim", "truncated"])
def test_a_hostile_file_is_refused_by_name(asked, silence, tmp_path, capsys, kind):
    mark = tmp_path / "mark"
    whole = (asked.mirror / f"{NAME}.pth").read_bytes()
    made_of = {"hostile": hostile(mark), "old": old(mark), "claim": claiming(), "truncated": whole[:-2000]}
    replaced(asked, made_of[kind])
    assert weights.run(asked, silence) == 1
    said = row(capsys.readouterr().out)
    assert "refused" in said
    assert "made-up.pth" in said
    assert not mark.exists()
    assert nothing_new(asked)


def test_a_manifest_that_claims_10_gb_is_refused_by_name(asked, silence):
    change(asked, bytes=HUGE)
    with pytest.raises(source.Wrong, match=r"dehaze/made-up/model\.json: dehaze/made-up\.pth claims 10000000000 bytes"):
        weights.run(asked, silence)
    assert nothing_new(asked)


def test_a_manifest_that_is_none_is_told(asked, silence):
    (asked.models / NAME / "model.json").write_text('{"function": "dehaze",')
    with pytest.raises(source.Wrong, match=r"dehaze/made-up/model\.json: .*line 1"):
        weights.run(asked, silence)


def test_one_that_fails_is_named_and_the_others_go_on(asked, silence, capsys):
    made.variant(asked.models, asked.mirror, "dehaze/other", seed=8)
    path = asked.models / NAME / "model.json"
    given = manifest(asked)
    given["from"]["converter"] = "nobodys"
    path.write_text(json.dumps(given))
    assert weights.run(asked, silence) == 1
    said = capsys.readouterr().out
    assert "failed" in row(said)
    assert "ModuleNotFoundError: No module named 'workshop.convert.networks.nobodys'" in row(said)
    assert next(line for line in said.splitlines() if line.startswith("dehaze/other")).split()[1] == "done"


class Killing(set):
    """Kills each process that is begun."""

    def add(self, process) -> None:
        process.kill()


def test_a_conversion_that_dies_or_does_not_end_is_told(asked):
    (given,) = source.sources(asked.models)
    paths = [asked.mirror / f"{NAME}.pth"]
    died = apart.convert(given, paths, Killing())
    assert str(died) == "its process died: signal SIGKILL"
    late = apart.convert(given, paths, set(), limit=0)
    assert str(late) == "it took longer than 0 s and was ended"
    weights.sweep(asked.models, Cache(asked.cache), [given])
    assert nothing_new(asked)


def greedy(*_) -> int:
    """A conversion that asks for as much memory as it may have in all; none of it is touched."""
    return len(bytearray(apart.MEMORY))


def test_a_conversion_is_bounded_in_memory(asked):
    answer, told = apart.APART.Pipe(duplex=False)
    process = apart.APART.Process(target=apart.work, args=(told, *source.sources(asked.models), [], greedy))
    process.start()
    told.close()
    outcome = answer.recv()
    process.join()
    assert isinstance(outcome, apart.Failed)
    assert str(outcome) == "it asked for more than 6 GiB of memory"


def test_two_runs_keep_apart(asked, silence):
    Cache(asked.cache)
    with (asked.cache / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(source.Wrong, match="another `make weights` is at work here"):
            weights.run(asked, silence)
    assert nothing_new(asked)


def test_what_a_killed_run_left_is_removed(asked, silence):
    cache = Cache(asked.cache)
    (own,) = source.sources(asked.models)[0].files
    stale = [cache.folder / f"{'0' * 64}.part", cache.folder / f"{'1' * 64}.zip.part", cache.folder / ".scratch"]
    for path in [cache.part(own), *stale]:
        path.write_bytes(b"half")
    stale[-1].unlink()
    stale[-1].mkdir()
    weights.sweep(asked.models, cache, source.sources(asked.models))
    assert [path.name for path in cache.folder.iterdir()] == [cache.part(own).name]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"function": "upscale"}, "no published network is known for FUNCTION=upscale"),
        ({"model": "made-down"}, "no published network is called MODEL=made-down here"),
        ({"files": (Path("a"),)}, "FILE= goes with MODEL= that names one variant"),
        ({"model": "made-up", "files": (Path("a"), Path("b"))}, "dehaze/made-up is made of 1 files"),
    ],
)
def test_wrong_words_are_told(asked, silence, told, said):
    with pytest.raises(source.Wrong, match=said):
        weights.run(replace(asked, **told), silence)


def test_the_command_line(asked, monkeypatch, capsys):
    with pytest.raises(SystemExit, match="unknown MODLE"):
        command.words("weights", ["MODLE=x"])
    monkeypatch.setattr(sys, "argv", ["workshop.convert", "weights", f"MODELS={asked.models}", "MODEL=none"])
    assert command.main() == 1
    assert capsys.readouterr().err.startswith("weights: no published network is called MODEL=none")
    for environment, words, told in (
        ({"WEIGHTS_MIRROR": "/nowhere"}, {}, "WEIGHTS_MIRROR names no folder: /nowhere"),
        ({}, {"FILE": "/nowhere/a.pth"}, "FILE names no file: /nowhere/a.pth"),
    ):
        with pytest.raises(source.Wrong, match=told):
            command.asked(words, environment)


def test_the_table_counts():
    rows = [Row("dehaze/a", "done", bytes=1234), Row("dehaze/long", "missing", "nobody has it")]
    assert table(rows).splitlines() == [
        "dehaze/a     done            1,234",
        "dehaze/long  missing                nobody has it",
        "variants: 1 done (converted now), 1 missing (files not to be had)",
    ]
