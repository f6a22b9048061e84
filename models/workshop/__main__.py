"""python -m workshop train|export|quality WORD=value ..."""

import sys
from pathlib import Path

from workshop import recipe as recipes

USAGE = """\
python -m workshop train NAME=upscale/default [DATA=folder] [STEPS=number] [MINUTES=number] [FROM=model.onnx]
                                                          train, then export; MINUTES ends it by the clock
python -m workshop export NAME=upscale/default [DATA=folder]
                                                          export the last checkpoint
python -m workshop quality [DATA=folder] [URL=http://localhost:9000/lambda-url]
                                                          measure what the functions serve, there or started for it
DATA is the folder of picture sets, ../shared/data unless given."""
WORDS = {"train": {"NAME", "DATA", "STEPS", "MINUTES", "FROM"}, "export": {"NAME", "DATA"}, "quality": {"DATA", "URL"}}


def words(command: str, given: list[str]) -> dict[str, str]:
    """WORD=value arguments; ends the program with the usage on any other."""
    pairs = dict(word.partition("=")[::2] for word in given)
    wrong = [k for k in pairs if k not in WORDS[command]]
    if wrong or ("NAME" in WORDS[command] and not pairs.get("NAME")):
        raise SystemExit(f"workshop {command}: {'unknown ' + wrong[0] if wrong else 'NAME= is missing'}\n{USAGE}")
    return {k: v for k, v in pairs.items() if v}


def whole(word: str, text: str) -> int:
    """A whole number above 0."""
    if not (text.isdigit() and int(text)):
        raise SystemExit(f"workshop train: {word} is a whole number above 0, not '{text}'")
    return int(text)


def main() -> None:
    """Read the command line and run one command."""
    if len(sys.argv) < 2 or sys.argv[1] not in WORDS:
        raise SystemExit(USAGE)
    command, given = sys.argv[1], words(sys.argv[1], sys.argv[2:])
    data = Path(given.get("DATA", "../shared/data"))
    if command == "quality":
        from workshop import quality

        raise SystemExit(quality.run(data, given.get("URL")))
    numbers = {word.lower(): whole(word, given[word]) for word in ("STEPS", "MINUTES") if word in given}
    recipe = recipes.load(given["NAME"]) | numbers
    from workshop import export, graph, train

    if command == "train":
        source = given.get("FROM")
        if source and not Path(source).is_file():
            raise SystemExit(f"workshop train: FROM names no file: {source}")
        train.run(recipe, data, weights=graph.weights(Path(source)) if source else None)
    print(f"written: {export.from_training(recipe, data).relative_to(recipes.ROOT)}")


if __name__ == "__main__":
    main()
