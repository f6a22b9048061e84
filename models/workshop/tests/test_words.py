"""The words of the command line."""

import re

import pytest

from workshop import __main__ as command
from workshop import recipe


def test_words_are_read():
    given = command.words("train", ["NAME=upscale/default", "DATA=a=b", "STEPS="])
    assert given == {"NAME": "upscale/default", "DATA": "a=b"}
    assert command.whole("STEPS", "20") == 20


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("train", ["STEPS=5"], "NAME= is missing"),
        ("train", ["NAME=upscale/default", "STEP=5"], "unknown STEP"),
        ("style", ["NAME=mine"], "IMAGE= is missing"),
        ("style-slow", ["IMAGE=photo.jpg"], "STYLE= is missing"),
        ("small", ["DATA=there"], "unknown DATA"),
    ],
)
def test_wrong_words_are_told_with_the_usage(name, given, said):
    with pytest.raises(SystemExit) as ended:
        command.words(name, given)
    assert said in str(ended.value)
    assert command.USAGE in str(ended.value)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many"])
def test_numbers_are_whole_and_above_0(text):
    with pytest.raises(SystemExit, match="MINUTES is a whole number above 0"):
        command.whole("MINUTES", text)


def test_every_command_is_told_and_has_a_target():
    makefile = (recipe.ROOT / "Makefile").read_text()
    for name in command.WORDS:
        assert f"python -m workshop {name} " in command.USAGE
        assert name == "export" or re.search(rf"\$\(WORKSHOP\) {name} ", makefile), name
