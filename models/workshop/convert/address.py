"""Files from https addresses: what has come stays in a part that goes on, and a host that does not answer is asked once."""

import threading
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from workshop.convert.cache import TooLong, pour
from workshop.convert.readers import Damaged

ARCHIVE = 1 << 28  # bytes of an archive that a file is taken out of
TRIES = 3
SILENCE_S = 10  # without an answer or a byte
WHOLE_S = 600  # for one try


class Missing(Exception):
    """A file that is not to be had now: why."""


class Secure(HTTPRedirectHandler):
    """Follows to https alone."""

    def redirect_request(self, request, stream, code, reason, headers, address):
        """The next request."""
        if not address.startswith("https://"):
            raise Missing(f"{request.full_url} leads to {address}, which is not https")
        return super().redirect_request(request, stream, code, reason, headers, address)


class Addresses:
    """The addresses of one run."""

    def __init__(self, opener=None):
        self.opener = opener or build_opener(Secure)
        self.silent: dict[str, str] = {}  # hosts and why
        self.known: set[str] = set()  # hosts that answered
        self.door = threading.Lock()

    def get(self, address: str, part: Path, size: int | None) -> None:
        """Fetch into `part`, after what it holds. `size`: exactly; None: an archive of any, up to ARCHIVE.

        `Missing` where it does not come, `Damaged` (and no part) where it is longer or shorter.
        """
        for _ in range(TRIES):
            with suppress(HTTPException, OSError):  # broken off
                if self.whole(address, part, size):
                    return
        done = part.stat().st_size if part.exists() else 0
        raise Missing(f"{address} breaks off after {done:,} bytes; the next run goes on")

    def whole(self, address: str, part: Path, size: int | None) -> bool:
        """One try; whether the part is whole now."""
        done = part.stat().st_size if part.exists() else 0
        if size and done >= size:
            return True  # of whatever was in it: its digest is looked at next
        with self.open(address, done, part) as answer:
            follows = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {done}-")
            done = done if follows else 0
            total = None if answer.length is None else done + answer.length
            most = size or ARCHIVE
            try:
                if total is not None and (total > most or (size and total < size)):
                    raise TooLong
                pour(answer.read1, part, most - done, "ab" if follows else "wb", time.monotonic() + WHOLE_S)
            except TooLong as cause:
                part.unlink(missing_ok=True)
                found = f"more than {most:,}" if total is None else f"{total:,}"
                wanted = f"{size:,}" if size else f"at most {ARCHIVE:,}"
                raise Damaged(f"{address} is {found} bytes long, not {wanted}") from cause
        have = part.stat().st_size
        return have == (size or total or have)

    def open(self, address: str, done: int, part: Path):
        """The answer to a request for what follows the first `done` bytes; a new host is asked by one thread at a time."""
        host = urlsplit(address).netloc
        request = Request(address, headers={"User-Agent": "darkroom"} | ({"Range": f"bytes={done}-"} if done else {}))
        if host in self.known:
            return self.ask(host, request, part)
        with self.door:
            return self.ask(host, request, part)

    def ask(self, host: str, request: Request, part: Path):
        """The answer, or why there is none."""
        if host in self.silent:
            raise Missing(f"{host} is not reached: {self.silent[host]}")
        try:
            answer = self.opener.open(request, timeout=SILENCE_S)
        except HTTPError as cause:
            self.known.add(host)
            if cause.code == 416:  # the part is no beginning of it
                part.unlink(missing_ok=True)
                raise
            raise Missing(f"{request.full_url} answers {cause.code} {cause.reason}") from cause
        except OSError as cause:
            reason = getattr(cause, "reason", cause)
            told = getattr(reason, "strerror", None) or str(reason)
            if host not in self.known:
                self.silent[host] = told
            raise Missing(f"{host} is not reached: {told}") from cause
        self.known.add(host)
        return answer
