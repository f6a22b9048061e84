"""The root file system under every image: a few Debian packages, unpacked and never configured; no shell, no package manager."""

import shutil
from pathlib import Path

from infra.images import debian
from infra.images.files import write

# What nothing in an image reads. Licences (copyright) stay.
LEFT_OUT = (
    "etc/update-motd.d",
    "usr/lib/*/audit",
    "usr/lib/*/gconv",
    "usr/sbin",
    "usr/share/base-files",
    "usr/share/doc/*/changelog*",
    "usr/share/doc/*/examples",
    "usr/share/doc/*/NEWS*",
    "usr/share/doc/*/README*",
    "usr/share/gcc",
    "usr/share/gdb",
    "usr/share/lintian",
    "usr/share/man",
)
USER = 65532
PASSWD = f"root:x:0:0:root:/root:/usr/sbin/nologin\nnonroot:x:{USER}:{USER}:nonroot:/nonexistent:/usr/sbin/nologin\n"
GROUP = f"root:x:0:\nnonroot:x:{USER}:\n"


def unpack(architecture: str, root: Path) -> None:
    """Makes the root file system of "amd64" or "arm64" in the folder `root`, which is emptied before."""
    shutil.rmtree(root, ignore_errors=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    debian.unpack("base", architecture, root)
    for package in debian.packages("base", architecture):
        # As in images without a package manager: scanners read a file a package.
        write(root / "var/lib/dpkg/status.d" / package["name"], package["control"])
    for pattern in LEFT_OUT:
        for path in root.glob(pattern):
            path.unlink() if path.is_symlink() or path.is_file() else shutil.rmtree(path)
    bundle(root)
    write(root / "etc/passwd", PASSWD)
    write(root / "etc/group", GROUP)
    # A host's name in /etc/hosts before a name server's: what glibc would do anyway is said for readers of the image.
    write(root / "etc/nsswitch.conf", "hosts: files dns\n")
    for name in ("tmp", "proc", "sys", "dev", "run"):
        (root / name).mkdir(exist_ok=True)


def bundle(root: Path) -> None:
    """One file of all certificates, as Debian's update-ca-certificates would make it; the single ones go."""
    source = root / "usr/share/ca-certificates"
    certificates = [path.read_text().strip() + "\n" for path in sorted(source.rglob("*.crt"))]
    write(root / "etc/ssl/certs/ca-certificates.crt", "".join(certificates))
    shutil.rmtree(source)
