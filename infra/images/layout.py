"""The OCI layout that images are built into (opencontainers/image-spec, image-layout.md): read, mended, listed."""

import gzip
import hashlib
import json
import shutil
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from infra.functions import Wrong
from infra.images import files

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
TIME = datetime.fromtimestamp(files.EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
REFERENCE = "org.opencontainers.image.ref.name"
# Docker's own addition to a configuration; buildah leaves it out of OCI images. Seconds in nanoseconds.
HEALTH = {
    "Test": ["CMD", "/usr/bin/function", "--health"],
    "Interval": 10_000_000_000,
    "Timeout": 3_000_000_000,
    "StartPeriod": 30_000_000_000,
}


class Layout:
    """An OCI layout in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """The names of the images in it."""
        return sorted(entry["annotations"][REFERENCE] for entry in self.index()["manifests"])

    def index(self) -> dict:
        path = self.folder / "index.json"
        if not path.is_file():
            raise Wrong("there are no images yet; `make images` builds them")
        return json.loads(path.read_text())

    def entry(self, name: str) -> dict:
        for entry in self.index()["manifests"]:
            if entry.get("annotations", {}).get(REFERENCE) == name:
                return entry
        raise Wrong(f"there is no image {name}; there are: {', '.join(self.names())}")

    def digest(self, name: str) -> str:
        return self.entry(name)["digest"]

    def manifest(self, name: str) -> dict:
        return json.loads(self.blob(self.digest(name)).read_text())

    def config(self, name: str) -> dict:
        return json.loads(self.blob(self.manifest(name)["config"]["digest"]).read_text())

    def bytes(self, name: str) -> int:
        """The length of all its layers, compressed."""
        return sum(layer["size"] for layer in self.manifest(name)["layers"])

    def blob(self, digest: str) -> Path:
        return self.folder / "blobs" / digest.replace(":", "/")

    def put(self, value: dict) -> dict:
        """Keeps a JSON blob; its descriptor's digest and size."""
        text = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
        digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
        self.blob(digest).write_bytes(text)
        return {"digest": digest, "size": len(text)}

    def take(self, saved: tarfile.TarFile, name: str) -> None:
        """Takes in what `docker save` wrote of one image: its layers packed, every file of one time."""
        (self.folder / "blobs/sha256").mkdir(parents=True, exist_ok=True)
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}\n')
        [about] = json.load(saved.extractfile("manifest.json"))
        packed = [self.pack(saved.extractfile(layer)) for layer in about["Layers"]]
        config = json.load(saved.extractfile(about["Config"]))
        config["rootfs"] = {"type": "layers", "diff_ids": [plain for plain, _ in packed]}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": {"mediaType": CONFIG, **self.put(config)}}
        manifest["layers"] = [{"mediaType": LAYER, **descriptor} for _, descriptor in packed]
        entry = {"mediaType": MANIFEST, **self.put(manifest), "annotations": {REFERENCE: name}}
        index = self.index() if (self.folder / "index.json").is_file() else {"schemaVersion": 2, "manifests": []}
        others = [each for each in index["manifests"] if each["annotations"][REFERENCE] != name]
        (self.folder / "index.json").write_text(json.dumps(index | {"manifests": [*others, entry]}, indent=2) + "\n")

    def pack(self, layer: IO[bytes]) -> tuple[str, dict]:
        """Keeps a layer compressed; the digest of its tar, and the digest and size of what is kept."""
        plain, packed = self.folder / "layer.tar", self.folder / "layer.gz"
        with (
            tarfile.open(fileobj=layer, mode="r|") as given,
            tarfile.open(plain, "w", format=tarfile.PAX_FORMAT) as taken,
        ):
            for entry in given:
                entry.mtime, entry.pax_headers = files.EPOCH, {}
                taken.addfile(entry, given.extractfile(entry) if entry.isreg() else None)
        with plain.open("rb") as file, packed.open("wb") as out, gzip.GzipFile("", "wb", 6, out, mtime=0) as zipped:
            shutil.copyfileobj(file, zipped)
        found = {"digest": f"sha256:{files.digest(packed)}", "size": packed.stat().st_size}
        told = f"sha256:{files.digest(plain)}"
        plain.unlink()
        packed.replace(self.blob(found["digest"]))
        return told, found

    def mend(self, name: str) -> None:
        """Gives the image its health check, and one time to all that tells one."""
        index, manifest, config = self.index(), self.manifest(name), self.config(name)
        config["config"]["Healthcheck"] = HEALTH
        for dated in (config, *config.get("history", ())):
            dated["created"] = TIME
        manifest["config"] |= self.put(config)
        for entry in index["manifests"]:
            if entry["annotations"][REFERENCE] == name:
                entry |= self.put(manifest)
        (self.folder / "index.json").write_text(json.dumps(index, indent=2) + "\n")

    def sweep(self) -> None:
        """Removes what no image holds any more."""
        held = set()
        for name in self.names():
            manifest = self.manifest(name)
            held |= {
                self.digest(name),
                manifest["config"]["digest"],
                *(layer["digest"] for layer in manifest["layers"]),
            }
        for path in self.folder.glob("blobs/sha256/*"):
            if f"sha256:{path.name}" not in held:
                path.unlink()

    def write_list(self, path: Path, names: list[str]) -> None:
        """A line an image: NAME DIGEST BYTES."""
        path.write_text("".join(f"{name} {self.digest(name)} {self.bytes(name)}\n" for name in sorted(names)))
