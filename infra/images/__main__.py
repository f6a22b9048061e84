"""Images from the command line: `python -m infra.images build derain`, `… push localhost:5000`; the Makefile names the rest."""

import argparse
import sys

from infra.functions import ROOT, Wrong
from infra.images import debian, gpu, make, repeat, sources, trial
from infra.images.image import chosen
from infra.images.layout import Layout
from infra.images.push import push

OUT = ROOT / "out/images"
LIST = ROOT / "out/images.txt"


def main(words: list[str] | None = None) -> int:
    try:
        run(parser().parse_args(words))
    except Wrong as wrong:
        print(f"images: {wrong}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="python -m infra.images", description=__doc__)
    commands = found.add_subparsers(dest="command", required=True)
    for name, about in (
        ("build", "build images into out/images/oci; out/images.txt lists them"),
        ("test", "push, pull, start and ask every image that is built"),
        ("repeat", "build twice in different folders and compare"),
        ("gpu-test", "compare every default network on this machine's GPU with the CPU"),
    ):
        command = commands.add_parser(name, help=about)
        command.add_argument("names", nargs="*", metavar="FUNCTION")
        command.add_argument("--flavours", default="cpu", help='"cpu", "gpu", "cpu-arm64", or several of them')
    pushing = commands.add_parser("push", help="push images that are built to a registry")
    pushing.add_argument("registry")
    pushing.add_argument("names", nargs="*", metavar="NAME", help="as in out/images.txt; default: all")
    pushing.add_argument("--username")
    pushing.add_argument("--password-stdin", action="store_true", help="the password stands on standard input")
    pushing.add_argument("--plain-http", action="store_true", help="without TLS, for a registry on this machine")
    commands.add_parser("lock", help="pin the Debian packages of today in infra/images/debian.json")
    return found


def run(asked: argparse.Namespace) -> None:
    if asked.command == "lock":
        for use, packages in debian.lock().items():
            print(use, *(f"{each['name']}={each['version']}" for each in packages))
    elif asked.command == "push":
        if bool(asked.username) != asked.password_stdin:
            raise Wrong("push: --username and --password-stdin go together")
        login = (asked.username, sys.stdin.read().strip()) if asked.username else None
        push(Layout(OUT / "oci"), asked.registry, asked.names, login, asked.plain_http)
    else:
        images = chosen(" ".join(asked.names), asked.flavours)
        if asked.command == "build":
            # What was built of older sources is told no longer.
            stands = sources.stand_since(LIST)
            layout = make.make(images, OUT)
            layout.write_list(LIST, layout.names() if stands else [image.name for image in images])
        elif asked.command == "test":
            trial.run(images, OUT, Layout(OUT / "oci"))
        elif asked.command == "repeat":
            repeat.run(images, OUT)
        else:
            gpu.run(images, OUT)


if __name__ == "__main__":
    sys.exit(main())
