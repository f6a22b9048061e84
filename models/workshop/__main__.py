"""python -m workshop train|export|quality|small|style|... WORD=value ..."""

import sys
from pathlib import Path

from workshop import recipe as recipes

USAGE = """\
python -m workshop train NAME=upscale/default [DATA=folder] [STEPS=number] [MINUTES=number] [FROM=model.onnx|checkpoint.pt]
                                                          train, then export; MINUTES ends it by the clock
python -m workshop export NAME=upscale/default [DATA=folder]
                                                          export the last checkpoint
python -m workshop quality [DATA=folder] [URL=http://localhost:9000/lambda-url] [ONLY=upscale,derain]
                                                          measure what the functions serve, there or started for it
python -m workshop small [URL=...]                        a small part of that on samples/ alone, with bounds
python -m workshop style IMAGE=painting.jpg NAME=mine [DATA=folder] [STEPS=number] [MINUTES=8]
                                                          learn one more style, written to models/stylize/mine
python -m workshop style-slow IMAGE=photo.jpg STYLE=great-wave [DATA=folder] [STEPS=100]
                                                          the slow way, by optimising the pixels: out/slow.png
python -m workshop ablation NAME=dehaze/codebook [DATA=folder] [STEPS=800]
                                                          what each part is worth: trained again without it
python -m workshop sheets NAME=dehaze/default [DATA=folder]
                                                          contact sheets of the measured pictures: out/sheets
python -m workshop style-table [DATA=folder] [STEPS=100]  slow against fast: seconds and losses, as a table
DATA is the folder of picture sets, ../shared/data unless given."""
WORDS = {
    "train": {"NAME", "DATA", "STEPS", "MINUTES", "FROM"},
    "export": {"NAME", "DATA"},
    "quality": {"DATA", "URL", "ONLY"},
    "small": {"URL"},
    "style": {"IMAGE", "NAME", "DATA", "STEPS", "MINUTES"},
    "style-slow": {"IMAGE", "STYLE", "DATA", "STEPS"},
    "style-table": {"DATA", "STEPS"},
    "ablation": {"NAME", "DATA", "STEPS"},
    "sheets": {"NAME", "DATA"},
}
NEEDED = ("NAME", "IMAGE", "STYLE")


def words(command: str, given: list[str]) -> dict[str, str]:
    """WORD=value arguments; ends the program with the usage on any other."""
    pairs = dict(word.partition("=")[::2] for word in given)
    wrong = [k for k in pairs if k not in WORDS[command]]
    missing = [k for k in NEEDED if k in WORDS[command] and not pairs.get(k)]
    if wrong or missing:
        raise SystemExit(
            f"workshop {command}: {'unknown ' + wrong[0] if wrong else missing[0] + '= is missing'}\n{USAGE}"
        )
    return {k: v for k, v in pairs.items() if v}


def whole(word: str, text: str) -> int:
    """A whole number above 0."""
    if not (text.isdigit() and int(text)):
        raise SystemExit(f"workshop: {word} is a whole number above 0, not '{text}'")
    return int(text)


def main() -> None:
    """Read the command line and run one command."""
    if len(sys.argv) < 2 or sys.argv[1] not in WORDS:
        raise SystemExit(USAGE)
    command, given = sys.argv[1], words(sys.argv[1], sys.argv[2:])
    data = Path(given.get("DATA", "../shared/data"))
    if command == "quality":
        from workshop import quality

        raise SystemExit(quality.run(data, given.get("URL"), given.get("ONLY")))
    if command == "small":
        from workshop import small

        raise SystemExit(small.run(given.get("URL")))
    numbers = {word.lower(): whole(word, given[word]) for word in ("STEPS", "MINUTES") if word in given}
    if command.startswith("style"):
        stylize(command, given, data, numbers)
        return
    if command in ("ablation", "sheets"):
        from workshop import ablation, contact

        name = given["NAME"]
        written = (
            contact.run(name, data) if command == "sheets" else ablation.run(name, data, numbers.get("steps", 800))
        )
        print(f"written: {written.relative_to(recipes.ROOT)}")
        return
    recipe = recipes.load(given["NAME"]) | numbers
    from workshop import export, graph, train

    if command == "train" and recipe["steps"]:  # 0: a network without weights
        source = given.get("FROM")
        if source and not Path(source).is_file():
            raise SystemExit(f"workshop train: FROM names no file: {source}")
        weights = graph.weights(Path(source)) if source else None
        train.run(recipe, data, weights=weights, source=source or "")
    print(f"written: {export.from_training(recipe, data).relative_to(recipes.ROOT)}")


def stylize(command: str, given: dict[str, str], data: Path, numbers: dict) -> None:
    """A style of one's own, or the slow way."""
    from workshop import own, slow

    steps = numbers.get("steps", slow.STEPS)
    if command == "style-table":
        slow.table(data, steps)
        return
    image = Path(given["IMAGE"])
    if command == "style":
        written = own.run(given["NAME"], image, data, numbers)
    else:
        written = slow.run(image, given["STYLE"], data, steps)
    print(f"written: {written.relative_to(recipes.ROOT)}")


if __name__ == "__main__":
    main()
