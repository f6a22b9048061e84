"""Where a published variant comes from: `from` of its manifest, read and checked."""

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workshop import recipe as recipes

MODELS = recipes.ROOT / "models"
UNFINISHED = ".weights-"  # begins the names of folders in the making, beside the variants
FILES = {"float": "converted.onnx", "int8": "converted.int8.onnx"}  # git-ignored by their names, beside the manifests
LARGEST = 1 << 30  # bytes of one file: what is larger is not fetched, whatever a manifest or a server says
INDEXES = ("pypi", "npm")
FORMATS = (
    "torch",
    "tensorflow-graph",
    "tensorflow-checkpoint",
    "tfjs",
    "keras",
    "caffe",
    "matlab",
    "ncnn",
    "darknet",
    "onnx",
)


class Wrong(Exception):
    """One sentence for a person: which manifest, what is wrong in it, what would be right."""


@dataclass(frozen=True)
class Package:
    """A file in a package of a registry."""

    index: str  # pypi or npm
    name: str
    version: str
    member: str


@dataclass(frozen=True)
class File:
    """One weights file; `sha256` and `bytes` are of the file itself, not of an archive around it."""

    file: str  # path below WEIGHTS_MIRROR
    sha256: str | None  # None: nobody here has seen it (upstream-only)
    bytes: int | None
    address: str | None
    member: str | None  # where the address is a zip archive: the file in it
    package: Package | None


@dataclass(frozen=True)
class Source:
    """A published variant: its folder, its manifest, and what `from` says."""

    folder: Path
    manifest: dict
    format: str
    converter: str
    options: dict
    files: tuple[File, ...]

    @property
    def name(self) -> str:
        return f"{self.manifest['function']}/{self.manifest['variant']}"


def sources(models: Path = MODELS) -> list[Source]:
    """Every variant that is converted from published files, by name; those without a converter aside."""
    found = {path.parent: manifest_in(path.parent) for path in sorted(models.glob("*/[!.]*/model.json"))}
    return [read(folder, given) for folder, given in found.items() if "converter" in given["from"]]


def manifest_in(folder: Path) -> dict:
    """`model.json` of a variant's folder, as it is written."""
    try:
        return json.loads((folder / "model.json").read_text())
    except ValueError as cause:
        raise Wrong(f"{folder.parent.name}/{folder.name}/model.json: {cause}") from cause


def read(folder: Path, manifest: dict) -> Source:
    """The source that a manifest names."""
    origin = manifest["from"]
    where = f"{folder.parent.name}/{folder.name}/model.json"
    if origin.get("format") not in FORMATS:
        raise Wrong(f"{where}: `from.format` is one of {', '.join(FORMATS)}, not {origin.get('format')!r}")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", str(origin["converter"])):
        raise Wrong(f"{where}: `from.converter` is not the name of a module under convert/networks")
    files = tuple(file_of(where, given) for given in origin.get("files", ()))
    if not files:
        raise Wrong(f"{where}: `from.files` names no file")
    return Source(folder, manifest, origin["format"], origin["converter"], origin.get("options", {}), files)


def file_of(where: str, given: dict) -> File:
    """One entry of `from.files`."""
    name, size, digest = str(given.get("file", "")), given.get("bytes"), given.get("sha256")
    if not name or name.startswith(("/", ".")) or ".." in Path(name).parts or "\\" in name:
        raise Wrong(f"{where}: {name!r} is not a path below the mirror")
    if digest is not None and not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise Wrong(f"{where}: the sha256 of {name} is not 64 hexadecimal digits")
    if size is not None and not (isinstance(size, int) and 0 < size <= LARGEST):
        raise Wrong(f"{where}: {name} claims {size} bytes; 1 to {LARGEST} are taken")
    package = given.get("package")
    if package is not None:
        if package.get("index") not in INDEXES or {"name", "version", "member"} - package.keys():
            raise Wrong(f"{where}: `package` of {name} needs index ({' or '.join(INDEXES)}), name, version and member")
        package = Package(package["index"], package["name"], package["version"], package["member"])
    address = given.get("address")
    if address is not None and not address.startswith("https://"):
        raise Wrong(f"{where}: the address of {name} does not begin with https://")
    return File(name, digest, size, address, given.get("member"), package)


def put(folder: Path, manifest: dict) -> None:
    """Write `model.json` of a variant, whole or not at all."""
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder.parent) as made:
        new = Path(made) / "model.json"
        new.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
        new.replace(folder / "model.json")
