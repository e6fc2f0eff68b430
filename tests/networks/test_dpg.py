"""DPG against a module checked equal to its authors' graph; and its border: priors, padding, tiles, checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.color import rgb2ycbcr, ycbcr2rgb
from torch import Tensor

from hdrcli import tile_size, tiling, weights
from hdrcli.image import Bracket, DisplayImage, Exposure
from hdrcli.networks import dpg
from hdrcli.networks.dpg import DPG, BatchNorm
from hdrcli.priors import authors_priors
from tests import formula

REFERENCE = np.load(Path(__file__).parent / "dpg_reference.npz")
CPU = torch.device("cpu")


def filled(module: DPG) -> DPG:
    """With parameters and statistics by formula, under the names that the reference knows them by."""
    with torch.no_grad():
        for name, value in module.state_dict().items():
            owner, _, part = name.rpartition(".")
            if isinstance(module.get_submodule(owner), BatchNorm):
                part = {"weight": "bn_weight", "running_mean": "bn_mean", "running_var": "bn_var"}.get(part, part)
            value.copy_(formula.parameter(f"dpg.{owner}.{part}", tuple(value.shape)))
    return module.eval()


def bracket_of(height: int, width: int) -> Bracket:
    under = 0.4 * formula.picture("under", 3, height, width)
    over = np.clip(1.5 * formula.picture("over", 3, height, width), 0, 1)
    frames = (np.ascontiguousarray(frame.transpose(1, 2, 0), np.float32).clip(0, 1) for frame in (under, over))
    return Bracket("b", tuple(Exposure(frame, "srgb", "f") for frame in frames), 1)


def fused(module: DPG, bracket: Bracket, tile: int | None = None) -> np.ndarray:
    made = tiling.run(module, dpg.planes(bracket, module), dpg.conditions(bracket), tile=tile, device=CPU)
    return dpg.finish(made, bracket).pixels


@pytest.fixture(scope="module")
def reference_maps() -> tuple[Tensor, ...]:
    height, width, tag = int(REFERENCE["height"]), int(REFERENCE["width"]), str(REFERENCE["tag"])
    picture = formula.picture
    maps = [[0.4 * picture(f"{tag}u", 3, height, width), np.clip(1.5 * picture(f"{tag}o", 3, height, width), 0, 1)]]
    maps += [[] for _ in DPG.strides[1:]]
    for level, one in enumerate(maps):
        step, size = 5 - level, (height >> level, width >> level)  # the reference counts from coarse to fine
        one.append(0.6 * picture(f"{tag}d{step}", 3, *size) - 0.3)
        if level:
            one.append(picture(f"{tag}c{step}", 3, *size))
    return tuple(torch.from_numpy(np.concatenate(one).astype(np.float32))[None] for one in maps)


def test_picture_equals_the_reference(reference_maps: tuple[Tensor, ...]) -> None:
    module = filled(DPG(int(REFERENCE["base_width"])))
    with torch.inference_mode():
        made = module(reference_maps)
        scales = module.forward_scales(reference_maps)
    expected = (REFERENCE["rgb_every_third"] + 1) / 2
    difference = float(np.abs(made[0, :, ::3, ::3].numpy() - expected).max())
    print(f"\nDPG: largest difference to the reference {difference:.2e}")  # noqa: T201
    assert difference <= 1e-5
    assert [one.shape[2] for one in scales] == [4, 8, 16, 32, 64, 128]
    means = [float(one.mean()) * 2 - 1 for one in scales[:5]]
    np.testing.assert_allclose(means, REFERENCE["sides"], atol=1e-5)
    assert torch.equal(scales[-1], made)


def test_published_number_of_parameters() -> None:
    with torch.device("meta"):
        module = DPG()
    assert sum(p.numel() for p in module.parameters()) == 43_739_886
    assert sum(value.numel() for value in module.state_dict().values()) == 43_760_070  # with statistics


@pytest.mark.parametrize("prior", dpg.PRIORS)
@pytest.mark.parametrize(("height", "width"), [(64, 128), (37, 53), (1, 1), (130, 65)])
def test_any_size_is_padded_and_cut_back(height: int, width: int, prior: str) -> None:
    bracket = bracket_of(height, width)
    module = DPG(2, prior).eval()
    maps = [np.asarray(one) for one in dpg.planes(bracket, module)]
    sides = [128 + -(-side // 64) * 64 for side in (height, width)]  # a border of 64 or more all around
    for stride, one in zip(DPG.strides, maps, strict=True):
        assert one.shape[1:] == (sides[0] // stride, sides[1] // stride)
        assert one.dtype == np.float32
    np.testing.assert_array_equal(
        maps[0][:3, 64 : 64 + height, 64 : 64 + width], bracket.exposures[0].pixels.transpose(2, 0, 1)
    )
    np.testing.assert_array_equal(maps[0][3:6, -1, -1], bracket.exposures[1].pixels[-1, -1])
    picture = fused(module, bracket)
    assert picture.shape == (height, width, 3)
    assert np.isfinite(picture).all()
    assert 0 <= picture.min() <= picture.max() <= 1


def test_linear_frames_are_encoded_first() -> None:
    exposures = tuple(Exposure(np.full((64, 64, 3), v, np.float32), "linear", "f") for v in (0.033105, 0.214041))
    maps = dpg.planes(Bracket("b", exposures, 1), DPG(2))
    np.testing.assert_allclose(np.asarray(maps[0])[[0, 3], 5, 5], [0.2, 0.5], atol=1e-5)  # IEC 61966-2-1


def test_without_a_prior_the_picture_is_another() -> None:
    torch.manual_seed(3)
    module, bracket = DPG(2).eval(), bracket_of(64, 64)
    guided = fused(module, bracket)
    module.prior = "none"
    blank = [np.asarray(one) for one in dpg.planes(bracket, module)]
    assert all((one[:3] == 0).all() and (one[3:] == 0.5).all() for one in blank[1:])
    assert (blank[0][6:] == 0).all()
    assert np.abs(fused(module, bracket) - guided).max() > 1e-3


def test_an_unknown_prior_is_refused() -> None:
    with pytest.raises(TypeError, match="mertens, none, authors"):
        DPG(2, "fourier")


def test_colour_of_the_authors_is_the_fused_pictures() -> None:
    torch.manual_seed(3)
    bracket = bracket_of(64, 64)
    module = DPG(2, "authors").eval()
    maps = dpg.planes(bracket, module)
    tensors = tuple(torch.from_numpy(one)[None] for one in maps)
    with torch.inference_mode():
        own = module.forward_scales(tensors)[-1][0].numpy()
    [(detail, content), *_], _ = authors_priors(tensors[0][:, :3], tensors[0][:, 3:6])
    ycbcr = rgb2ycbcr((detail + content)[0].numpy().transpose(1, 2, 0))
    ycbcr[..., 0] = np.tensordot([0.299, 0.587, 0.114], own, 1) * 255
    np.testing.assert_allclose(fused(module, bracket), ycbcr2rgb(ycbcr).clip(0, 1)[64:-64, 64:-64], atol=1e-5)


def deep_sighted() -> DPG:
    """Kernels that read nothing but their neighbour on one side, along the deepest path: all looks 506 pixels away."""
    module = DPG(2).eval()
    with torch.no_grad():
        for name, value in module.named_parameters():
            owner, _, part = name.rpartition(".")
            value.fill_(float("bn" in owner and part == "weight"))
            if value.ndim == 4 and not name.startswith(("cpg", "dpg")):
                mixed = {"enc": 3, "d1": 2}.get(name.split(".")[0], 1) if "conv1" in name and "enc.0" not in name else 1
                used = value.shape[0 if name.startswith("up") else 1] // mixed  # of a concatenation, the first part
                value[:, :used, 1:2, :1] = 1 / used
                if value.shape[2] < 3:
                    value.fill_(1 / used)
    return module


def stepped() -> Bracket:
    """Steps of brightness, 2 pixels wide."""
    steps = np.random.default_rng(5).uniform(0.5, 1, 1024).repeat(2)
    frame = np.broadcast_to(steps[:, None], (1, 2048, 3)).astype(np.float32)
    return Bracket("b", (Exposure(frame, "srgb", "f"), Exposure(frame, "srgb", "f")), 1)


@pytest.mark.parametrize("mirrored", [False, True])
def test_halos_are_wide_enough_for_each_step(mirrored: bool) -> None:
    module, bracket = deep_sighted(), stepped()
    if mirrored:
        with torch.no_grad():
            for value in module.parameters():
                if value.ndim == 4:
                    value.copy_(value.flip(3))
    assert np.abs(fused(module, bracket, tile=128) - fused(module, bracket)).max() <= 1e-6


def test_narrower_halos_would_not_do() -> None:
    module, bracket = deep_sighted(), stepped()
    whole = fused(module, bracket)
    for step, less in enumerate((24, 64, 192, 64, 24)):
        module.halos = (*DPG.halos[:step], less, *DPG.halos[step + 1 :])
        assert np.abs(fused(module, bracket, tile=128) - whole).max() > 1e-4, step


@pytest.mark.parametrize("tile", [64, 192])
def test_tiles_of_any_size_make_the_whole_picture(tile: int) -> None:
    module, bracket = filled(DPG(2)), bracket_of(270, 400)
    assert np.abs(fused(module, bracket, tile) - fused(module, bracket)).max() <= 1e-4


@pytest.mark.parametrize("tile", [64, 576])
def test_maps_made_by_windows_are_those_of_the_whole(tile: int) -> None:
    bracket = bracket_of(300, 580)
    maps = dpg.planes(bracket, DPG(2))
    frames = [torch.from_numpy(np.asarray(maps[0])[None, part]) for part in (slice(0, 3), slice(3, 6))]
    for stride, made, whole in zip(DPG.strides, maps, dpg.prior_maps(*frames, "mertens"), strict=True):
        for window in tiling.split(448, 768, tile):
            cut = tiling.cut(made, window.coarser(stride))
            part = window.coarser(stride)
            wanted = whole[:, :, part.top : part.bottom, part.left : part.right]
            torch.testing.assert_close(cut, wanted, atol=2e-6, rtol=0)


def test_tiles_are_those_of_the_steps_at_full_size() -> None:
    assert tile_size.choose_tile(DPG(2), 1, CPU) == 512


def keras_numbers() -> dict[str, tuple[str, int]]:
    """Our layer -> Keras' kind and number, as the authors' program counts them from 0."""
    pairs = {"enc.0": 0, "mid": 22}
    for level in range(1, 6):
        pairs |= {f"cpg.{level}": 4 * level - 2, f"enc.{level}": 4 * level}
    numbers = {}
    for step in range(6):
        for part, name in enumerate(("dpg", "d1", "d2")):
            for half in range(2):
                numbers[f"{name}.{step}.conv{half + 1}"] = ("conv2d", 24 + 7 * step + 2 * part + half)
                numbers[f"{name}.{step}.bn{half + 1}"] = ("batch_normalization", 24 + 6 * step + 2 * part + half)
        numbers[f"heads.{step}"] = ("conv2d", 30 + 7 * step + (step == 5))
        numbers[f"up.{step}"] = ("conv2d_transpose", step)
    for name, first in pairs.items():
        for half in range(2):
            numbers[f"{name}.conv{half + 1}"] = ("conv2d", first + half)
            numbers[f"{name}.bn{half + 1}"] = ("batch_normalization", first + half)
    return numbers


def keras_checkpoint(module: DPG, first: int) -> dict[str, Tensor]:
    """A module's state as Keras names and lays it out, when its layers were numbered from `first`."""
    batch_norm = {"weight": "gamma", "running_mean": "moving_mean", "running_var": "moving_variance", "bias": "beta"}
    checkpoint = {}
    numbers = keras_numbers()
    for name, value in module.state_dict().items():
        owner, _, part = name.rpartition(".")
        kind, number = numbers[owner]
        part = batch_norm[part] if kind == "batch_normalization" else {"weight": "kernel"}.get(part, part)
        layer = f"{kind}_{number + first}" if number + first else kind
        # (out, in, y, x) -> Keras' (y, x, in, out); for transposed convolutions (in, out, y, x) -> (y, x, out, in)
        checkpoint[f"{layer}/{part}:0"] = value.permute(2, 3, 1, 0) if value.ndim == 4 else value
    return dict(sorted(checkpoint.items()))


