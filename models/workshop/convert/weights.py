"""`make weights`: published networks fetched, checked and converted, and what could not be, told with what would help."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from workshop.convert import licences
from workshop.convert.address import Addresses
from workshop.convert.apart import convert_all
from workshop.convert.cache import Cache, digest
from workshop.convert.fetch import Found, fetch
from workshop.convert.readers import Damaged
from workshop.convert.report import Progress, Row, table
from workshop.convert.source import UNFINISHED, File, Source, Wrong, sources


@dataclass(frozen=True)
class Asked:
    """What a run is asked for."""

    models: Path
    cache: Path
    mirror: Path | None = None
    licences: str = ""
    function: str | None = None
    model: str | None = None  # variants, with or without their function, by comma
    files: tuple[Path, ...] = ()  # of the one variant that `model` names, in the order of `from.files`
    data: Path | None = None  # pictures to measure on, where an 8-bit file is asked for too


def run(asked: Asked, opener=None) -> int:
    """Do it and print the table; the exit code: 1 where a file was refused, a conversion failed or what `model` names is not there."""
    every = sources(asked.models)
    accepted = licences.Accepted(asked.licences, every)
    chosen = choose(every, asked)
    if asked.model and (barred := next((s for s in chosen if not accepted.takes(s)), None)):
        raise Wrong(f"{barred.name}: {licences.told(barred)}")
    cache = Cache(asked.cache)
    with cache.alone():
        sweep(asked.models, cache, every)
        try:
            rows = sorted(work(chosen, accepted, cache, asked, opener), key=lambda row: row.name)
            rows = eighth(rows, asked) if asked.data else rows
        finally:
            sweep(asked.models, cache, every)
    print(table(rows), flush=True)
    bad = {"refused", "failed"} | ({"missing"} if asked.model else set())
    return int(any(row.state in bad for row in rows))


def eighth(rows: list[Row], asked: Asked) -> list[Row]:
    """The rows, with what became of the 8-bit file of each variant that is here."""
    from workshop.convert import int8

    here = [row for row in rows if row.state in ("done", "there")]
    told = {}
    with Progress("8 bits", len(here)) as progress:
        for row in here:
            why = int8.add(row.name, asked.data, asked.models)
            told[row] = replace(row, why=f"{row.why}; no 8 bits: {why}".lstrip("; ") if why else "8 bits too")
            progress.done(f"{row.name}: {told[row].why}")
    return [told.get(row, row) for row in rows]


def choose(every: list[Source], asked: Asked) -> list[Source]:
    """The variants that are asked for."""
    chosen = [s for s in every if asked.function in (None, s.manifest["function"])]
    if not chosen:
        raise Wrong(f"no published network is known for FUNCTION={asked.function}")
    names = asked.model.split(",") if asked.model else []
    for name in names:
        if not any(name in (s.name, s.manifest["variant"]) for s in chosen):
            raise Wrong(f"no published network is called MODEL={name} here; `make catalogue` lists all")
    chosen = [s for s in chosen if not names or {s.name, s.manifest["variant"]} & set(names)]
    if asked.files and not (asked.model and len(chosen) == 1):
        raise Wrong("FILE= goes with MODEL= that names one variant")
    if asked.files and len(asked.files) != len(chosen[0].files):
        wanted = ", ".join(file.file for file in chosen[0].files)
        raise Wrong(f"{chosen[0].name} is made of {len(chosen[0].files)} files, by comma and in this order: {wanted}")
    return chosen


def sweep(models: Path, cache: Cache, every: list[Source]) -> None:
    """Remove what is half done and will not go on."""
    cache.sweep({file.sha256 for source in every for file in source.files if file.sha256})
    for folder in models.glob(f"*/{UNFINISHED}*"):
        shutil.rmtree(folder, ignore_errors=True)


def work(chosen: list[Source], accepted: licences.Accepted, cache: Cache, asked: Asked, opener) -> Iterator[Row]:
    """A row of each variant, in any order."""
    wanted = []
    for source in chosen:
        if not accepted.takes(source):
            yield Row(source.name, "licence", licences.told(source))
        elif not asked.files and (size := whole(source)):
            yield Row(source.name, "there", bytes=size)
        else:
            wanted.append(source)
    found = by_hand(wanted[0], asked.files, cache) if asked.files else gathered(wanted, cache, asked.mirror, opener)
    ready = []
    for source in wanted:
        files = [found[file] for file in source.files]
        if causes := [(file, got) for file, got in zip(source.files, files, strict=True) if isinstance(got, Exception)]:
            yield lacking(source, causes)
        else:
            ready.append((source, files))
    with cache.scratch() as scratch:
        yield from converted([(recorded(source, files), named(files, cache, scratch)) for source, files in ready])


def whole(source: Source) -> int | None:
    """Size of the converted file, where it is there and the manifest's."""
    for row in source.manifest["weights"]:
        path = source.folder / row["file"]
        if row["precision"] == "float" and path.is_file() and digest(path) == row["sha256"]:
            return row["bytes"]
    return None


