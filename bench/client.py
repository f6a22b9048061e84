"""A keep-alive HTTP/1.1 client with next to no work of its own, so that it takes no core from the server it measures."""

import select
import socket
import threading
import time
from urllib.parse import urlsplit


class Client:
    """One connection, one request prepared once and sent again and again."""

    def __init__(self, address: str, body: bytes, seconds: float = 300):
        url = urlsplit(address)
        self.place = (url.hostname, url.port)
        self.seconds = seconds
        self.request = (
            f"POST {url.path or '/'} HTTP/1.1\r\nhost: {url.netloc}\r\ncontent-type: image/jpeg\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode() + body
        self.socket = None
        self.left = b""

    def once(self) -> float:
        """Seconds from the first byte sent to the last byte of the answer, which must be a 200."""
        if self.socket is None or self.hung_up():
            self.connect()
        start = time.perf_counter()
        self.socket.sendall(self.request)
        head = self.until(b"\r\n\r\n").decode("latin-1").lower()
        status = head.split(" ", 2)[1]
        if "transfer-encoding: chunked" in head:
            length = 0
            while size := int(self.until(b"\r\n").split(b";")[0], 16):
                length += size
                self.skip(size + 2)
            self.skip(2)
        else:
            length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
            self.skip(length)
        if status != "200" or length < 10:
            raise RuntimeError(f"{self.place} answered {status} with {length} bytes")
        return time.perf_counter() - start

    def connect(self) -> None:
        self.close()
        self.socket = socket.create_connection(self.place, timeout=self.seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b""

    def hung_up(self) -> bool:
        """Whether the server closed the connection while it lay idle: then there is an end to be read."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def until(self, mark: bytes) -> bytes:
        while mark not in self.left:
            self.left += self.more()
        head, _, self.left = self.left.partition(mark)
        return head

    def skip(self, count: int) -> None:
        while len(self.left) < count:
            count -= len(self.left)
            self.left = self.more()
        self.left = self.left[count:]

    def more(self) -> bytes:
        data = self.socket.recv(1 << 18)
        if not data:
            raise RuntimeError(f"{self.place} closed the connection in mid-answer")
        return data

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def times(address: str, body: bytes, count: int) -> list[float]:
    """Seconds of `count` requests, one after the other on one connection."""
    client = Client(address, body)
    try:
        return [client.once() for _ in range(count)]
    finally:
        client.close()


def rate(address: str, body: bytes, clients: int, count: int) -> float:
    """Answers a second of `clients` that share `count` requests and start together."""
    gate = threading.Barrier(clients + 1)
    left = threading.Semaphore(count)
    failures: list[BaseException] = []

    def work() -> None:
        client = Client(address, body)
        gate.wait()
        try:
            while left.acquire(blocking=False):
                client.once()
        except BaseException as error:  # noqa: BLE001 it is raised again below, by the thread that waits
            failures.append(error)
        finally:
            client.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    gate.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return count / (time.perf_counter() - start)
