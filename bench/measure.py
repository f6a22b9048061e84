"""What is measured of one function, in rounds that interleave all contenders, so that a busy moment hits each alike."""

import json
import os
import statistics
import time
from contextlib import ExitStack
from pathlib import Path

from bench import servers
from bench.client import Client, rate, times

ROOT = servers.ROOT
# Requests a round by size of picture; the largest takes seconds in some functions, and fewer rounds do.
REQUESTS = {"64x64": 15, "640x480": 5, "4 MP": 1}
ROUNDS_OF_LARGE = 2
# ONNX Runtime's threads spin on for a while after a run of the peer; the next contender is not to pay for that.
PEER_REST_SECONDS = 0.06
RATE_SECONDS = 3


def function(name: str, pictures: dict[str, Path], rounds: int, features: list[str]) -> dict:
    manifest = json.loads((ROOT / "models" / name / "default" / "model.json").read_text())
    weights = {entry["precision"]: ROOT / "models" / name / "default" / entry["file"] for entry in manifest["weights"]}
    with ExitStack() as stack:
        floor = stack.enter_context(servers.Floor(name))
        started = {"http": stack.enter_context(servers.ours(name))}
        if "int8" in weights:
            started["http float"] = stack.enter_context(servers.ours(name, "float"))
        started["emulator"] = stack.enter_context(servers.emulator(name, features))
        started |= {f"peer {kind}": stack.enter_context(server) for kind, server in peers(weights)}
        addresses = {kind: server.address for kind, server in started.items()}
        latency = {size: latencies(floor, addresses, pictures[size], size, rounds) for size in REQUESTS}
        answers = rates({k: a for k, a in addresses.items() if k != "emulator"}, pictures["640x480"], latency, rounds)
    large = pictures["24 MP" if manifest["picture"].get("scale", 1) == 1 else "4 MP"]
    return {
        "task": manifest["task"],
        "seconds": latency,
        "answers_per_second": answers,
        "start": starts(name, weights, pictures["640x480"], rounds),
        "memory_mb": memories(name, weights, pictures["640x480"], large),
    }


def peers(weights: dict[str, Path]):
    for kind in ("int8", "float"):
        if kind in weights:
            yield kind, servers.peer(weights[kind], os.cpu_count() or 1)


def latencies(floor, addresses: dict[str, str], picture: Path, size: str, rounds: int) -> dict:
    """Seconds of one answer with one client: the median of the rounds' medians, and each round's, by contender."""
    body = picture.read_bytes()
    clients = {kind: Client(address, body) for kind, address in addresses.items()}
    large = size == "4 MP"
    if large:
        # Whole, not in tiles, the peer would need many GB for this one.
        clients = {kind: client for kind, client in clients.items() if not kind.startswith("peer")}
        rounds = min(rounds, ROUNDS_OF_LARGE)
    calls = {"floor": lambda: sum(floor.times(picture, 1)[0].values())}
    calls |= {kind: client.once for kind, client in clients.items()}
    if not large:
        for call in calls.values():
            call()
    parts, by_round = [], {kind: [] for kind in calls}
    kinds = list(calls)
    for number in range(rounds):
        samples = {}
        # In a row, as a busy server gets them; another one begins each round.
        for kind in kinds[number % len(kinds) :] + kinds[: number % len(kinds)]:
            samples[kind] = [calls[kind]() for _ in range(REQUESTS[size])]
            if kind.startswith("peer"):
                time.sleep(PEER_REST_SECONDS)
        for kind, taken in samples.items():
            by_round[kind].append(statistics.median(taken))
        parts += floor.times(picture, 1)
    for client in clients.values():
        client.close()
    result = {kind: {"p50": statistics.median(taken), "rounds": taken} for kind, taken in by_round.items()}
    for entry in result.values():
        pairs = zip(entry["rounds"], result["floor"]["rounds"], strict=True)
        entry["to_floor"] = statistics.median(mine / floors for mine, floors in pairs)
    result["floor"]["parts"] = {key: statistics.median(part[key] for part in parts) for key in parts[0]}
    return result


def rates(addresses: dict[str, str], picture: Path, latency: dict, rounds: int) -> dict:
    """Answers a second with 1 and 4 clients: median of the rounds, by contender."""
    body = picture.read_bytes()
    result = {}
    for clients in (1, 4):
        taken = {kind: [] for kind in addresses}
        for _ in range(rounds):
            for kind, address in addresses.items():
                count = round(min(200, max(2 * clients, RATE_SECONDS / latency["640x480"][kind]["p50"])))
                # Not counted: what a crowd makes a server build and what it gave back while the others were measured.
                rate(address, body, clients, 2 * clients)
                taken[kind].append(rate(address, body, clients, count))
                time.sleep(PEER_REST_SECONDS)
        result[clients] = {kind: statistics.median(each) for kind, each in taken.items()}
    return result


def contenders(name: str, weights: dict[str, Path]) -> dict:
    """Fresh servers for what is measured one at a time."""
    starters = {"http": lambda: servers.ours(name)}
    for kind in ("int8", "float"):
        if kind in weights:
            starters[f"peer {kind}"] = lambda path=weights[kind]: servers.peer(path, os.cpu_count() or 1)
    return starters


def starts(name: str, weights: dict[str, Path], picture: Path, rounds: int) -> dict:
    """Seconds from the start of the process to ready and to the first answer; the first answer beside the next ones."""
    body = picture.read_bytes()
    taken = {kind: [] for kind in contenders(name, weights)}
    for _ in range(rounds):
        for kind, start in contenders(name, weights).items():
            with start() as server:
                first, *following = times(server.address, body, 4)
                ratio = first / statistics.median(following)
                taken[kind].append({"ready": server.ready, "answered": server.ready + first, "first_to_next": ratio})
    return {
        kind: {key: statistics.median(one[key] for one in all_of) for key in all_of[0]}
        for kind, all_of in taken.items()
    }


def memories(name: str, weights: dict[str, Path], picture: Path, large: Path) -> dict:
    """MB resident when idle, after 640x480 pictures, at the peak of a large picture and 10 s after it.

    The peer gets no large picture: it runs pictures whole, and the float network of 4 megapixels would fill the machine.
    """
    result = {}
    for kind, start in contenders(name, weights).items():
        with start() as server:
            row = {"idle": server.memory()}
            times(server.address, picture.read_bytes(), 10)
            row |= {"after 640x480": server.memory(), "peak 640x480": server.memory("VmHWM")}
            if kind == "http":
                times(server.address, large.read_bytes(), 1)
                row |= {"large": large.stem, "peak large": server.memory("VmHWM")}
                row["10 s after large"] = settled(server, row["idle"])
            result[kind] = row
    return result


def settled(server: servers.Server, idle: float) -> float:
    """Memory once it is near idle again, or after 10 s."""
    until = time.monotonic() + 10
    while time.monotonic() < until and server.memory() > idle + 50:
        time.sleep(0.2)
    return server.memory()
