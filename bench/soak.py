"""`make soak`: whether memory stays the same over 20,000 requests; python -m bench.soak [--count 20000] FUNCTION...

Pictures of many sizes, most of them small, come to each function's own HTTP door in three forms and from several clients
at a time. Every answer is looked at. Between rounds the clients rest, and what each function then still holds is noted: a
line through these figures (least squares) that rises by more than the bound is a leak, and the exit code says so.
"""

import argparse
import base64
import http.client
import io
import itertools
import json
import math
import random
import select
import signal
import statistics
import sys
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from PIL import Image

from bench import pictures, servers
from bench.servers import Server

CLIENTS = 3
ROUND = 240
# What of a function's first requests is not looked at: it still takes up what it will hold for good.
WARM_UP = 1000
# MB for every 1,000 requests; what a function holds varies by a few, so that a line through less than this is none.
BOUND = 1.0
JUDGED = 3000
SIDES = (64, 2000)
# The higher, the more of the pictures are small.
SMALL = 4
# Seconds without a change of a MB after which memory is at rest (it goes back after 2), and how long that is waited for.
STILL, PATIENCE = 3, 20
# The last of every round: what a function keeps at hand depends on what it ran last, and is so the same each time.
LAST = (1000, 1000)
FORMS = ["raw", "multipart", "json"]
BOUNDARY = "soak-of-darkroom"


def drawn(count: int) -> list[tuple[int, int, str, bytes]]:
    """Pictures of random sides, each with its columns, rows and format; two of them as large as they come."""
    draw = random.Random(1)
    least, most = SIDES

    def side() -> int:
        return round(least * (most / least) ** (draw.random() ** SMALL))

    sizes = [(side(), side()) for _ in range(count - 2)] + [(most, most), (least, most)]
    made = []
    for number, size in enumerate(sizes):
        made.append(encoded(size, ["JPEG", "JPEG", "PNG", "WEBP"][number % 4]))
    return made


def encoded(size: tuple[int, int], form: str) -> tuple[int, int, str, bytes]:
    out = io.BytesIO()
    pictures.scene(size).save(out, form, quality=85)
    return (*size, form.lower(), out.getvalue())


def request(form: str, kind: str, picture: bytes, number: int) -> tuple[str, dict[str, str], bytes]:
    """Address, headers and body of a request; the answer is to be a JPEG, which is cheap."""
    if form == "raw":
        return "/?format=jpeg", {"content-type": f"image/{kind}"}, picture
    if form == "json":
        members = {"img_data": base64.b64encode(picture).decode(), "format": "jpeg", "req_id": str(number)}
        return "/", {"content-type": "application/json"}, json.dumps(members).encode()
    head = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="format"\r\n\r\njpeg\r\n--{BOUNDARY}\r\n'
    head += f'content-disposition: form-data; name="image"; filename="a.{kind}"\r\n\r\n'
    body = head.encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()
    return "/", {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}, body


def check(task: str, form: str, size: tuple[int, int], number: int, status: int, body: bytes) -> None:
    """Raises where an answer is not what was asked for."""
    if status != 200:
        raise RuntimeError(f"a {form} of {size} was answered {status}: {body[:300]!r}")
    if task == "picture" and form != "json":
        found = Image.open(io.BytesIO(body)).size
    else:
        told = json.loads(body)
        data = told["data"]
        if form == "json" and told["req_id"] != str(number):
            raise RuntimeError(f"request {number} got the answer of {told['req_id']}")
        found = (data["width"], data["height"])
        if task == "picture" and found != Image.open(io.BytesIO(base64.b64decode(data["enhance_result"]))).size:
            raise RuntimeError(f"the envelope says {found}, and its picture is another")
    if found != size:
        raise RuntimeError(f"a {form} of {size} was answered with {found}")


class Clients:
    """Connections that stay open, one a thread and function."""

    def __init__(self):
        self.own = threading.local()

    def ask(self, job: tuple) -> None:
        server, task, form, (width, height, kind, picture), number = job
        connections = self.own.__dict__.setdefault("connections", {})
        if server not in connections:
            place = urllib.parse.urlsplit(server.address)
            connections[server] = http.client.HTTPConnection(place.hostname, place.port, timeout=120)
        connection = connections[server]
        # One that lay idle for long may have an end to be read: the server hung up.
        if connection.sock and select.select([connection.sock], [], [], 0)[0]:
            connection.close()
        address, headers, body = request(form, kind, picture, number)
        connection.request("POST", address, body, headers)
        answer = connection.getresponse()
        check(task, form, (width, height), number, answer.status, answer.read())


