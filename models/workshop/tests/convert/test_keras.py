"""The reader of Keras .h5 files, and files that only look like one.

`files/keras-tiny.h5` is `whole_model()`, `files/keras-tiny.weights.h5` is `weights_alone()`, of the same random numbers.
"""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from workshop.convert import networks
from workshop.convert.readers import Damaged, keras

FILES = Path(__file__).parent / "files"
SHAPES = {"conv2d/kernel": (3, 3, 3, 4), "conv2d/bias": (4,), "dense/kernel": (4, 10), "dense/bias": (10,)}


def weights() -> dict[str, np.ndarray]:
    random = np.random.default_rng(13)
    return {name: random.random(shape, np.float32) for name, shape in SHAPES.items()}


def layers(group: h5py.Group) -> None:
    """The weights as Keras 2 lays them: layer, the layer's name again, `kernel:0`."""
    for name, value in weights().items():
        layer, own = name.split("/")
        group.require_group(f"{layer}/{layer}").create_dataset(f"{own}:0", data=value)
    group.require_group("max_pooling2d")  # a layer without weights


def whole_model(path: Path) -> None:
    """A model with its weights and those of its training, which are not read."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "{}"
        layers(file.create_group("model_weights"))
        file.create_dataset("optimizer_weights/iterations:0", data=np.int64(7))


def weights_alone(path: Path) -> None:
    with h5py.File(path, "w") as file:
        layers(file)


# proves: D03
@pytest.mark.parametrize("name", ["keras-tiny.h5", "keras-tiny.weights.h5"])
def test_the_committed_files_are_read_by_layer(name):
    read = keras.read([FILES / name])
    assert read.keys() == SHAPES.keys()
    for own, value in weights().items():
        np.testing.assert_array_equal(read[own], value)


@pytest.mark.parametrize(("name", "write"), [("keras-tiny.h5", whole_model), ("keras-tiny.weights.h5", weights_alone)])
def test_the_committed_files_are_what_is_written_here(tmp_path, name, write):
    write(tmp_path / name)
    assert (tmp_path / name).stat().st_size == (FILES / name).stat().st_size
    read, committed = keras.read([tmp_path / name]), keras.read([FILES / name])
    assert all(np.array_equal(read[own], committed[own]) for own in SHAPES)


def virtual(file: h5py.File) -> None:
    """Numbers that lie in another file."""
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "secret", (4,))
    file.create_virtual_dataset("model_weights/conv2d/virtual", layout)


def circle(file: h5py.File) -> None:
    """A group that holds itself."""
    file["model_weights/conv2d/again"] = file["model_weights/conv2d"]


def shared(file: h5py.File) -> None:
    """The same numbers under many names: more than the file has."""
    for at in range(100):
        file[f"model_weights/shared{at}"] = file["model_weights/conv2d/conv2d/kernel:0"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.update_link("away", h5py.ExternalLink("other.h5", "/secret")), "'away' is a link to elsewhere"),
        (lambda f: f.update_link("soft", h5py.SoftLink("/optimizer_weights")), "'soft' is a link to elsewhere"),
        (virtual, "'conv2d/virtual' keeps its numbers in another file"),
        (
            lambda f: f.create_dataset("model_weights/x", (4,), "f4", external=[("/etc/passwd", 0, 16)]),
            "'x' keeps its numbers in another file",
        ),
        (
            lambda f: f.create_dataset("model_weights/x", (1 << 20, 1 << 10), "f4", chunks=(1024, 1024), compression=9),
            "'x' claims 4294967296 bytes and holds 0, packed",
        ),
        (lambda f: f.create_dataset("model_weights/x", (1 << 40,), "f4"), "'x' claims 4398046511104 bytes and holds 0"),
        (lambda f: f.create_dataset("model_weights/x", data=["text"]), "'x' holds object, not floating numbers"),
        (lambda f: f.update_link("x", np.dtype("f4")), "'x' is neither a group nor an array"),
        (circle, "lie deeper than 8 groups"),
        (shared, "claims more bytes than it has"),
        (lambda f: f.create_dataset("model_weights/dense/bias:0", data=np.zeros(10, "f4")), "'dense/bias' twice"),
    ],
    ids=[
        "external link",
        "soft link",
        "virtual",
        "external",
        "packed",
        "claims",
        "text",
        "type",
        "circle",
        "shared",
        "twice",
    ],
)
def test_a_hostile_file_is_refused_by_name(tmp_path, change, says):
    path = tmp_path / "wrong.h5"
    whole_model(path)

    class File(h5py.File):
        def update_link(self, name: str, link) -> None:
            self[f"model_weights/{name}"] = link

    with File(path, "a") as file:
        change(file)
    with pytest.raises(Damaged, match=f"wrong.h5.*{says}"):
        keras.read([path])


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"", "is no whole HDF5 file"), (b"\x89HDF\r\n\x1a\n" + b"\xff" * 400, "is no whole HDF5 file")],
    ids=["empty", "garbage"],
)
def test_what_is_no_hdf5_is_refused_by_name(tmp_path, data, says):
    path = tmp_path / "wrong.h5"
    path.write_bytes(data)
    with pytest.raises(Damaged, match=f"wrong.h5 {says}"):
        keras.read([path])


def test_a_torn_file_is_refused_by_name(tmp_path):
    path = tmp_path / "torn.h5"
    path.write_bytes((FILES / "keras-tiny.h5").read_bytes()[:-500])
    with pytest.raises(Damaged, match="torn.h5 is no whole HDF5 file"):
        keras.read([path])


def test_a_file_without_weights_is_refused(tmp_path):
    path = tmp_path / "none.h5"
    with h5py.File(path, "w") as file:
        file.create_group("model_weights")
    with pytest.raises(Damaged, match="none.h5 holds no weights"):
        keras.read([path])


def classifier(path: Path) -> dict[str, torch.Tensor]:
    """A file of random weights under the names and in the shapes of PyPI's cifar-10-model."""
    random, held = np.random.default_rng(14), {}
    for at, (taken, given) in enumerate([(3, 64), (64, 64), (64, 128), (128, 128), (128, 64), (64, 64)]):
        end = f"_{at}" if at else ""
        held[f"conv2d{end}/kernel"] = random.normal(0, (taken * 9) ** -0.5, (3, 3, taken, given))
        held |= {f"conv2d{end}/bias": random.normal(0, 0.1, given)}
        held |= {f"batch_normalization{end}/{own}": random.uniform(0.5, 1.5, given) for own in ("gamma", "beta")}
        held |= {f"batch_normalization{end}/moving_{own}": random.uniform(1, 2, given) for own in ("mean", "variance")}
    for at, (taken, given) in enumerate([(64, 1024), (1024, 512), (512, 10)]):
        end = f"_{at}" if at else ""
        held[f"dense{end}/kernel"] = random.normal(0, taken**-0.5, (taken, given))
        held[f"dense{end}/bias"] = random.normal(0, 0.1, given)
    with h5py.File(path, "w") as file:
        for name, value in held.items():
            layer, own = name.split("/")
            file[f"model_weights/{layer}/{layer}/{own}:0"] = value.astype(np.float32)
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in held.items()}


