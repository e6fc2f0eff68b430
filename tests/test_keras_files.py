"""Keras' HDF5 checkpoints: imported as they are meant, in both layouts of LightFuse's authors, or refused by name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from hdrcli import keras_files, weights
from hdrcli.cli.app import main
from hdrcli.errors import WeightsError
from hdrcli.networks import dfgnet
from hdrcli.networks.lightfuse import NETWORK, LightFuse
from hdrcli.sandbox import allowance
from tests.sandbox import misdeeds

Layers = dict[str, dict[str, np.ndarray]]
FIRST, SECOND = 4, 5
BIAS = "conv2d/conv2d_1/bias:0"  # of the layer conv2d, as `write` names it


def numbers() -> Iterator[np.ndarray]:
    """Runs of sixteenths in [-1, 1), which half precision holds exactly."""
    random = np.random.default_rng(7)
    while True:
        yield random.integers(-16, 16, 4096) / 16


def checkpoint(layout: str, start: int = 0) -> Layers:
    """Layers and weights as Keras names and shapes them, numbered from `start`, in the order in which it writes."""
    source = numbers()

    def some(*shape: int) -> np.ndarray:
        return next(source)[: int(np.prod(shape))].reshape(shape).astype(np.float32)

    def numbered(kind: str, number: int) -> str:
        return f"{kind}_{start + number}" if start + number else kind

    layers: Layers = {"input_1": {}}
    for number in range(2):
        parts = {"depthwise_kernel": some(3, 3, 6, 1), "bias": some(6)}
        layers[numbered("depthwise_conv2d", number)] = parts
    layers[numbered("separable_conv2d", 0)] = {
        "depthwise_kernel": some(3, 3, 6, 1),
        "pointwise_kernel": some(1, 1, 6, 3),
        "bias": some(3),
    }
    widths = (6, FIRST, SECOND, 3)
    detail = [(some(1, 1, widths[i], widths[i + 1]), some(widths[i + 1])) for i in range(3)]
    if layout == "custconv2d":
        named = {name: value for i, pair in enumerate(detail, 1) for name, value in zip((f"w{i}", f"b{i}"), pair)}  # noqa: B905
        layers[numbered("custconv2d", 0)] = named
    else:
        for number, (kernel, bias) in enumerate(detail):
            layers[numbered("conv2d", number)] = {"kernel": kernel, "bias": bias}
    return layers | {"add": {}, "activation": {}}


def write(file: Path, layers: Layers, *, whole_model: bool = False, text: bool = False) -> Path:
    """A file as `save_weights` writes it, or `model.save` if `whole_model`; `text` has str for names, not bytes."""

    def stored(names: list[str]) -> list[str] | np.ndarray:
        return names if text else np.array([name.encode() for name in names], "S")

    with h5py.File(file, "w") as opened:
        root = opened.create_group("model_weights") if whole_model else opened
        if whole_model:
            opened.attrs["model_config"] = b"this is never looked at"
        root.attrs["layer_names"] = stored(list(layers))
        for layer, values in layers.items():
            group = root.create_group(layer)
            # a custom layer's weights carry no layer's name; the others carry one of their own numbering
            prefix = "" if "w1" in values else f"{layer}_1/"
            group.attrs["weight_names"] = stored([f"{prefix}{name}:0" for name in values])
            for name, value in values.items():
                group[f"{prefix}{name}:0"] = value
    return file


def pixel_by_pixel(layers: Layers, planes: np.ndarray) -> np.ndarray:
    """LightFuse written down in Keras' own layout with numpy alone: (H, W, 6) in [0, 1], even sides -> (H, W, 3)."""
    x = planes * 2.0 - 1
    pixelwise = [v for name, parts in layers.items() if name.startswith(("conv", "cust")) for v in parts.values()]
    depthwise = [layers[name] for name in layers if name.startswith("depthwise")]
    separable = next(layers[name] for name in layers if name.startswith("separable"))
    detail, overall = x, x
    for kernel, bias in zip(pixelwise[::2], pixelwise[1::2], strict=True):
        detail = np.maximum(detail @ kernel[0, 0] + bias, 0)
    for parts in (*depthwise, {"depthwise_kernel": separable["depthwise_kernel"], "bias": np.zeros(6)}):
        padded = np.pad(overall, ((0, 1), (0, 1), (0, 0)))
        rows, columns = (side // 2 for side in overall.shape[:2])
        taps = [
            padded[i : i + 2 * rows : 2, j : j + 2 * columns : 2] * parts["depthwise_kernel"][i, j, :, 0]
            for i in range(3)
            for j in range(3)
        ]
        overall = sum(taps) + parts["bias"]
    overall = overall @ separable["pointwise_kernel"][0, 0] + separable["bias"]
    return (np.tanh(detail + overall.repeat(8, 0).repeat(8, 1)) + 1) / 2


@pytest.mark.parametrize(
    ("layout", "start", "whole_model", "text"),
    [
        ("conv2d", 0, False, False),
        ("conv2d", 9, True, True),
        ("custconv2d", 0, True, False),
        ("custconv2d", 2, False, True),
    ],
)
def test_the_imported_network_computes_what_the_checkpoint_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: str, start: int, whole_model: bool, text: bool
) -> None:
    layers = checkpoint(layout, start)
    theirs = write(tmp_path / "theirs.h5", layers, whole_model=whole_model, text=text)
    ours = tmp_path / "ours.safetensors"
    assert main(["weights", "import", "lightfuse", str(theirs), "-o", str(ours)]) == 0
    assert capsys.readouterr().out == f"{ours}\n"
    module = weights.load("lightfuse", NETWORK, str(ours)).module
    assert isinstance(module, LightFuse)
    planes = np.random.default_rng(3).random((32, 48, 6)).astype(np.float32)
    with torch.inference_mode():
        result = module(torch.from_numpy(planes).permute(2, 0, 1)[None], {})[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(result, pixel_by_pixel(layers, planes), atol=2e-6)
    assert np.ptp(result) > 0.5


def test_weights_come_in_the_files_order_by_layer_and_last_name(tmp_path: Path) -> None:
    layers = {name: checkpoint("conv2d")[name] for name in ("conv2d_2", "conv2d", "conv2d_1")}
    read = keras_files.read(write(tmp_path / "a.h5", layers))
    assert list(read) == [f"{layer}/{part}:0" for layer in layers for part in ("kernel", "bias")]
    for layer, parts in layers.items():
        np.testing.assert_array_equal(read[f"{layer}/kernel:0"], parts["kernel"])


def test_weights_of_one_last_name_in_a_layer_keep_their_whole_names(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "nested.h5", "w") as opened:
        opened.attrs["layer_names"] = ["model"]
        opened.create_group("model").attrs["weight_names"] = ["a/kernel:0", "b/kernel:0"]
        opened["model/a/kernel:0"], opened["model/b/kernel:0"] = [1.0], [2.0]
    assert keras_files.read(tmp_path / "nested.h5") == {"model/a/kernel:0": [1.0], "model/b/kernel:0": [2.0]}


def whole(file: Path) -> Path:
    return write(file, checkpoint("conv2d"))


def truncated(file: Path) -> None:
    file.write_bytes(whole(file).read_bytes()[:-2000])


def a_text(file: Path) -> None:
    file.write_text("no tensors here")


def without_layers(file: Path) -> None:
    with h5py.File(file, "w") as opened:
        opened["numbers"] = np.zeros(3)


def with_bias(put: Callable[[h5py.File, str], object]) -> Callable[[Path], None]:
    """A whole file, but for the bias that `put` writes under its name."""

    def damage(file: Path) -> None:
        with h5py.File(whole(file), "a") as opened:
            del opened[BIAS]
            put(opened, BIAS)

    return damage


def of_another_network(file: Path) -> None:
    write(file, {f"conv2d_{i}": {"kernel": np.zeros((3, 3, 2, 2)), "bias": np.zeros(2)} for i in range(5)})


def of_other_shapes(file: Path) -> None:
    layers = checkpoint("conv2d")
    layers["conv2d_1"]["kernel"] = np.zeros((3, 3, FIRST, SECOND), np.float32)
    write(file, layers)


def with_a_number_for_a_bias(file: Path) -> None:
    layers = checkpoint("conv2d")
    layers["conv2d"]["bias"] = np.float32(1)  # type: ignore[assignment]
    write(file, layers)


def at_many_names(file: Path) -> None:
    """One array that a thousand layers share: together they claim more than the file has."""
    with h5py.File(file, "w") as opened:
        opened.attrs["layer_names"] = names = [f"conv2d_{number}" for number in range(1000)]
        opened["kernel"] = np.zeros((64, 64), np.float32)
        for name in names:
            opened.create_group(name).attrs["weight_names"] = ["kernel:0"]
            opened[name]["kernel:0"] = opened["kernel"]


def behind_a_link(file: Path) -> None:
    with h5py.File(file.with_name("private.h5"), "w") as other:
        other["bias:0"] = np.zeros(4, np.float32)
    with h5py.File(whole(file), "a") as opened:
        del opened[BIAS]
        opened[BIAS] = h5py.ExternalLink("private.h5", "/bias:0")


def in_another_file(opened: h5py.File, name: str) -> None:
    private = Path(opened.filename).with_name("private")
    private.write_bytes(b"a secret of 16 b")
    opened.create_dataset(name, (16,), "u1", external=[(str(private), 0, 16)])


def pieced_together(opened: h5py.File, name: str) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("private.h5", "bias:0", (4,))
    opened.create_virtual_dataset(name, layout)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda file: None, r"theirs\.h5 is no whole HDF5 file of Keras"),
        (truncated, r"theirs\.h5 is no whole HDF5 file of Keras"),
        (a_text, r"theirs\.h5 is no whole HDF5 file of Keras"),
        (without_layers, r"theirs\.h5 is no whole HDF5 file of Keras: it lists no layers"),
        (with_bias(lambda opened, name: None), r"theirs\.h5 is no whole HDF5 file of Keras"),
        (with_bias(lambda opened, name: opened.create_group(name)), f"Keras: /{BIAS} holds no numbers"),
        (with_bias(lambda opened, name: opened.create_dataset(name, data=["a"])), f"Keras: /{BIAS} holds no numbers"),
        # terabytes, of which nothing is stored
        (
            with_bias(lambda opened, name: opened.create_dataset(name, (10**6, 10**6), "f4")),
            f"Keras: /{BIAS} claims more",
        ),
        (at_many_names, "no whole HDF5 file of Keras: .* claims more"),
        (behind_a_link, f"Keras: /{BIAS.rpartition('/')[2]} is kept in another file"),
        (with_bias(in_another_file), f"Keras: /{BIAS} is kept in another file"),
        (with_bias(pieced_together), f"Keras: /{BIAS} is kept in another file"),
        (of_another_network, "The files hold no whole lightfuse: there are 10 weights in layers named conv2d, where"),
        (of_other_shapes, "The files hold no whole lightfuse"),
        (with_a_number_for_a_bias, "The files hold no whole lightfuse"),
    ],
)
def test_what_is_damaged_or_foreign_is_refused_by_name(
    tmp_path: Path, damage: Callable[[Path], object], words: str
) -> None:
    theirs, ours = tmp_path / "theirs.h5", tmp_path / "ours.safetensors"
    damage(theirs)
    with pytest.raises(WeightsError, match=words) as raised:
        weights.import_authors("lightfuse", NETWORK, [theirs], ours)
    assert raised.value.hint
    assert not ours.exists()


