"""The processes that are measured: how each is started, known to be ready, looked at and ended."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 120
# How the functions set glibc's allocator up (common/src/memory.rs); the floor gets the same from outside.
LIKE_OURS = {
    "GLIBC_TUNABLES": ":".join(
        f"glibc.malloc.{name}={value}"
        for name, value in {
            "arena_max": 1,
            "mmap_max": 0,
            "trim_threshold": 2**31 - 1,
            "top_pad": 16 << 20,
            "hugetlb": 1,
        }.items()
    )
}
RELEASE = ROOT / "target" / "release"


class Server:
    """A running server with its address and how long it took: `ready` seconds after `started`."""

    def __init__(self, command: list, environment: dict[str, str], wait):
        """`wait` is given this server and answers its address once it is ready."""
        self.started = time.perf_counter()
        environment = {
            **os.environ,
            "ORT_DYLIB_PATH": str(ROOT / ".tools/onnxruntime/libonnxruntime.so"),
            **environment,
        }
        environment.setdefault("MODELS", str(ROOT / "models"))
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self.address = wait(self)
        self.ready = time.perf_counter() - self.started

    def memory(self, field: str = "VmRSS") -> float:
        """MB of resident memory: `VmRSS` now, `VmHWM` at its peak."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"no {field} of process {self.process.pid}")

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()
        self.process.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def ours(function: str, precision: str = "auto") -> Server:
    """A function's own HTTP door, as it comes: only the port and the precision are said."""
    return Server([RELEASE / function], {"PORT": "0", "PRECISION": precision, "DEADLINE_S": "600"}, ready_line)


def ready_line(server: Server) -> str:
    """Reads the log up to the ready line, then has the rest read by a thread, so that the pipe never fills."""
    for line in server.process.stdout:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("msg") == "ready":
            threading.Thread(target=lambda: [None for _ in server.process.stdout], daemon=True).start()
            return entry["address"]
    raise RuntimeError(f"the server ended with {server.process.wait()} before it was ready")


def peer(weights: Path, threads: int) -> Server:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.peer:app", "--port", str(port)]
    command += ["--log-level", "warning", "--no-access-log"]
    environment = {"PEER_WEIGHTS": str(weights), "PEER_THREADS": str(threads)}
    return Server(command, environment, lambda server: listening(server, port))


def emulator(function: str, features: list[str]) -> Server:
    """The Lambda emulator with one function that has answered once."""
    port = free_port()
    command = [sys.executable, "tools/run.py", str(port), function, "--", *features]
    return Server(command, {}, lambda server: announced(server, port, function))


def announced(server: Server, port: int, function: str) -> str:
    for line in server.process.stdout:
        if b"Ctrl-C" in line:
            threading.Thread(target=lambda: [None for _ in server.process.stdout], daemon=True).start()
            return f"http://127.0.0.1:{port}/lambda-url/{function}/"
    raise RuntimeError(f"the emulator ended with {server.process.wait()} before {function} answered")


def listening(server: Server, port: int) -> str:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and server.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return f"http://127.0.0.1:{port}/"
        except OSError:
            time.sleep(0.005)
    raise RuntimeError("the peer did not listen")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Floor:
    """The program `floor` (tests/src/bin/floor.rs): decode, run, encode called directly in one warm process, at our word."""

    def __init__(self, function: str):
        environment = {**os.environ, **LIKE_OURS, "ORT_DYLIB_PATH": str(ROOT / ".tools/onnxruntime/libonnxruntime.so")}
        environment.setdefault("MODELS", str(ROOT / "models"))
        self.process = subprocess.Popen(
            [RELEASE / "floor", function],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def times(self, picture: Path, count: int) -> list[dict[str, float]]:
        """`count` rounds over one picture: seconds of `decode`, `run`, `encode` each."""
        self.process.stdin.write(f"{count} {picture}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the floor ended with {self.process.wait()}")
        return json.loads(line)

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
