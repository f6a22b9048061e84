"""What an image is made of, as CycloneDX 1.6 JSON (ECMA-424): crates, Debian packages, ONNX Runtime and CUDA, programs, weights.

It lies in the image at /usr/share/sbom/FUNCTION.cdx.json, and beside the images in out/images/sbom. Equal inputs, equal bytes.
"""

import json
import re
import subprocess
import tomllib
import uuid
from pathlib import Path

from cyclonedx.schema import SchemaVersion

from infra.functions import ROOT, Wrong
from infra.images import debian, stage
from infra.images.binary import TARGETS, turbo
from infra.images.files import digest
from infra.images.image import Image
from infra.images.layout import TIME

PINS = json.loads((ROOT / "tools/pins.json").read_text())


def make(image: Image, version: str, binary: Path) -> dict:
    """The document of an image whose binary lies at `binary`."""
    function = image.function
    components = [*crates(image), *packages(image), *runtime(image), *programs(image), *models(image)]
    components.sort(key=lambda each: each["bom-ref"])
    main = component("application", function.name, version, licence="Apache-2.0", sha256=digest(binary))
    text = json.dumps([main, components], sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, image.name + text)}",
        "version": 1,
        "metadata": {"timestamp": TIME, "component": main},
        "components": components,
    }


def component(kind: str, name: str, version: str, purl: str = "", licence: str = "", sha256: str = "") -> dict:
    found = {"type": kind, "bom-ref": purl or f"{name}@{version}", "name": name, "version": version}
    if purl:
        found["purl"] = purl
    if sha256:
        found["hashes"] = [{"alg": "SHA-256", "content": sha256}]
    if licence:
        # An expression covers single names too; what SPDX has no name for is LicenseRef-….
        found["licenses"] = [{"expression": licence.replace("/", " OR ")}]
    return found


def expression(licence: str) -> str:
    """A licence as SPDX writes it; what has no name there is a reference of its own."""
    if re.fullmatch(r"[\w.+-]+", licence):
        return licence
    return f"LicenseRef-{re.sub(r'[^A-Za-z0-9.]+', '-', licence).strip('-')}"


def crates(image: Image) -> list[dict]:
    """The crates that are compiled into the binary, those that wrap C code (…-sys) with it."""
    command = ["cargo", "tree", "--locked", "--package", image.function.name, "--edges", "normal", "--prefix", "none"]
    command += ["--target", TARGETS[image.architecture], "--format", "{p}|{l}", *turbo()]
    told = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if told.returncode != 0:
        raise Wrong(f"cargo tree says: {told.stderr.strip().splitlines()[-1]}")
    sums = {
        (each["name"], each["version"]): each.get("checksum", "")
        for each in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    }
    found = {}
    for line in told.stdout.splitlines():
        package, _, licence = line.removesuffix(" (*)").partition("|")
        name, version = package.split()[0], package.split()[1].removeprefix("v")
        if name != image.function.name:
            purl = f"pkg:cargo/{name}@{version}"
            found[purl] = component("library", name, version, purl, licence, sums[name, version])
    return list(found.values())


def packages(image: Image) -> list[dict]:
    architecture = image.architecture
    return [
        component("library", each["name"], each["version"], purl(each, architecture))
        for each in debian.packages("base", architecture)
    ]


def purl(package: dict, architecture: str) -> str:
    version = package["version"].replace(":", "%3A").replace("+", "%2B").replace("~", "%7E")
    return f"pkg:deb/debian/{package['name'].replace('+', '%2B')}@{version}?arch={architecture}&distro=bookworm"


def runtime(image: Image) -> list[dict]:
    """ONNX Runtime, and what of CUDA it needs: a component a wheel, ONNX Runtime with its library's digest."""
    if image.runtime == "none":
        return []
    pins = stage.RUNTIME_PINS[image.runtime, image.architecture]
    library = stage.libraries(image.runtime, image.architecture)[0][0]
    return [wheel(pin, digest(library) if pin == pins[0] else "") for pin in pins]


def programs(image: Image) -> list[dict]:
    return [wheel(name, digest(stage.TOOLS / name), "application") for name in image.function.programs]


def wheel(name: str, sha256: str, kind: str = "library") -> dict:
    pin = PINS[name]
    purl = f"pkg:pypi/{pin['package']}@{pin['version']}"
    return component(kind, pin["package"], pin["version"], purl, pin["licence"], sha256 or pin["wheel"])


def models(image: Image) -> list[dict]:
    """The weights files that the image holds."""
    found = []
    for variant in image.function.variants:
        for file in variant.files(image.processor):
            name = f"{image.function.name}/{variant.name}/{file.name}"
            sha256 = digest(file)
            licence = expression(variant.manifest["licence"])
            model = component("machine-learning-model", name, sha256[:12], "", licence, sha256)
            found.append(model | {"description": variant.manifest["title"]})
    return found


def check(document: dict, root: Path) -> None:
    """Fails, in one line, unless the document is valid CycloneDX and tells of what lies in the image's files below `root`."""
    # Its import takes seconds (a grammar of addresses); who pushes does not need it.
    from cyclonedx.validation.json import JsonStrictValidator

    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)):
        raise Wrong(f"sbom: not valid CycloneDX: {wrong}")
    told = {each["name"]: each for each in document["components"]}
    sums = {each["content"] for item in document["components"] for each in item.get("hashes", [])}
    packages = [path.name for path in sorted((root / "var/lib/dpkg/status.d").iterdir())]
    missing = [name for name in packages if name not in told]
    files = [
        *root.glob("models/*/*/*.onnx"),
        *root.glob("opt/onnxruntime/libonnxruntime.so"),
        *root.glob("usr/bin/ffmpeg"),
    ]
    missing += [str(path.relative_to(root)) for path in files if digest(path) not in sums]
    if not any(each.get("purl", "").startswith("pkg:cargo/") for each in document["components"]):
        missing.append("crates")
    if missing:
        raise Wrong(f"sbom: these are in the image and not told: {', '.join(missing)}")
