"""A real registry on this machine, and what its own log says was pushed to it."""

import http.client
import re
import socket
import subprocess
import time
from pathlib import Path

from infra.functions import Wrong
from infra.images import stage
from infra.images.files import write

CONFIG = """version: 0.1
log: {{level: info, accesslog: {{disabled: false}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "{address}", relativeurls: true}}
"""
# The line of the access log (Apache's format) by which a blob's upload was completed.
UPLOADED = re.compile(r'"PUT /v2/[^ ]+/blobs/uploads/[^ ]*digest=(sha256(?::|%3A)[0-9a-f]{64})[^ ]* HTTP/[0-9.]+" 201 ')
START_SECONDS = 20


class Registry:
    """docker-registry (the pin `registry`) with its store and log in `folder`. To be used in `with`."""

    def __init__(self, folder: Path) -> None:
        stage.fetch("registry")
        self.folder = folder
        self.address = f"127.0.0.1:{free_port()}"
        self.log = folder / "registry.log"

    def __enter__(self) -> "Registry":
        write(self.folder / "config.yml", CONFIG.format(folder=self.folder / "store", address=self.address))
        with self.log.open("wb") as log:
            command = [stage.TOOLS / "registry/bin/docker-registry", "serve", self.folder / "config.yml"]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait(lambda: answers(self.address, "/v2/"), lambda: self.process.poll() is None, "the registry")
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait()

    def uploaded(self) -> list[str]:
        """The digests of the blobs that were sent to it, in order."""
        return [found.replace("%3A", ":") for found in UPLOADED.findall(self.log.read_text())]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(address: str, path: str) -> bool:
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait(ready, alive, what: str, seconds: float = START_SECONDS) -> None:
    """Returns once `ready()`; fails where `alive()` is not so any more, or after some seconds."""
    until = time.monotonic() + seconds
    while not ready():
        if not alive() or time.monotonic() > until:
            raise Wrong(f"{what} did not start")
        # There is no event for "it listens".
        time.sleep(0.05)
