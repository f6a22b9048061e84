"""python -m workshop.convert weights|catalogue|measure|sheets WORD=value ..."""

import os
import sys
from pathlib import Path

from workshop.convert import catalogue, weights
from workshop.convert.source import MODELS, Wrong
from workshop.recipe import ROOT

USAGE = """\
python -m workshop.convert weights [FUNCTION=dehaze] [MODEL=aodnet,gcanet] [FILE=path,path] [MODELS=folder] [CACHE=folder]
                          fetch the published networks, all or those named, and convert them
FILE gives the files of one variant by hand, in the order of its manifest. MODELS is models/, CACHE is out/weights unless given.
INT8=1 makes an 8-bit file too of each that is here, where it loses no more than is allowed.
python -m workshop.convert catalogue [FUNCTION=dehaze]
                          every variant: is it here, licence, size, quality, seconds
python -m workshop.convert measure [FUNCTION=dehaze] [MODEL=aodnet] [DATA=folder]
                          quality and speed of what is converted, into the manifests
python -m workshop.convert sheets [FUNCTION=dehaze] [DATA=folder]
                          the same pictures through every variant that is here, into out/sheets
DATA is the folder of picture sets, ../shared/data unless given.
From the environment: WEIGHTS_MIRROR, a folder of published weights; ACCEPT_LICENCES, all or a comma list of non-commercial,
copyleft, unstated, licences and variants."""
WORDS = {
    "weights": {"FUNCTION", "MODEL", "FILE", "INT8", "DATA", "MODELS", "CACHE"},
    "catalogue": {"FUNCTION"},
    "measure": {"FUNCTION", "MODEL", "DATA"},
    "sheets": {"FUNCTION", "DATA"},
}


def words(command: str, given: list[str]) -> dict[str, str]:
    """WORD=value arguments; ends the program with the usage on any other."""
    pairs = dict(word.partition("=")[::2] for word in given)
    if wrong := [k for k in pairs if k not in WORDS[command]]:
        raise SystemExit(f"workshop.convert {command}: unknown {wrong[0]}\n{USAGE}")
    return {k: v for k, v in pairs.items() if v}


def pictures(given: dict[str, str]) -> Path:
    """The folder of picture sets."""
    folder = Path(given.get("DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        raise Wrong(f"DATA names no folder: {folder}")
    return folder


def asked(given: dict[str, str], environment: dict[str, str]) -> weights.Asked:
    """What `weights` is asked for."""
    mirror = environment.get("WEIGHTS_MIRROR")
    if mirror and not Path(mirror).is_dir():
        raise Wrong(f"WEIGHTS_MIRROR names no folder: {mirror}")
    files = tuple(Path(path) for path in given.get("FILE", "").split(",") if path)
    if missing := [path for path in files if not path.is_file()]:
        raise Wrong(f"FILE names no file: {missing[0]}")
    return weights.Asked(
        models=Path(given.get("MODELS", MODELS)),
        cache=Path(given.get("CACHE", ROOT / "out" / "weights")),
        mirror=Path(mirror) if mirror else None,
        licences=environment.get("ACCEPT_LICENCES", ""),
        function=given.get("FUNCTION"),
        model=given.get("MODEL"),
        files=files,
        data=pictures(given) if given.get("INT8") == "1" else None,
    )


def main() -> int:
    """Read the command line and run one command; the exit code."""
    if len(sys.argv) < 2 or sys.argv[1] not in WORDS:
        raise SystemExit(USAGE)
    command, given = sys.argv[1], words(sys.argv[1], sys.argv[2:])
    try:
        if command == "catalogue":
            return catalogue.run(given.get("FUNCTION"))
        if command == "measure":
            from workshop.convert import measure

            return measure.run(pictures(given), given.get("FUNCTION"), given.get("MODEL"))
        if command == "sheets":
            from workshop.convert import sheets

            return sheets.run(pictures(given), given.get("FUNCTION"))
        return weights.run(asked(given, dict(os.environ)))
    except (Wrong, OSError) as cause:
        print(f"{command}: {cause}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{command}: stopped; the next run goes on", file=sys.stderr, flush=True)
        os._exit(130)  # not after what still comes from an address


if __name__ == "__main__":
    sys.exit(main())
