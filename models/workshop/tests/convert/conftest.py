"""Doubles of the net: hosts that are not there, and one on this machine."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import URLError
from urllib.request import Request, build_opener

import pytest

from workshop.convert.address import Secure


class Silence:
    """An opener for which no host is there; `asked`: the addresses."""

    def __init__(self):
        self.asked = []

    def open(self, request, timeout):
        """Fails as a name that is not known."""
        self.asked.append(request.full_url)
        raise URLError(OSError(-2, "Name or service not known"))


class Host:
    """An opener whose https addresses are all of one server here. `answer(request handler)` answers; `ranges`: what was asked."""

    def __init__(self, address: str):
        self.address, self.ranges, self.answer = address, [], None
        self.opener = build_opener(Secure)

    def open(self, request, timeout):
        """As urllib does, from this machine."""
        path = request.full_url.partition("://")[2].partition("/")[2]
        return self.opener.open(Request(f"{self.address}/{path}", headers=dict(request.headers)), timeout=timeout)


@pytest.fixture
def silence() -> Silence:
    """No host at all."""
    return Silence()


@pytest.fixture
def host():
    """A server whose answers a test gives."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found.ranges.append(self.headers.get("Range"))
            with contextlib.suppress(ConnectionError):  # who asked has enough
                found.answer(self)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Host(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield found
        server.shutdown()
