"""How a variant stands here: its manifest as the functions find it (`found` in common/src/manifest/mod.rs is the same rule)."""

from pathlib import Path

from workshop.convert.source import manifest_in


def found(folder: Path) -> dict:
    """`model.json` of a folder. What is to be fetched is `ready` where a file of it lies there, with the weights that do."""
    manifest = manifest_in(folder)
    if manifest["status"] in ("fetch", "upstream-only"):
        here = [row for row in manifest["weights"] if (folder / row["file"]).is_file()]
        if here:
            manifest |= {"status": "ready", "weights": here}
    return manifest


def usable(folder: Path) -> dict | None:
    """The manifest of a folder whose variant can be run; None for every other."""
    manifest = found(folder) if (folder / "model.json").is_file() else {"status": "missing"}
    return manifest if manifest["status"] == "ready" else None


def served(manifest: dict) -> str:
    """The precision that a CPU serves a usable variant in."""
    return "int8" if any(row["precision"] == "int8" for row in manifest["weights"]) else "float"
