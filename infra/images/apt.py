"""Programs that containers need and no package of Python brings: by apt where this is root, else a sentence of what to install."""

import os
import shutil
import subprocess
import sys

from infra.functions import Wrong


def install(*programs: str) -> None:
    """Sees to it that these programs are there; each is Debian's and Ubuntu's package of the same name."""
    missing = [program for program in programs if not shutil.which(program)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Wrong(
            f"{', '.join(missing)} is missing; install it (Debian, Ubuntu: apt-get install {' '.join(missing)})"
        )
    print(f"installing {', '.join(missing)}", file=sys.stderr)
    for command in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run(["apt-get", "-qq", *command], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Wrong(
            f"apt-get cannot install {', '.join(missing)}: {(done.stderr.strip() or 'no reason given').splitlines()[-1]}"
        )