@pytest.mark.parametrize("first", [0, 1, 70])
def test_the_authors_checkpoint_is_read_by_the_order_of_its_layers(first: int) -> None:
    module, bracket = filled(DPG(2, "authors")), bracket_of(64, 64)
    checkpoint = keras_checkpoint(module, first)
    settings, state = dpg.from_authors([checkpoint])
    assert settings == {"width": 2, "prior": "authors"}
    read = DPG(**settings).eval()
    read.load_state_dict(state)
    np.testing.assert_array_equal(fused(read, bracket), fused(module, bracket))
    unread = {f"conv2d_{65 + first}/kernel:0": torch.ones(1, 1, 2, 3), f"conv2d_{65 + first}/bias:0": torch.ones(3)}
    _, state = dpg.from_authors([checkpoint | unread])
    torch.testing.assert_close(state, dict(module.state_dict()), rtol=0, atol=0)


def test_a_checkpoint_that_lacks_layers_is_refused() -> None:
    checkpoint = keras_checkpoint(DPG(2), 0)
    for gone in ("conv2d_", "batch_normalization", "conv2d_transpose"):
        with pytest.raises(KeyError, match="layers"):
            dpg.from_authors([{name: value for name, value in checkpoint.items() if not name.startswith(gone)}])
    with pytest.raises(KeyError, match="layers"):
        dpg.from_authors([{"eau1.fcs.0.weight": torch.ones(1)}])