def test_a_classifier_of_keras_answers_as_its_layers_say(tmp_path):
    held = classifier(tmp_path / "cnn.h5")
    network = networks.definition("cifar-10-model").made(keras.read([tmp_path / "cnn.h5"])).eval()
    picture = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    x = 255 * picture
    for at in range(6):
        end = f"_{at}" if at else ""
        x = F.relu(F.conv2d(x, held[f"conv2d{end}/kernel"].permute(3, 2, 0, 1), held[f"conv2d{end}/bias"]))
        norm = {own: held[f"batch_normalization{end}/{own}"].reshape(-1, 1, 1) for own in ("gamma", "beta")}
        mean, variance = (held[f"batch_normalization{end}/moving_{own}"] for own in ("mean", "variance"))
        x = (x - mean.reshape(-1, 1, 1)) / (variance.reshape(-1, 1, 1) + 1e-3).sqrt() * norm["gamma"] + norm["beta"]
        x = F.max_pool2d(x, 2) if at in (1, 3) else x
    x = x.reshape(2, 64)
    for end in ("", "_1", "_2"):
        x = F.relu(x @ held[f"dense{end}/kernel"] + held[f"dense{end}/bias"])
    with torch.no_grad():
        torch.testing.assert_close(network(picture), x.softmax(1), atol=1e-5, rtol=1e-4)
    assert x.softmax(1).max() > 0.11, "scores that say nothing"
    assert network.count() == 968_394
