"""The OCI layout: what `docker save` writes comes in, the list tells it, what nobody holds goes; what a push to a registry tells."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from infra.functions import Wrong
from infra.images import change, image
from infra.images.__main__ import main
from infra.images.layout import Layout
from infra.images.registry import UPLOADED


def tar(files: dict[str, bytes], time: int = 0) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), time
            archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def saved(layers: list[bytes], time: int = 0) -> tarfile.TarFile:
    """An archive as `docker save` writes it, of layers with a file each."""
    files = {f"{at}/layer.tar": tar({"file": content}, time) for at, content in enumerate(layers)}
    about = [{"Config": "config.json", "Layers": [*files], "RepoTags": ["darkroom/x:cpu"]}]
    files |= {"config.json": json.dumps({"config": {}}).encode(), "manifest.json": json.dumps(about).encode()}
    return tarfile.open(fileobj=io.BytesIO(tar(files)))


def test_an_image_of_docker_comes_in_and_is_listed_with_its_bytes(tmp_path: Path):
    layout = Layout(tmp_path / "oci")
    for layers in ([b"base" * 1000, b"old"], [b"base" * 1000, b"new"]):
        layout.take(saved(layers), "darkroom/x:cpu")
    layout.mend("darkroom/x:cpu")
    layout.sweep()
    layout.write_list(tmp_path / "images.txt", layout.names())
    name, digest, size = (tmp_path / "images.txt").read_text().split()
    manifest = layout.manifest(name)
    assert (name, digest) == ("darkroom/x:cpu", layout.digest(name))
    assert int(size) == sum(layout.blob(layer["digest"]).stat().st_size for layer in manifest["layers"])
    assert layout.config(name)["config"]["Healthcheck"]["Test"] == ["CMD", "/usr/bin/function", "--health"]
    # Manifest, configuration, two layers: what the first build held alone is gone.
    assert len(list(layout.folder.glob("blobs/sha256/*"))) == 4


def test_the_same_files_give_the_same_digest_whenever_docker_wrote_them(tmp_path: Path):
    digests = set()
    for time in (1_000_000_000, 2_000_000_000):
        layout = Layout(tmp_path / str(time))
        layout.take(saved([b"base", b"program"], time), "darkroom/x:cpu")
        layout.mend("darkroom/x:cpu")
        digests.add(layout.digest("darkroom/x:cpu"))
        [first, _] = layout.manifest("darkroom/x:cpu")["layers"]
        unpacked = gzip.decompress(layout.blob(first["digest"]).read_bytes())
        ids = layout.config("darkroom/x:cpu")["rootfs"]["diff_ids"]
        assert ids[0] == f"sha256:{hashlib.sha256(unpacked).hexdigest()}"
    assert len(digests) == 1


@pytest.mark.parametrize("slash", [":", "%3A"])
def test_the_registrys_log_tells_each_upload_once(slash: str):
    blob = "sha256" + slash + "ab" * 32
    put = f'127.0.0.1 - - [30/Nov/2026:21:00:00 +0000] "PUT /v2/darkroom/x/blobs/uploads/1-2?_state=a&digest={blob}'
    log = f'{put} HTTP/1.1" 201 0 "" "skopeo"\n{put} HTTP/1.1" 400 0 "" "skopeo"\n'
    assert UPLOADED.findall(log) == [blob]


def test_a_changed_line_is_told_in_bytes_and_refused_beyond_its_bound(tmp_path: Path):
    layout = Layout(tmp_path / "oci")
    layout.take(saved([b"base" * 1000, b"program"]), "darkroom/x:cpu")
    one = type("One", (), {"name": "darkroom/x:cpu"})
    manifest = layout.manifest(one.name)
    sent = [manifest["config"]["digest"], manifest["layers"][1]["digest"]]
    assert "in 2 blobs, by the registry's log; 1 layers of" in change.told(one, layout, "sha256:before", sent, 1000)
    with pytest.raises(Wrong, match="at most 10 are wanted"):
        change.told(one, layout, "sha256:before", sent, 10)
    with pytest.raises(Wrong, match="its old digest"):
        change.told(one, layout, layout.digest(one.name), sent, 1000)


# proves: K04
@pytest.mark.parametrize("function", [each.function for each in image.chosen()], ids=lambda each: each.name)
def test_every_function_has_the_line_that_image_test_changes(function, tmp_path: Path):
    from infra.functions import ROOT

    source = tmp_path / "main.rs"
    source.write_text((ROOT / "functions" / function.name / "src/main.rs").read_text())
    before = source.read_text().splitlines()
    change.change(source)
    assert sum(one != other for one, other in zip(before, source.read_text().splitlines(), strict=True)) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["build", "nothing"], "images: there is no nothing"),
        (["push", "localhost:1", "--username", "me"], "images: push: --username and --password-stdin go together"),
    ],
)
def test_wrong_words_are_one_line_and_exit_code_1(words: list[str], sentence: str, capsys):
    assert main(words) == 1
    told = capsys.readouterr().err
    assert told.startswith(sentence) and told.count("\n") == 1
