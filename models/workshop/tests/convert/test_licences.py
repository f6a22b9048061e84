"""The gate of licences: what is not free is fetched by its word alone, and told by it."""

from dataclasses import replace

import pytest

from workshop.convert import licences, source, weights
from workshop.tests.convert import made

KINDS = {
    "dehaze/open": ("MIT", "free"),
    "dehaze/silent": ("none stated", "unstated"),
    "dehaze/shared": ("GPL-3.0", "copyleft"),
    "lowlight/unsold": ("CC-BY-NC-4.0", "non-commercial"),
}


@pytest.fixture
def asked(tmp_path) -> weights.Asked:
    """One variant of each kind, whose files are nowhere."""
    for name, (licence, terms) in KINDS.items():
        made.variant(tmp_path / "models", tmp_path / "elsewhere", name, licence=licence, terms=terms)
        (tmp_path / "elsewhere" / f"{name}.pth").unlink()
    (tmp_path / "mirror").mkdir()
    return weights.Asked(tmp_path / "models", tmp_path / "cache", tmp_path / "mirror")


# proves: D02
@pytest.mark.parametrize(
    ("words", "taken"),
    [
        ("", {"open"}),
        ("free", {"open"}),
        ("all", {"open", "silent", "shared", "unsold"}),
        ("unstated", {"open", "silent"}),
        ("non-commercial, copyleft", {"open", "shared", "unsold"}),
        ("gpl-3.0", {"open", "shared"}),
        ("silent,lowlight/unsold", {"open", "silent", "unsold"}),
    ],
)
def test_words_accept_terms_licences_and_variants(asked, words, taken):
    every = source.sources(asked.models)
    accepted = licences.Accepted(words, every)
    assert {s.manifest["variant"] for s in every if accepted.takes(s)} == taken


def test_what_states_no_terms_is_not_free(asked):
    given = source.sources(asked.models)[0]
    unknown = {key: value for key, value in given.manifest.items() if key != "terms"}
    assert not licences.Accepted("", []).takes(replace(given, manifest=unknown))


def test_an_unknown_word_is_told(asked):
    with pytest.raises(source.Wrong, match="ACCEPT_LICENCES=copyletf is neither all, nor non-commercial, copyleft"):
        weights.run(replace(asked, licences="unstated,copyletf"))


def test_what_is_not_accepted_is_named_with_licence_and_word(asked, capsys, silence):
    assert weights.run(asked, silence) == 0
    said = capsys.readouterr().out
    for name, (licence, terms) in KINDS.items():
        row = next(line for line in said.splitlines() if line.startswith(name))
        if terms == "free":
            assert " missing " in row
        else:
            assert " licence " in row
            assert f"licence: {licence} ({terms}); ACCEPT_LICENCES={terms} takes it" in row
    assert silence.asked == ["https://example.org/a.pth"]  # of the free one alone


def test_one_asked_for_by_name_is_refused_in_one_line(asked, silence):
    with pytest.raises(
        source.Wrong, match=r"^dehaze/shared: licence: GPL-3\.0 \(copyleft\); ACCEPT_LICENCES=copyleft takes it$"
    ):
        weights.run(replace(asked, model="open,shared"), silence)
    assert not silence.asked
