"""Copies of the tree, to be built elsewhere: a clone with what is not committed yet."""

import shutil
import subprocess
from pathlib import Path

from infra.functions import ROOT, Wrong


def copy(folder: Path) -> None:
    """Clones the repository into `folder`, which is emptied before, and lays over it what is changed or new here. The tools
    under .tools are this tree's."""
    shutil.rmtree(folder, ignore_errors=True)
    git("clone", "--quiet", "--shared", "--no-checkout", ROOT, folder)
    for name in git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        source, target = ROOT / name, folder / name
        if name and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            # With its time: cargo builds anew what is younger.
            shutil.copy2(source, target)
    git("-C", folder, "reset", "--quiet")
    (folder / ".tools").symlink_to(ROOT / ".tools")


def git(*words) -> str:
    told = subprocess.run(["git", *words], check=False, capture_output=True, text=True, cwd=ROOT)
    if told.returncode != 0:
        raise Wrong(f"git says: {(told.stderr.strip().splitlines() or ['nothing'])[-1]}")
    return told.stdout
