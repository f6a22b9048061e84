"""Starts every function in the Lambda emulator and stays until Ctrl-C or SIGTERM; then nothing of it is left running.

    python3 tools/run.py [--host HOST] PORT FUNCTION... [-- ARGUMENT_OF_CARGO_LAMBDA...]
    python3 tools/run.py [--host HOST] PORT --free     only tells whether it can listen there, before anybody builds for it

The emulator listens on this machine alone, over plain HTTP. With another HOST (0.0.0.0: every address of this machine) the functions
are served there, too: over HTTPS, on port PORT + 443, by tools/lan/front.py.

The emulator is `cargo lambda watch`, which builds and starts a function when its first request comes. So each function is
asked for /readyz until it answers, and only then are the addresses printed. No terminal is needed.
"""

import argparse
import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from lan import machine

ROOT = Path(__file__).resolve().parent.parent
EMULATOR = ROOT / ".tools" / "cargo-lambda"
FRONT = [ROOT / ".tools" / "lan" / "bin" / "python", "-m", "lan.front"]
# From the emulator's port to that of HTTPS.
HTTPS = 443
LAST_PORT = 65535
# A function's first start compiles it, when nobody did before.
START_SECONDS = 1200
STOP_SECONDS = 10
PR_SET_CHILD_SUBREAPER = 36
# What the emulator says when a function's process has ended.
ENDED = b"command exited code="


def main(host: str, port: int, functions: list[str], free: bool, arguments: list[str]) -> int:
    if trouble := blocked(host, port):
        return fail(trouble)
    if free:
        return 0
    if not functions:
        return fail("there is no function under functions/")
    if not machine.is_local(host) and not FRONT[0].exists():
        return fail(f".tools/lan is not there; `make run HOST={host}` makes it")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    # Orphans of the emulator come to this process, so that they can be found and ended.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    near = host if machine.is_local(host) else machine.LOCAL
    command = [EMULATOR, "lambda", "watch", "--release", "--ignore-changes", "-A", near, "-P", str(port), *arguments]
    environment = {"STORE": str(ROOT / ".data"), **os.environ, "MODELS": str(ROOT / "models")}
    emulator = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    ended = threading.Event()
    threading.Thread(target=pass_on, args=(emulator, ended), daemon=True).start()
    threading.Thread(target=lambda: (emulator.wait(), stop.set()), daemon=True).start()
    try:
        trouble = wait_ready(near, port, functions, stop, ended)
        if trouble:
            return fail(f"{trouble}; its own words stand above")
        front = None
        if not stop.is_set():
            announce(near, port, functions)
            front = None if near == host else share(host, port, functions, stop)
            stop.wait()
        for name, process in (("emulator", emulator), ("door to the local network", front)):
            if process and process.poll() is not None:
                return fail(f"the {name} ended by itself; its own words stand above")
        return 0
    finally:
        end_all(emulator)


def blocked(host: str, port: int) -> str | None:
    """Why the functions cannot be served there, in a sentence; None when they can."""
    if trouble := machine.trouble(host):
        return trouble
    for each in [port] if machine.is_local(host) else [port, port + HTTPS]:
        if not 0 < each <= LAST_PORT:
            return f"there is no port {each}; choose another one: make run PORT=9000"
        if taken(each, machine.shown(host)):
            return f"port {each} is taken; choose another one: make run PORT={port + 1}"
    return None


def taken(port: int, host: str) -> bool:
    """Whether something listens there, on `host` or any address of this machine by which `localhost` may be reached."""
    for each in {*machine.LOOPBACK, host}:
        with socket.socket(socket.AF_INET6 if ":" in each else socket.AF_INET) as probe:
            try:
                probe.connect((each, port))
                return True
            except OSError:
                continue
    return False


def pass_on(emulator: subprocess.Popen, ended: threading.Event) -> None:
    """Passes on what the emulator and the functions say; takes note when a function has ended by itself."""
    for line in emulator.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        if ENDED in line:
            ended.set()


