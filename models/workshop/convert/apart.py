"""Conversions, each in a process of its own: one that fails, dies or takes too much is told, and the others go on."""

import logging
import multiprocessing
import os
import resource
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path

from workshop.convert.fetch import side_by_side
from workshop.convert.readers import Damaged
from workshop.convert.source import Source

MEMORY = 6 << 30  # bytes that a conversion may take
LIMIT_S = 900
EXIT_S = 10  # to end after it has answered

# Each process begins as a copy of one that has the libraries loaded, so that none depends on what was converted before.
APART = multiprocessing.get_context("forkserver")
APART.set_forkserver_preload(["workshop.convert.convert"])


class Failed(Exception):
    """A conversion that did not end well: why."""


def convert_all(given: list[tuple[Source, list[Path]]]) -> Iterator[tuple[Source, dict | Damaged | Failed]]:
    """Each variant with its new manifest, or why there is none, as each ends."""
    running = set()
    try:
        for (source, _), outcome in side_by_side(lambda one: convert(*one, running), given, os.cpu_count() or 1):
            yield source, outcome
    finally:
        for process in tuple(running):
            process.kill()
            process.join()


def convert(source: Source, paths: list[Path], running: set, limit: float = LIMIT_S) -> dict | Damaged | Failed:
    """One conversion; its process is among `running` for as long."""
    answer, told = APART.Pipe(duplex=False)
    process = APART.Process(target=work, args=(told, source, paths), daemon=True)
    process.start()
    told.close()
    running.add(process)
    try:
        if not answer.poll(limit):
            return Failed(f"it took longer than {limit:g} s and was ended")
        outcome = answer.recv()
        process.join(EXIT_S)
        return outcome
    except EOFError:
        process.join()
        return Failed(f"its process died: {ended(process.exitcode)}")
    finally:
        process.kill()
        process.join()
        running.discard(process)


def work(told: Connection, source: Source, paths: list[Path], convert: Callable | None = None) -> None:
    """What the process does: convert, quietly, within its bounds, and tell what came of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is asked to stop is the one that began it
    threading.Thread(target=end_with, args=(multiprocessing.parent_process().sentinel,), daemon=True).start()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)  # the exporter's, of libraries that it could use besides
    if convert is None:
        from workshop.convert.convert import convert

    try:
        told.send(convert(source, paths))
    except Damaged as cause:
        told.send(cause)
    except MemoryError:
        told.send(Failed(f"it asked for more than {MEMORY >> 30} GiB of memory"))
    except Exception as cause:  # of a library or a definition: the line tells which
        told.send(
            Failed(f"{type(cause).__name__}: {(str(cause).strip().splitlines() or ['no more is known'])[0][:200]}")
        )


def end_with(parent) -> None:
    """End this process when the one that began it has ended, in whatever way."""
    wait([parent])
    os._exit(1)


def ended(code: int | None) -> str:
    """An exit code in words."""
    return f"exit code {code}" if code is None or code >= 0 else f"signal {signal.Signals(-code).name}"