def test_a_checkpoint_of_keras_is_not_of_a_network_of_pytorch(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="The files hold no whole dfgnet"):
        weights.import_authors("dfgnet", dfgnet.NETWORK, [whole(tmp_path / "theirs.h5")], tmp_path / "out.safetensors")


def test_a_flipped_byte_anywhere_raises_no_other_error(tmp_path: Path) -> None:
    data = whole(tmp_path / "theirs.h5").read_bytes()
    refused = 0
    for place in range(0, len(data), 97):
        broken = bytearray(data)
        broken[place] ^= 0xFF
        (tmp_path / "theirs.h5").write_bytes(broken)
        try:
            keras_files.read(tmp_path / "theirs.h5")
        except WeightsError:
            refused += 1
    assert refused > 10


def test_a_file_on_which_the_library_loops_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A free space of no length in a heap of texts, over which HDF5 2.0 steps for ever (h5py 3.16)."""
    theirs = write(tmp_path / "theirs.h5", checkpoint("conv2d"), text=True)
    content = bytearray(theirs.read_bytes())
    first = content.index(b"GCOL") + 16
    content[first : first + 16] = bytes(16)
    theirs.write_bytes(content)
    monkeypatch.setattr(allowance, "on_the_clock", lambda path: 1.0)
    assert main(["weights", "import", "lightfuse", str(theirs), "-o", str(tmp_path / "ours.safetensors")]) == 1
    said = capsys.readouterr().err.splitlines()
    late = f"Error: {theirs} takes its decoder too long: it may be damaged."
    assert "".join(said).startswith(late) or said[0].startswith(f"Error: {theirs} is no whole HDF5 file")  # mended HDF5
    assert not (tmp_path / "ours.safetensors").exists()


def test_a_crash_of_the_library_is_contained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = whole(tmp_path / "theirs.h5")
    monkeypatch.setattr(keras_files, "read", misdeeds.segfault)
    with pytest.raises(WeightsError, match=r"theirs\.h5 crashed its decoder \(segmentation fault\)"):
        weights.import_authors("lightfuse", NETWORK, [theirs], tmp_path / "ours.safetensors")


def test_without_h5py_the_hint_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = whole(tmp_path / "theirs.h5")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(WeightsError, match="takes h5py") as raised:
        keras_files.read(theirs)
    assert raised.value.hint == "pip install 'hdrcli[keras]'"
