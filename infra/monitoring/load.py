"""What people do to the functions, round after round, so that there is something to see: pictures, jobs, mistakes."""

import http.client
import itertools
import threading
import urllib.error
import urllib.request

from infra.functions import ROOT, Function

SAMPLES = sorted((ROOT / "samples").glob("*.jpg"))
ANEW = {"cache-control": "no-cache"}
AS_A_JOB = {"prefer": "respond-async"}


class Load:
    """Asks until left. `addresses`: of every function, by its name."""

    def __init__(self, functions: list[Function], addresses: dict[str, str]):
        self.functions, self.addresses = functions, addresses
        self.over = threading.Event()
        self.asked = 0
        self.thread = threading.Thread(target=self.ask, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.thread.join()

    def ask(self) -> None:
        for number in itertools.count():
            picture = SAMPLES[number % len(SAMPLES)].read_bytes()
            for function in self.functions:
                for path, body, headers in requests(function, picture):
                    if self.over.is_set():
                        return
                    send(self.addresses[function.name] + path, body, headers)
                    self.asked += 1


def requests(function: Function, picture: bytes):
    """One round: path, body and headers of each request; a page is only read."""
    if not function.has_model:
        yield "/", None, {}
        return
    for variant in function.variants:
        yield f"/?model={variant.name}", picture, ANEW
    # The same again, which lies in the store; what is no picture; a job; and a job that must fail.
    yield "/", picture, {}
    yield "/", b"no picture", {}
    yield "/", picture, AS_A_JOB
    yield "/", picture[: len(picture) // 2], AS_A_JOB


def send(address: str, body: bytes | None, headers: dict[str, str]) -> int:
    """The status of the answer, which is read to its end; 0 where there was none."""
    kind = {"content-type": "image/jpeg"} if body else {}
    request = urllib.request.Request(address, data=body, headers={**kind, **headers})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as refused:
        refused.read()
        return refused.code
    except (OSError, http.client.HTTPException):
        return 0
