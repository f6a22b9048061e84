"""The door to the local network, before a server of these tests' own in the emulator's place."""

import http.client
import os
import queue
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.functions import ROOT

PYTHON = ROOT / ".tools" / "lan" / "bin" / "python"
WAIT_S = 30


class Emulator(ThreadingHTTPServer):
    """What it was asked stands in `asked`; `more` lets a slow answer go on; what became of it stands in `ends`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.more, self.ends = queue.Queue(), queue.Queue(), queue.Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.put((self.path, self.headers, body))
        self.send_response(201, "Made")
        self.send_header("content-type", "image/png")
        self.send_header("content-encoding", "gzip")
        self.send_header("set-cookie", "a=1")
        self.send_header("set-cookie", "b=2")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.asked.put((self.path, self.headers, b""))
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        try:
            while block := self.server.more.get(timeout=WAIT_S):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
                self.wfile.flush()
            self.server.ends.put("cut off")
        except OSError:
            self.server.ends.put("hung up")
        self.close_connection = True

    def log_message(self, *_):
        pass


@dataclass
class Front:
    process: subprocess.Popen
    port: int
    emulator: Emulator
    authority: Path
    keys: str
    said: list[str] = field(default_factory=list)

    def connection(self) -> http.client.HTTPSConnection:
        trust = ssl.create_default_context(cafile=self.authority)
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=trust, timeout=WAIT_S)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
        connection = self.connection()
        connection.request(method, path, body, headers)
        return connection.getresponse()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(folder: Path, host: str, port: int, emulator: Emulator) -> list:
    return [PYTHON, "-m", "lan.front", "--folder", folder, host, str(port), str(emulator.server_port), "page"]


def environment(keys: str = "") -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "tools"), "API_KEYS": keys}


def started(folder: Path, keys: str) -> Front:
    emulator, port = Emulator(), free_port()
    words = command(folder, "127.0.0.1", port, emulator)
    process = subprocess.Popen(words, env=environment(keys), stdout=subprocess.PIPE, text=True)
    front = Front(process, port, emulator, folder / "ca.crt", keys)
    for line in process.stdout:
        front.said.append(line)
        if line.startswith("Compare the digest"):
            return front
    raise AssertionError(f"it ended with {process.wait()}: {front.said}")


def ended(front: Front) -> None:
    front.process.terminate()
    front.process.communicate(timeout=WAIT_S)
    front.emulator.shutdown()
    front.emulator.server_close()


@pytest.fixture
def front(tmp_path, request) -> Iterator[Front]:
    one = started(tmp_path / "certificates", getattr(request, "param", ""))
    yield one
    ended(one)


# proves: O22
def test_request_and_answer_come_through_as_they_are(front):
    body = os.urandom(8_000_000)
    got = front.ask("POST", "/lambda-url/one/deep%2Fer?a=%20b&c", body, host="desk.local", accept="image/*")
    assert (got.status, got.reason, got.read()) == (201, "Made", body)
    assert got.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert got.headers["content-encoding"] == "gzip", "it is not unpacked on the way"
    path, headers, came = front.emulator.asked.get(timeout=WAIT_S)
    assert (path, came) == ("/lambda-url/one/deep%2Fer?a=%20b&c", body)
    assert (headers["host"], headers["accept"], headers["content-length"]) == ("desk.local", "image/*", "8000000")
    assert "user-agent" not in headers, "nothing is added"


# proves: O22
def test_an_answer_is_heard_piece_by_piece(front):
    front.emulator.more.put(b"first")
    got = front.ask("GET", "/lambda-url/one/jobs/1/events")
    assert got.read1(100) == b"first"
    front.emulator.more.put(b"second")
    assert got.read1(100) == b"second"


def test_who_hangs_up_is_known_to_have_hung_up(front):
    front.emulator.more.put(b"first")
    connection = front.connection()
    connection.request("GET", "/lambda-url/one/")
    assert connection.getresponse().read1(100) == b"first"
    connection.sock.shutdown(socket.SHUT_RDWR)
    # Written until the emulator notices: a system takes some of what nobody reads.
    while front.emulator.ends.empty():
        front.emulator.more.put(b"x" * 65536)
    assert front.emulator.ends.get() == "hung up"


def test_half_an_answer_is_no_whole_one(front):
    front.emulator.more.put(b"first")
    got = front.ask("GET", "/lambda-url/one/")
    front.emulator.more.put(b"")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        got.read()


def test_no_emulator_is_told(front):
    front.emulator.shutdown()
    front.emulator.server_close()
    got = front.ask("GET", "/lambda-url/one/")
    assert got.status == 502
    assert got.read().startswith(b"the function did not answer: ")


# proves: O22
def test_nothing_else_of_the_emulator_is_open(front):
    for target in (
        "/.rt/one/next",
        "/2015-03-31/functions/one/invocations",
        "/lambda-url",
        "//lambda-url/one/",
        "*",
        "/lambda-url/one",
    ):
        assert front.ask("GET", target).status in (400, 404), target
    assert front.emulator.asked.empty()


# proves: O22
def test_an_address_cannot_lead_elsewhere(front):
    """What is let in keeps its path to the letter, in which the emulator resolves no dots, and goes to the emulator alone."""
    for target in (
        "/lambda-url/one/../../.rt/x",
        "/lambda-url/%2e%2e/.rt/x",
        "/lambda-url/@127.0.0.1:1/",
        "/lambda-url/one/?http://127.0.0.1:1/",
    ):
        assert front.ask("POST", target, b"here").read() == b"here", target
        assert front.emulator.asked.get(timeout=WAIT_S)[0] == target
    assert front.ask("POST", "http://127.0.0.1:1/lambda-url/one/", b"here").read() == b"here"
    assert front.emulator.asked.get(timeout=WAIT_S)[0] == "/lambda-url/one/"


def test_the_bare_address_leads_to_the_page(front):
    got = front.ask("GET", "/")
    assert (got.status, got.headers["location"]) == (302, "/lambda-url/page/")


def test_plain_http_gets_no_answer(front):
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=WAIT_S)
    connection.request("GET", "/lambda-url/one/")
    with pytest.raises(ConnectionError):
        connection.getresponse()


@pytest.mark.parametrize("front", ["", "0" * 64], indirect=True)
def test_what_is_open_to_everybody_says_so(front):
    warned = any("API_KEYS keeps strangers out" in line for line in front.said)
    assert warned is (front.keys == "")


def test_a_port_that_is_taken_is_told_in_one_line(front, tmp_path):
    again = command(tmp_path / "other", "127.0.0.1", front.port, front.emulator)
    done = subprocess.run(again, env=environment(), check=False, capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == 1
    assert done.stderr.startswith(f"run: cannot serve https://127.0.0.1:{front.port}: ")
    assert done.stderr.count("\n") == 1


def test_it_ends_with_its_parent(tmp_path):
    emulator, port = Emulator(), free_port()
    words = [str(word) for word in command(tmp_path, "127.0.0.1", port, emulator)]
    parent = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])", *words],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert any(line.startswith("Compare the digest") for line in parent.stdout)
    parent.send_signal(signal.SIGKILL)
    # Its end of the pipe closes when it has ended.
    parent.stdout.read()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
