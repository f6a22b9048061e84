"""The hook's archive, built of the real programs."""

import hashlib
import zipfile

import pytest

from infra.deploy import hook
from infra.functions import Wrong, functions


# proves: B08
def test_two_builds_are_the_same_and_a_gpu_adds_the_float_files_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(hook, "ARCHIVE", tmp_path / "hook.zip")
    quickest = min(
        (each for each in functions(variants="") if each.has_model),
        key=lambda each: each.variants[0].manifest["speed"][-1]["seconds"],
    )
    once, again = hook.build([quickest], gpu=False), hook.build([quickest], gpu=False)
    assert hashlib.sha256(once).digest() == hashlib.sha256(again).digest()
    both = hook.build([quickest], gpu=True)
    assert both != once
    with zipfile.ZipFile(tmp_path / "hook.zip") as archive:
        expected = archive.read(f"expected/{quickest.name}.json").decode()
    for weights in quickest.variants[0].manifest["weights"]:
        assert f"default@{weights['sha256'][:12]}" in expected


def test_a_program_for_a_newer_c_library_is_refused(tmp_path):
    program = tmp_path / "hook"
    program.write_bytes(b"\x7fELF\0GLIBC_2.2.5\0GLIBC_2.34\0")
    hook.suits(program)
    program.write_bytes(b"\x7fELF\0GLIBC_2.34\0GLIBC_2.38\0")
    with pytest.raises(Wrong, match="built for glibc 2.38, Lambda's provided.al2023 has 2.34"):
        hook.suits(program)


def test_a_function_that_does_not_start_is_named(tmp_path, monkeypatch):
    function = next(each for each in functions(variants="") if each.has_model)
    monkeypatch.setattr(hook, "RUNTIME", tmp_path / "nothing.so")
    with pytest.raises(Wrong, match=f"{function.name} does not start: {function.name}: .*nothing.so"):
        hook.record(function, ["int8"], tmp_path)
