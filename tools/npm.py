"""Installs what a folder's package-lock.json pins into its node_modules/; again only when the lock changes.

python3 tools/npm.py FOLDER...

npm checks each package by the lock's digest, and no package's own script is run.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODEJS = ROOT / ".tools" / "nodejs"
NPM = NODEJS / "lib/node_modules/npm/bin/npm-cli.js"


def main(folders: list[str]) -> int:
    return next((code for folder in folders if (code := install(ROOT / folder))), 0)


def install(folder: Path) -> int:
    lock, modules = folder / "package-lock.json", folder / "node_modules"
    stamp = modules / "lock.sha256"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text().strip() == wanted:
        return 0
    print(f"setting up {modules.relative_to(ROOT)} from {lock.relative_to(ROOT)}", flush=True)
    shutil.rmtree(modules, ignore_errors=True)
    command = [NODEJS / "bin/node", NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    # npm and what it starts find this Node.js first.
    environment = {**os.environ, "PATH": f"{NODEJS / 'bin'}:{os.environ.get('PATH', '')}"}
    got = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    if got.returncode != 0:
        lines = [line.strip() for line in got.stderr.splitlines() if line.strip()] or ["npm failed"]
        print(f"npm: cannot install {lock.relative_to(ROOT)}, is the network there? {lines[-1]}", file=sys.stderr)
        return 1
    stamp.write_text(wanted + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
