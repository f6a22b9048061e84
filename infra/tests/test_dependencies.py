"""What `make dependencies` tells, before an index of these tests' own: what is out of date, and that what nobody knows is no good news."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.functions import ROOT

sys.path.append(str(ROOT / "tools"))

import dependencies  # noqa: E402 - found by the line above
from dependencies import Pin  # noqa: E402

PAGE = '<a href="demo-{0}-py3-none-any.whl">demo-{0}-py3-none-any.whl</a>'


class Index(BaseHTTPRequestHandler):
    """Knows `demo`, in two versions."""

    def do_GET(self):
        known = self.path == "/simple/demo/"
        self.send_response(200 if known else 404)
        self.send_header("content-type", "text/html")
        self.end_headers()
        if known:
            self.wfile.write("".join(PAGE.format(version) for version in ("1.0", "1.2")).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def index(monkeypatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    yield
    server.shutdown()
    server.server_close()


def test_every_kind_of_pin_is_found():
    found = {(pin.name, pin.kind, pin.place) for pin in dependencies.pins()}
    assert ("zizmor", "package", "tools/requirements-lint.txt") in found
    assert ("pytest", "package", "infra/requirements.txt") in found
    assert ("onnxruntime", "package", "tools/pins.json") in found
    assert ("s3s-fs", "crate", "tools/pins.json") in found
    places = {place for _, _, place in found}
    files = {str(path.relative_to(ROOT)) for path in ROOT.glob("*/requirements*.txt")}
    assert files <= places, "no file of pins is left out"


# proves: B14
def test_what_is_out_of_date_is_a_row_and_what_is_not_is_none(index, capsys):
    old, new = Pin("demo", "1.0", "package", "a.txt"), Pin("demo", "1.2", "package", "b.txt")
    assert dependencies.report([old, new]) == []
    told = capsys.readouterr().out
    assert "| demo | 1.0 | 1.2 | a.txt |" in told
    assert "b.txt" not in told


def test_a_pin_of_which_no_version_can_be_found_is_told(index, capsys):
    gone = Pin("gone", "1.0", "package", "a.txt")
    assert dependencies.report([gone]) == [gone]
    assert "No version could be found of: gone (a.txt)" in capsys.readouterr().out


# proves: B14
@pytest.mark.parametrize(
    ("failing", "code"),
    [(None, 0), ("advisories", 1), ("audit", 1), ("update", 0)],
    ids=["nothing", "crate", "npm", "update"],
)
def test_only_what_is_unsafe_makes_it_fail(monkeypatch, capsys, failing, code):
    def ran(command: list) -> subprocess.CompletedProcess[str]:
        words = [str(word) for word in command]
        if words[0] == "git":
            return subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
        return subprocess.CompletedProcess(words, int(failing in words), f"{words[0]} spoke\n", "")

    monkeypatch.setattr(dependencies, "ran", ran)
    monkeypatch.setattr(dependencies, "pins", lambda: iter(()))
    assert dependencies.main() == code
    told = capsys.readouterr().out
    assert told.count("## Advisories of ") >= 3, "of crates, of the page and of its tests"
    assert (": look here" in told) == (failing is not None)
