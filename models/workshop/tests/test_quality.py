"""Asking a function over HTTP as the measures do: a made server stands for the function."""

import http.server
import io
import json
import socket
import threading
import urllib.parse

import numpy as np
import pytest
from PIL import Image

from workshop import quality, recipe, served, small
from workshop.tasks import TASKS
from workshop.tests import made


class Made(http.server.BaseHTTPRequestHandler):
    """Gives pictures back as they came, fixed classes and boxes; notes what was asked."""

    protocol_version = "HTTP/1.1"
    asked: list[dict] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        options = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        Made.asked.append(options)
        code, kind = 200, "application/json"
        if options["model"] == "none":
            code, body = 400, b"no such model"
        elif self.headers["Accept"] == "image/png":
            kind = "image/png"
        elif "top_k" in options:
            classes = [
                {"class_id": 3, "name": "cat", "score": 0.75},
                {"class_id": 0, "name": "airplane", "score": 0.25},
            ]
            body = json.dumps({"data": {"classes": classes}}).encode()
        else:
            rows = [{"box": [1.0, 2.0, 30.5, 40.0], "class_id": 5, "name": "bus", "score": 0.9}]
            body = json.dumps({"data": {"boxes": rows}}).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Server-Timing", "queue;dur=0.01, decode;dur=1.50, run;dur=12.25")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *told):
        pass


@pytest.fixture(scope="module")
def address():
    """Where the made server listens."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Made)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/some/prefix"
    server.shutdown()


def manifest(name: str, **given) -> dict:
    function, variant = name.split("/")
    return {"function": function, "variant": variant, "knobs": {}} | given


def test_pictures_come_back_with_the_knobs_that_were_turned(address):
    client, picture = served.Client(address), made.picture(1, 20, 30)
    run = served.run_of(client, TASKS["upscale"](recipe.load("upscale/default")), manifest("upscale/default"))
    assert np.array_equal(run(picture, {"denoise": 0.0}), picture)
    assert Made.asked[-1] == {"model": "default"}
    run(picture, {"denoise": 1.0, "strength": 0.0})
    assert Made.asked[-1] == {"model": "default", "denoise": "1.0", "strength": "0.0"}
    assert client.ask(picture, {"model": "default"}, "image/png")[1] == {"queue": 0.01, "decode": 1.5, "run": 12.25}


def test_classes_and_boxes_are_read(address, tmp_path, monkeypatch):
    monkeypatch.setattr(served.recipes, "ROOT", tmp_path)
    folder = tmp_path / "models" / "classify" / "default"
    folder.mkdir(parents=True)
    (folder / "labels.txt").write_text("a\nb\nc\nd\n")
    client, picture = served.Client(address), made.picture(1, 20, 30)

    class Task:
        kind, knobs = "labels", {}

    run = served.run_of(client, Task, manifest("classify/default", labels="labels.txt"))
    assert run(picture, {}).tolist() == [0.25, 0, 0, 0.75]
    assert Made.asked[-1]["top_k"] == "4"
    Task.kind = "boxes"
    run = served.run_of(client, Task, manifest("detect/default"))
    assert run(picture, {"threshold": 0.01}) == [(1.0, 2.0, 30.5, 40.0, 5, 0.9)]
    assert Made.asked[-1]["threshold"] == "0.01"


def test_a_connection_closed_when_idle_is_opened_again(address):
    client, picture = served.Client(address), made.picture(1, 8, 8)
    client.ask(picture, {"model": "default"}, "image/png")
    client.connection.sock.shutdown(socket.SHUT_RDWR)
    assert client.ask(picture, {"model": "default"}, "image/png")[0]
    gone = served.Client("http://127.0.0.1:9/x")
    with pytest.raises(SystemExit, match="127.0.0.1:9"):
        gone.ask(picture, {"model": "default"}, "image/png")


def test_a_refusal_is_told(address):
    with pytest.raises(SystemExit, match=r"answered 400: b'no such model'"):
        served.Client(address).ask(made.picture(1, 8, 8), {"model": "none"}, "image/png")


def test_the_small_part_measures_what_it_says():
    def kept(picture, knobs):
        return picture

    (gain, _), (same, _) = ((row[1], row[2]) for row in small.derain(kept))
    assert gain == 0
    assert same > 90
    assert small.dehaze(kept)[0][1] == 0
    assert small.lowlight(kept)[0][1] < 12
    shown = io.BytesIO()
    Image.fromarray(small.sample("street_buses", 320)).save(shown, "PNG")
    assert Image.open(shown).size == (320, 240)
    assert set(small.MEASURES) == set(TASKS)


# proves: D03, D12
def test_a_made_up_variant_stands_in_the_table(address, tmp_path, monkeypatch, capsys):
    """One is announced and one is there; neither has a recipe."""
    data, root = tmp_path / "data", tmp_path / "root"
    for name, count in (("kodak12", 12), ("lowlight-dicm", 20)):
        (data / name).mkdir(parents=True)
        for seed in range(count):
            Image.fromarray(made.picture(seed, 48, 64)).save(data / name / f"{seed:02}.png")
    for variant in ("made-up", "away"):
        folder = root / "models" / "lowlight" / variant
        folder.mkdir(parents=True)
        row = {"file": "converted.onnx", "precision": "float", "bytes": 5, "parameters": 2}
        given = {"status": "fetch", "task": "picture", "weights": [row], "from": {"converter": "x"}, "picture": {}}
        (folder / "model.json").write_text(json.dumps(manifest(f"lowlight/{variant}", **given)))
    (root / "models/lowlight/made-up/converted.onnx").write_bytes(b"there")
    (root / "samples").symlink_to(recipe.ROOT / "samples")
    monkeypatch.setattr(recipe, "ROOT", root)
    assert quality.variants("lowlight") == ["default", "made-up"]
    assert quality.run(data, address, "lowlight") == 1, "there is no default"
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("lowlight/made-up ")]) > 2
    assert not any("away" in line for line in lines)
    told = json.loads((root / "out/quality.json").read_text())
    rows = [row for row in told["figures"] if row["name"] == "lowlight/made-up"]
    assert rows[0]["value"] == rows[0]["input"], "it gives pictures back as they came"
    assert told["speed"][0]["seconds"] == {"auto": round(12.25 / 1000 / (640 * 480 / 1e6), 4)}