def test_statistics_travel_with_the_weights(tmp_path: Path) -> None:
    module, bracket = filled(DPG(2)), bracket_of(64, 64)
    with torch.no_grad():
        module.enc[0].bn1.running_var.copy_(torch.tensor([3e-9, 5e4]))  # of a dead feature, and of a very loud one
    file = tmp_path / "dpg.safetensors"
    weights.save(module, file, "dpg", {"width": 2}, {})
    loaded = weights.load("dpg", dpg.NETWORK, str(file), {"prior": "none"}).module
    assert loaded.prior == "none"
    assert "num_batches_tracked" not in str(list(loaded.state_dict()))
    loaded.prior = "mertens"
    np.testing.assert_allclose(fused(loaded, bracket), fused(module, bracket), atol=2e-3)
    assert isinstance(dpg.finish(np.full((3, 64, 64), 1.5, np.float32), bracket), DisplayImage)


def test_training_moves_the_statistics_and_drops_features_out() -> None:
    module = DPG(2).train()
    maps = tuple(torch.rand(2, 9 if stride == 1 else 6, 128 // stride, 128 // stride) for stride in DPG.strides)
    before = module.enc[0].bn1.running_mean.clone()
    one, other = module.forward_scales(maps)[-1], module.forward_scales(maps)[-1]
    assert not torch.equal(one, other)
    assert not torch.equal(module.enc[0].bn1.running_mean, before)
    one.mean().backward()
    assert all(p.grad is not None for name, p in module.named_parameters() if not name.startswith("heads"))


def test_bfloat16_makes_no_bands() -> None:
    module = filled(DPG(4))
    planes = tuple(torch.from_numpy(np.asarray(one))[None] for one in dpg.planes(bracket_of(128, 128), module))
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        made = module(planes)
    assert made.dtype == torch.float32
    assert len(torch.unique(made)) > 1000  # bfloat16 has 128 values between .5 and 1
