"""The online prediction's terminal client: asks for a path, prints what the picture shows, and asks for the next.

    python tests/clients/online_prediction.py http://localhost:8081/

Classes (classify) are printed; boxes (detect) are printed and drawn here, by Pillow, into NAME.boxes.png. Ends with the
input (Ctrl-D) or an empty line.
"""

import sys
from pathlib import Path

import requests
from PIL import Image, ImageDraw


def main(url: str) -> None:
    while path := ask():
        if not path.is_file():
            print(f"there is no file {path}")
            continue
        with path.open("rb") as picture:
            answer = requests.post(url, files={"file": (path.name, picture, "image/jpg")}).json()
        if answer["code"] != 1:
            print(answer["msg"])
            continue
        found = answer["data"].get("classes") or answer["data"].get("boxes", [])
        for one in found:
            print(f"{path.name}: {one['name']} {one['score']:.2f} {one.get('box', '')}")
        if "boxes" in answer["data"]:
            draw(path, found)


def ask() -> Path | None:
    """The next path; none at the end."""
    print("path of a picture: ", end="", flush=True)
    line = sys.stdin.readline().strip()
    return Path(line) if line else None


def draw(path: Path, boxes: list[dict]) -> None:
    """Draws boxes into a copy in the current folder."""
    picture = Image.open(path).convert("RGB")
    pen = ImageDraw.Draw(picture)
    for one in boxes:
        pen.rectangle(one["box"], outline="red", width=3)
        pen.text(one["box"][:2], f"{one['name']} {one['score']:.2f}", fill="red")
    picture.save(f"{path.stem}.boxes.png")
    print(f"drawn into {path.stem}.boxes.png")


if __name__ == "__main__":
    main(sys.argv[1])
