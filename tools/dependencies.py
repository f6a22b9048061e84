"""`make dependencies`: what is known to be unsafe, and what is out of date, of everything that is pinned; as Markdown.

    python3 tools/dependencies.py

Unsafe: advisories of crates (RustSec, by cargo-deny) and of npm packages (npm audit, from `high` on). Out of date: crates whose newer version
Cargo.toml would take, and every pin of requirements files and of tools/pins.json. Only what is unsafe, or could not be found out, makes the
exit code 1; nothing is changed.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODEJS = ROOT / ".tools" / "nodejs"
NPM = [NODEJS / "bin/node", NODEJS / "lib/node_modules/npm/bin/npm-cli.js"]
DENY = [ROOT / ".tools/lint/bin/cargo-deny", "--log-level", "error", "check", "--hide-inclusion-graph", "advisories"]
PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)")
TOGETHER = 8


@dataclass(frozen=True, order=True)
class Pin:
    """One exact version: `kind` is "package" (PyPI) or "crate"; `place` is the file that names it."""

    name: str
    version: str
    kind: str
    place: str


def main() -> int:
    results = [
        section("Advisories of crates", ran(DENY)),
        *(
            section(f"Advisories of {lock.parent.relative_to(ROOT)}", ran(audit(lock)))
            for lock in files("*package-lock.json")
        ),
    ]
    section("Crates with a newer version", ran(["cargo", "update", "--dry-run", "--verbose"]))
    unknown = report(sorted(set(pins())))
    return int(not all(results) or bool(unknown))


def ran(command: list) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{NODEJS / 'bin'}:{os.environ.get('PATH', '')}"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)


def section(title: str, run: subprocess.CompletedProcess[str]) -> bool:
    """Prints what a command said; whether it found nothing."""
    good = run.returncode == 0
    print(f"## {title}{'' if good else ': look here'}\n\n```\n{(run.stdout + run.stderr).strip()}\n```\n", flush=True)
    return good


def files(pattern: str) -> list[Path]:
    """Files of this project, those included that are not committed yet."""
    listed = ran(["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern])
    return sorted(ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file())


def audit(lock: Path) -> list:
    return [*NPM, "audit", "--package-lock-only", "--audit-level=high", "--prefix", lock.parent]


def pins() -> Iterator[Pin]:
    """Every pin of Python requirements and of tools/pins.json."""
    for path in files("*requirements*.txt"):
        for line in path.read_text().splitlines():
            if match := PIN.match(line):
                yield Pin(match[1].lower(), match[2], "package", str(path.relative_to(ROOT)))
    place = "tools/pins.json"
    for pin in json.loads((ROOT / place).read_text()).values():
        for kind in ("package", "crate"):
            if kind in pin:
                yield Pin(pin[kind].lower(), pin["version"], kind, place)


def report(all_pins: list[Pin]) -> list[Pin]:
    """Prints what is out of date; gives those whose newest version nobody told."""
    names = sorted({(pin.kind, pin.name) for pin in all_pins})
    with ThreadPoolExecutor(TOGETHER) as pool:
        newest = dict(zip(names, pool.map(lambda name: latest(*name), names), strict=True))
    known = [(pin, newest[pin.kind, pin.name]) for pin in all_pins]
    print("## Pins with a newer version\n\n| pin | is | newest | in |\n| --- | --- | --- | --- |")
    for pin, new in known:
        if new and new != pin.version:
            print(f"| {pin.name} | {pin.version} | {new} | {pin.place} |")
    unknown = [pin for pin, new in known if not new]
    if unknown:
        print("\nNo version could be found of: " + ", ".join(f"{pin.name} ({pin.place})" for pin in unknown))
    print(f"\n{len(names)} names were looked up.", flush=True)
    return unknown


def latest(kind: str, name: str) -> str | None:
    """The newest version, as the registry's own client tells it; None where it tells none."""
    if kind == "crate":
        # `version: 0.14.1 (latest 0.17.0)`, where the newest does not build with this cargo; else `version: 0.17.0`.
        found = re.search(r"^version: (\S+)(?: \(latest (\S+)\))?", ran(["cargo", "info", name]).stdout, re.MULTILINE)
        return found and (found[2] or found[1])
    pip = [sys.executable, "-m", "pip", "index", "versions", "--disable-pip-version-check", name]
    found = re.match(r"\S+ \((\S+)\)", ran(pip).stdout)
    return found and found[1]


if __name__ == "__main__":
    sys.exit(main())
