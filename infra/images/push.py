"""Pushes images from the layout to a registry by skopeo: what the registry lacks, with the digests that they have here."""

import json
import os
import subprocess
import tempfile
from base64 import b64encode
from pathlib import Path

from infra.functions import Wrong
from infra.images.apt import install
from infra.images.layout import Layout


def push(
    layout: Layout, registry: str, names: list[str], login: tuple[str, str] | None = None, plain: bool = False
) -> None:
    """Pushes images by name, all where none is named. `login`: user and password. `plain`: by HTTP."""
    install("skopeo")
    unknown = set(names) - set(layout.names())
    if unknown:
        raise Wrong(f"push: there is no image {', '.join(sorted(unknown))}; there are: {', '.join(layout.names())}")
    tls = str(not plain).lower()
    with tempfile.TemporaryDirectory() as scratch:
        keys = Path(scratch) / "auth.json"
        keys.touch(mode=0o600)
        token = {"auth": b64encode(":".join(login).encode()).decode()} if login else None
        keys.write_text(json.dumps({"auths": {registry: token} if token else {}}))
        for name in names or layout.names():
            address, wanted = f"docker://{registry}/{name}", layout.digest(name)
            look = [
                "inspect",
                "--authfile",
                keys,
                f"--tls-verify={tls}",
                "--no-tags",
                "--format",
                "{{.Digest}}",
                address,
            ]
            if (there := skopeo(look)).returncode == 0 and there.stdout.strip() == wanted:
                print(f"{name} {wanted} is there already", flush=True)
                continue
            copy = ["copy", "--quiet", "--preserve-digests", "--dest-authfile", keys, f"--dest-tls-verify={tls}"]
            done = skopeo([*copy, f"oci:{layout.folder}:{name}", address])
            if done.returncode != 0:
                raise Wrong(f"push: {name} cannot be pushed to {registry}: {done.stderr.strip().splitlines()[-1]}")
            print(f"{name} {wanted} pushed", flush=True)


def skopeo(arguments: list) -> subprocess.CompletedProcess:
    # Where there is no policy file every image is refused; the layout's are our own.
    command = ["skopeo", "--insecure-policy", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ)
