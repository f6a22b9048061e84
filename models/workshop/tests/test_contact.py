"""Contact sheets: pages of what is measured, of every function, from made sets."""

import numpy as np
import pytest
from PIL import Image

from workshop import pictures, recipe, sheet
from workshop.tasks import TASKS, classify, stylize
from workshop.tests import made

FILES = {
    "set5": ["a"],
    "set14": ["b"],
    "kodak12": ["c", "d"],
    "lowlight-dicm": ["e"],
    "dehaze-pairs": ["o1_clear", "o1_heavy", "o1_light"],
    "dehaze-real": ["f"],
    "rain100l": ["r1_rain", "r1_clean"],
    "raindrop-train": ["g_rain", "g_clean"],
    "coco128-val/images": ["h", "i"],
}
PAGES = {
    "upscale": ["set14-1", "set5-1"],
    "lowlight": ["kodak12-1", "lowlight-dicm-1"],
    "dehaze": ["pairs-1", "real-1"],
    "derain": ["kodak12-1", "rain100l-1", "raindrop-train-1"],
    "detect": ["coco128-val-1"],
    "classify": ["cifar10-1"],
    "stylize": ["cat_chelsea-1"],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Every measured set, with few made pictures."""
    folder = tmp_path_factory.mktemp("data")
    for name, files in FILES.items():
        (folder / name).mkdir(parents=True)
        for at, file in enumerate(files):
            Image.fromarray(made.picture(at, 48, 60)).save(folder / name / f"{file}.png")
    (folder / "coco128-val" / "labels").mkdir()
    (folder / "coco128-val" / "labels" / "h.txt").write_text("2 0.5 0.5 0.4 0.6\n")
    return folder


@pytest.mark.parametrize("function", PAGES)
def test_every_function_has_pages(function, data, tmp_path, monkeypatch):
    task = TASKS[function](recipe.load(f"{function}/default"))
    monkeypatch.setattr(stylize, "PHOTOGRAPHS", ("cat_chelsea",))
    monkeypatch.setattr(classify, "packed", lambda *asked: (np.zeros((30, 32, 32, 3), np.uint8), np.arange(30) % 10))

    def run(picture, knobs):
        if task.kind == "labels":
            return np.eye(10)[3]
        if task.kind == "boxes":
            return [(2.0, 2.0, 30.0, 40.0, 5, 0.9)]
        scale = getattr(task, "scale", 1)
        return pictures.resize(picture, picture.shape[1] * scale, picture.shape[0] * scale)

    task.contact(run, data, tmp_path / function)
    assert sorted(p.stem.removeprefix(f"{function}-") for p in tmp_path.iterdir()) == PAGES[function]
    assert all(Image.open(p).width <= sheet.WIDTH for p in tmp_path.iterdir())


def test_a_page_has_so_many_rows_and_a_group_stays_together(tmp_path):
    groups = [[("in", made.picture(1, 40, 60)), ("out", made.picture(2, 40, 60))]] * 150
    written = sheet.pages(groups, tmp_path / "page", 40)
    assert [p.name for p in written] == ["page-1.png", "page-2.png"]
    row = 40 + 4 + sheet.LABEL  # 12 groups of 128 pixels fit beside each other
    assert [Image.open(p).size for p in written] == [(12 * 128, 12 * row), (6 * 128, row)]