def by_hand(source: Source, paths: tuple[Path, ...], cache: Cache) -> Found:
    """The files that a person gives."""
    found = {}
    for file, path in zip(source.files, paths, strict=True):
        try:
            found[file] = cache.copy(file, path)
        except Damaged as cause:
            found[file] = cause
    return found


def gathered(wanted: list[Source], cache: Cache, mirror: Path | None, opener) -> Found:
    """The files of all variants, each once."""
    files, found = {file for source in wanted for file in source.files}, {}
    with Progress("files", len(files)) as progress:
        for some in fetch(files, cache, mirror, Addresses(opener)):
            found |= some
            for file, got in some.items():
                progress.done(f"{'no ' if isinstance(got, Exception) else ''}{file.file}")
    return found


def lacking(source: Source, causes: list[tuple[File, Exception]]) -> Row:
    """Why a variant was not begun, and what would help."""
    if refused := [str(cause) for _, cause in causes if isinstance(cause, Damaged)]:
        return Row(source.name, "refused", "; ".join(refused))
    why = source.manifest.get("reason") or "; ".join(dict.fromkeys(str(cause) for _, cause in causes))
    names = ", ".join(f"{file.file} ({file.address})" if file.address else file.file for file, _ in causes)
    return Row(source.name, "missing", f"{why}; put below WEIGHTS_MIRROR, or give by FILE=: {names}")


def recorded(source: Source, files: list[File]) -> Source:
    """The source with size and digest of each file, also in its manifest."""
    origin = source.manifest["from"]
    told = [row | {"bytes": f.bytes, "sha256": f.sha256} for row, f in zip(origin["files"], files, strict=True)]
    return replace(source, files=tuple(files), manifest=source.manifest | {"from": origin | {"files": told}})


def named(files: list[File], cache: Cache, folder: Path) -> list[Path]:
    """The files in the cache under their own names, by which readers know and name them."""
    paths = [folder / file.sha256 / file.file for file in files]
    for file, path in zip(files, paths, strict=True):
        if not path.is_symlink():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(cache.path(file).resolve())
    return paths


def converted(ready: list[tuple[Source, list[Path]]]) -> Iterator[Row]:
    """A row of each variant whose files are there."""
    with Progress("conversions", len(ready)) as progress:
        for source, outcome in convert_all(ready):
            row = judged(source, outcome)
            progress.done(f"{row.name}: {row.state}")
            yield row


def judged(source: Source, outcome: dict | Exception) -> Row:
    """A row out of what a conversion gave."""
    if isinstance(outcome, Exception):
        why = str(outcome).removeprefix(f"{source.name}: ")
        return Row(source.name, "refused" if isinstance(outcome, Damaged) else "failed", why)
    before, now = ([row for row in m["weights"] if row["precision"] == "float"] for m in (source.manifest, outcome))
    other = before and before[0]["sha256"] and before[0]["sha256"] != now[0]["sha256"]
    why = "another digest than its manifest told: the manifest is written anew" if other else ""
    return Row(source.name, "done", why, now[0]["bytes"])
