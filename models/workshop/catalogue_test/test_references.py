"""What the functions answer, beside what the originals gave: the pictures of the mirror's folder `reference`."""

import io

import numpy as np
from PIL import Image

from workshop import pictures
from workshop.catalogue_test.conftest import ALL, MIRROR, PLAIN

LEVELS = 2  # of 255, the largest difference anywhere
TOP = "upscale-safmn-x4-top48x32.png"  # SAFMN is defined for sides in multiples of 16 alone: the upper 32 rows of the input
# Pictures of the folder that are no variant's: the whole input of SAFMN, and a decoder after an encoder without a painting.
ASIDE = {"upscale-safmn-x4.png", "stylize-wct-d4-reconstruction.png"}


def references(function: str, variant: str) -> list[tuple[str, str]]:
    """(input, output) of a variant, by the names of the files."""
    folder, name = MIRROR / "reference", f"{function}-{variant}"
    pairs = [(f"input-{function}{end}.png", f"{name}{end}.png") for end in ("", "-odd")]
    found = [pair for pair in pairs if (folder / pair[1]).is_file() and pair[1] not in ASIDE]
    return found + ([(f"input-{function}.png", TOP)] if TOP.startswith(f"{name}-top") else [])


def pytest_generate_tests(metafunc):
    """A test a variant and picture."""
    if "expected" in metafunc.fixturenames:
        told = [(s.name, *pair) for s in ALL for pair in references(*s.name.split("/"))]
        metafunc.parametrize(("name", "given", "expected"), told, ids=[expected for _, _, expected in told])


def test_a_function_answers_what_the_original_did(ask, name, given, expected):
    function, variant = name.split("/")
    picture, truth = (pictures.read(MIRROR / "reference" / file) for file in (given, expected))
    picture = picture[:32] if expected == TOP else picture
    body, _ = ask(function).ask(picture, {"model": variant} | PLAIN.get(function, {}), "image/png")
    answer = np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))
    assert answer.shape == truth.shape
    assert np.abs(answer.astype(int) - truth).max() <= LEVELS


def test_every_picture_of_the_folder_is_held_against_a_variant():
    used = {expected for s in ALL for _, expected in references(*s.name.split("/"))}
    there = {path.name for path in (MIRROR / "reference").glob("*.png") if not path.name.startswith("input-")}
    assert used == there - ASIDE
