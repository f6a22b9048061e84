"""Files out of packages of PyPI and npm, by their own programs with the user's settings."""

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

from workshop.convert.address import ARCHIVE, Missing
from workshop.convert.source import Package
from workshop.recipe import ROOT

NODEJS = ROOT / ".tools" / "nodejs"
NPM = NODEJS / "lib/node_modules/npm/bin/npm-cli.js"
LIMIT_S = 600
NAMES = {"pypi": r"[A-Za-z0-9][\w.-]*", "npm": r"(@[a-z0-9][\w.-]*/)?[a-z0-9][\w.-]*"}
VERSION = r"[0-9A-Za-z][\w.+-]*"


def archive(package: Package, folder: Path) -> Path:
    """Fetch a package into an empty folder: a wheel (zip) or an npm package (tar, compressed); `Missing` where it does not come."""
    told = f"{package.index} package {package.name} {package.version}"
    if not (re.fullmatch(NAMES[package.index], package.name) and re.fullmatch(VERSION, package.version)):
        raise Missing(f"{told} is not the name and version of a package")
    command, environment = {"pypi": wheel, "npm": tarball}[package.index](package)
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (ARCHIVE, ARCHIVE))
        try:
            said, _ = program.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            program.kill()
            said = "it took too long"
    found = [*folder.glob("*.whl"), *folder.glob("*.tgz")]
    if program.returncode or len(found) != 1:
        raise Missing(f"{told} was not fetched: {last(said)}")
    return found[0]


def wheel(package: Package) -> tuple[list, dict]:
    """pip's command and environment; nothing of the package is run."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--retries", "1"]
    command += ["--no-deps", "--only-binary", ":all:", "--platform", "any", f"{package.name}=={package.version}"]
    return command, {**os.environ}


def tarball(package: Package) -> tuple[list, dict]:
    """npm's command and environment, with the Node.js that the page is built with."""
    fetched = subprocess.run(
        [sys.executable, ROOT / "tools/fetch.py", "node"], check=False, capture_output=True, text=True
    )
    if fetched.returncode:
        raise Missing(f"npm package {package.name} needs Node.js: {last(fetched.stderr)}")
    command = [NODEJS / "bin/node", NPM, "pack", "--silent", "--ignore-scripts", "--fetch-retries=1"]
    environment = {**os.environ, "PATH": f"{NODEJS / 'bin'}:{os.environ.get('PATH', '')}"}
    return [*command, f"{package.name}@{package.version}"], environment


def last(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"
