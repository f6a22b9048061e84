"""The images of a deployment: built when they are missing or older than their sources, pushed, and named by digest.

Building and pushing are `infra.images`; here stands only when, and with which names.
"""

import base64
import subprocess
import sys

from infra.deploy.account import Account
from infra.functions import ROOT, Function, Wrong
from infra.images import sources
from infra.images.image import Image

LIST = ROOT / "out" / "images.txt"


def parameter(image: Image) -> str:
    """The template's parameter that takes the image's reference."""
    return ("GpuImage" if image.flavour == "gpu" else "Image") + image.function.logical_id


def wanted(functions: list[Function], gpu: bool) -> list[Image]:
    """Every function on the CPU, and with `gpu` those with a model on the GPU too."""
    images = [Image(function, "cpu") for function in functions]
    return images + [Image(function, "gpu") for function in functions if gpu and function.has_model]


def built(images: list[Image]) -> dict[str, str]:
    """Digest by name of every image, built first where that is needed."""
    fresh = listed() if sources.stand_since(LIST) else {}
    if missing := [image for image in images if image.name not in fresh]:
        for flavour in sorted({image.flavour for image in missing}):
            names = [image.function.name for image in missing if image.flavour == flavour]
            run(["build", "--flavours", flavour, *names])
    digests = listed()
    if missing := [image.name for image in images if image.name not in digests]:
        raise Wrong(f"out/images.txt has no {', '.join(missing)} after building")
    return {image.name: digests[image.name] for image in images}


def listed() -> dict[str, str]:
    """Digest by name of what `make images` has built."""
    if not LIST.is_file():
        return {}
    return {name: digest for name, digest, _ in (line.split() for line in LIST.read_text().splitlines())}


def push(account: Account, images: list[Image]) -> str:
    """Pushes what the account's registry lacks; the registry's address."""
    token = account.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
    scheme, _, registry = token["proxyEndpoint"].partition("://")
    plain = ["--plain-http"] if scheme == "http" else []
    words = ["push", registry, *(image.name for image in images), "--username", user, "--password-stdin", *plain]
    run(words, password)
    return registry


def run(words: list[str], given: str | None = None) -> None:
    """`infra.images`, whose own lines are shown as they come."""
    command = [sys.executable, "-m", "infra.images", *words]
    if subprocess.run(command, cwd=ROOT, input=given, text=True, check=False).returncode != 0:
        raise Wrong(f"`python -m infra.images {words[0]}` failed; its lines above say why")