def at_rest(server: Server) -> float:
    """MB that a function holds when nothing runs and it has given back what it does not keep."""
    until = time.monotonic() + PATIENCE
    held, since = server.memory(), time.monotonic()
    while time.monotonic() < min(until, since + STILL):
        time.sleep(0.05)
        now = server.memory()
        if abs(now - held) > 1:
            held, since = now, time.monotonic()
    return held


def slope(samples: list[tuple[int, float]]) -> float:
    """MB for every 1,000 requests, from the warm-up's end on."""
    last = samples[-1][0]
    counted = [(count / 1000, held) for count, held in samples if count >= min(WARM_UP, last / 2)]
    return statistics.linear_regression(*zip(*counted, strict=True)).slope


def soak(functions: list[str], count: int) -> dict[str, dict]:
    made, last, clients = drawn(80), encoded(LAST, "JPEG"), Clients()
    weight = sum(width * height for width, height, *_ in made) / len(made) / 1e6
    print(
        f"# Soak: {count} requests, {len(made)} pictures of {weight:.2f} MP on average, {CLIENTS} clients\n", flush=True
    )
    result = {}
    with ExitStack() as stack:
        for name in functions:
            manifest = json.loads((servers.ROOT / "models" / name / "default" / "model.json").read_text())
            server = stack.enter_context(servers.ours(name))
            result[name] = {"server": server, "task": manifest["task"], "samples": [], "sent": 0}
        pool = stack.enter_context(ThreadPoolExecutor(CLIENTS))
        draw = random.Random(2)
        turns = itertools.cycle(result.values())
        done, start = 0, time.monotonic()
        while done < count:
            jobs = []
            for number in range(done, min(done + ROUND, count)):
                turn = next(turns)
                turn["sent"] += 1
                jobs.append((turn["server"], turn["task"], draw.choice(FORMS), draw.choice(made), number))
            done += len(jobs)
            for _ in pool.map(clients.ask, jobs):
                pass
            for one in result.values():
                clients.ask((one["server"], one["task"], "raw", last, done))
            for one in result.values():
                one["samples"].append((one["sent"], at_rest(one["server"])))
            held = ", ".join(f"{name} {one['samples'][-1][1]:.0f} MB" for name, one in result.items())
            print(f"{done:6} requests, {time.monotonic() - start:5.0f} s: {held}", flush=True)
        for one in result.values():
            one["peak"] = one["server"].memory("VmHWM")
    return result


def main() -> int:
    arguments = argparse.ArgumentParser(prog="bench.soak")
    arguments.add_argument("--count", type=int, default=20_000, help="requests, over all functions")
    arguments.add_argument("functions", nargs="+")
    chosen = arguments.parse_args()
    if chosen.count < 4 * ROUND:
        arguments.error(f"--count is {chosen.count}; a line takes {4 * ROUND} requests or more")
    # An end from outside unwinds like any other, so that every server is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("soak: stopped"))
    result = soak(chosen.functions, chosen.count)
    print("\n| function | requests | at first, MB | at last, MB | peak, MB | MB for every 1,000 requests |")
    print("| --- | --- | --- | --- | --- | --- |")
    leaks = []
    for name, one in result.items():
        rises = slope(one["samples"])
        first, last = one["samples"][0][1], one["samples"][-1][1]
        print(f"| {name} | {one['sent']} | {first:.0f} | {last:.0f} | {one['peak']:.0f} | {rises:+.2f} |")
        if one["sent"] < JUDGED:
            print(f"  {name} is not judged by fewer than {JUDGED} requests", file=sys.stderr)
        elif not math.isfinite(rises) or rises >= BOUND:
            leaks.append(name)
    if leaks:
        print(f"soak: memory grows by {BOUND} MB or more every 1,000 requests: {', '.join(leaks)}", file=sys.stderr)
    return int(bool(leaks))


if __name__ == "__main__":
    sys.exit(main())