def wait_ready(host: str, port: int, functions: list[str], stop: threading.Event, ended: threading.Event) -> str | None:
    """What kept a function from becoming ready; None when all are, or when it is time to stop."""
    until = time.monotonic() + START_SECONDS
    for function in functions:
        answers = threading.Event()
        threading.Thread(target=ask, args=(host, port, function, stop, answers), daemon=True).start()
        while not answers.wait(0.05) and not stop.is_set():
            if ended.is_set():
                return f"{function} ended at its start"
            if time.monotonic() > until:
                return f"{function} did not become ready"
    return None


def ask(host: str, port: int, function: str, stop: threading.Event, answers: threading.Event) -> None:
    """Asks a function until it is ready."""
    while not stop.is_set() and not ready(host, port, function):
        stop.wait(0.1)
    answers.set()


def ready(host: str, port: int, function: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=60)
    try:
        connection.request("GET", f"/lambda-url/{function}/readyz")
        answer = connection.getresponse()
        # To the end: a function takes a client that hangs up for one that gave up.
        answer.read()
        return answer.status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def announce(host: str, port: int, functions: list[str]) -> None:
    base = f"{machine.base('http', 'localhost' if host == machine.LOCAL else host, port)}/lambda-url"
    for page in pages(functions):
        print(f"\nOpen the page: {base}/{page}/")
    modelled = [name for name in functions if name not in pages(functions)]
    print("\nEvery function answers:")
    for function in modelled:
        print(f"  {base}/{function}/")
    print("\nTry one (Ctrl-C stops all):")
    for function in modelled:
        into = f" -o {function}.jpg" if json.loads(manifest(function).read_text())["task"] == "picture" else ""
        print(f"  curl --data-binary @samples/night_rocket.jpg -H 'content-type: image/jpeg'{into} \\")
        print(f"    {base}/{function}/")
    print(flush=True)


def manifest(function: str) -> Path:
    return ROOT / "models" / function / "default" / "model.json"


def pages(functions: list[str]) -> list[str]:
    """Those that run no model."""
    return [name for name in functions if not manifest(name).is_file()]


def share(host: str, port: int, functions: list[str], stop: threading.Event) -> subprocess.Popen:
    """Opens the functions to the network of `host`; what opens them tells the addresses itself."""
    command = [*FRONT, host, str(port + HTTPS), str(port), *pages(functions)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tools")}
    front = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=lambda: (front.wait(), stop.set()), daemon=True).start()
    return front


def end_all(emulator: subprocess.Popen) -> None:
    """Asks the emulator and everything under this process to end, then makes it end; returns when nothing is left."""
    until = time.monotonic() + STOP_SECONDS
    if emulator.poll() is None:
        emulator.terminate()
    asked: set[int] = set()
    while left := descendants(os.getpid()):
        for pid in left:
            if time.monotonic() > until:
                send(pid, signal.SIGKILL)
            elif pid not in asked and pid != emulator.pid:
                send(pid, signal.SIGTERM)
                asked.add(pid)
        reap()
        time.sleep(0.02)


def descendants(root: int) -> list[int]:
    """Every living process below `root`, from /proc; the dead that nobody has reaped are left out."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(entry.parent.name)] = int(fields[1])
    found, edge = [], {root}
    while edge:
        edge = {pid for pid, parent in parents.items() if parent in edge}
        found += edge
    return found


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass


def fail(sentence: str) -> int:
    print(f"run: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    words = [*sys.argv[1:], "--"]
    split = words.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default=machine.LOCAL)
    parser.add_argument("--free", action="store_true")
    parser.add_argument("port", type=int)
    parser.add_argument("functions", nargs="*")
    chosen = parser.parse_args(words[:split])
    sys.exit(main(chosen.host, chosen.port, chosen.functions, chosen.free, words[split + 1 : -1]))
