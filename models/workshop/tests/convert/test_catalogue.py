"""`make catalogue` over a made-up folder, over the one that is committed, and how quickly it begins."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from workshop.convert import catalogue, state
from workshop.convert.source import MODELS, Wrong

FLOAT = {"file": "converted.onnx", "precision": "float", "sha256": "", "bytes": 1234567, "parameters": 300000}
INT8 = {"file": "converted.int8.onnx", "precision": "int8", "sha256": "", "bytes": 400000, "parameters": 300000}
QUALITY = {"precision": "float", "set": "Set5", "metric": "PSNR-Y", "unit": "dB", "value": 33.5}
SPEED = {"precision": "float", "size": "640x480", "threads": 2, "seconds": 0.6144}


def put(models: Path, name: str, **told) -> Path:
    """A manifest of models/<name>."""
    folder = models / name
    folder.mkdir(parents=True)
    given = {"function": folder.parent.name, "variant": folder.name, "licence": "MIT", "status": "ready", "weights": []}
    (folder / "model.json").write_text(json.dumps(given | {"quality": [], "speed": []} | told))
    return folder


# proves: D02, D04
def test_every_variant_has_a_line_in_the_order_of_the_tree(tmp_path, capsys):
    family = {"name": "many", "title": "Many"}
    put(tmp_path, "dehaze/default", weights=[FLOAT | {"file": "model.onnx"}])
    folder = put(
        tmp_path, "upscale/zz", family=family, status="fetch", weights=[FLOAT, INT8], quality=[QUALITY], speed=[SPEED]
    )
    (folder / "converted.onnx").write_bytes(b"there")
    put(tmp_path, "upscale/aa", family=family, status="fetch", licence="none stated", terms="unstated")
    put(tmp_path, "upscale/nn", family={"name": "few", "title": "Few"}, status="broken", reason="it fails")
    put(tmp_path, "upscale/.weights-1")
    assert catalogue.run(models=tmp_path) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "dehaze",
        "here licence terms bytes parameters quality s/MP",
        "default ready MIT free 1,234,567 300,000",
        "",
        "upscale",
        "here licence terms bytes parameters quality s/MP",
        "Many",
        "aa not fetched none stated unstated",
        "zz ready MIT free 1,234,567 300,000 PSNR-Y 33.5 dB, Set5 2.000",
        "nn broken MIT free",
        "it fails",
        "",
        "4 variants: 2 ready, 1 not fetched, 1 broken",
        "`make weights FUNCTION=… MODEL=…` fetches those that are not; ACCEPT_LICENCES=… takes terms that are not free",
    ]


def test_one_function_is_asked_for_by_name(tmp_path, capsys):
    put(tmp_path, "dehaze/default", weights=[FLOAT])
    put(tmp_path, "upscale/default", weights=[FLOAT])
    assert catalogue.run("upscale", tmp_path) == 0
    assert "dehaze" not in capsys.readouterr().out
    with pytest.raises(Wrong, match="there is no function nothing; there are: dehaze, upscale"):
        catalogue.run("nothing", tmp_path)


def test_weights_that_lie_there_make_it_ready(tmp_path):
    folder = put(tmp_path, "dehaze/a", status="upstream-only", reason="ask", weights=[FLOAT, INT8])
    assert (state.found(folder)["status"], state.usable(folder)) == ("upstream-only", None)
    (folder / "converted.onnx").write_bytes(b"there")
    assert state.usable(folder)["weights"] == [FLOAT]
    assert state.served(state.found(folder)) == "float"
    (folder / "converted.int8.onnx").write_bytes(b"there")
    assert state.served(state.found(folder)) == "int8"
    (folder / "model.json").write_text("{")
    with pytest.raises(Wrong, match="dehaze/a/model.json: "):
        state.found(folder)


def test_the_committed_catalogue_is_told_without_torch():
    code = "import sys; from workshop.convert import catalogue; catalogue.run(); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert {path.parent.name for path in MODELS.glob("*/[!.]*/model.json")} <= told
