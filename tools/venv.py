"""Makes a Python environment .tools/NAME from a file of exact pins; made again only when the pins change.

python3 tools/venv.py NAME REQUIREMENTS
"""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(name: str, requirements: str) -> int:
    pins = ROOT / requirements
    folder = ROOT / ".tools" / name
    python = folder / "bin/python"
    stamp = folder / "pins.sha256"
    if not pins.is_file():
        return fail(f"no {requirements} to make .tools/{name} from")
    wanted = hashlib.sha256(pins.read_bytes()).hexdigest()
    if python.exists() and stamp.is_file() and stamp.read_text().strip() == wanted:
        return 0
    print(f"setting up .tools/{name} from {requirements}", flush=True)
    if not python.exists():
        made = subprocess.run([sys.executable, "-m", "venv", folder], check=False, capture_output=True, text=True)
        if made.returncode != 0:
            return fail("python3 cannot make environments; Debian and Ubuntu have that in the package python3-venv")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", pins]
    got = subprocess.run(pip, check=False, capture_output=True, text=True)
    if got.returncode != 0:
        lines = [line.strip() for line in got.stderr.splitlines() if line.strip()] or ["pip failed"]
        return fail(f"cannot install {requirements}, is the network there? {lines[-1]}")
    stamp.write_text(wanted + "\n")
    return 0


def fail(sentence: str) -> int:
    print(f"venv: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(fail("usage: venv.py NAME REQUIREMENTS"))
    sys.exit(main(sys.argv[1], sys.argv[2]))
