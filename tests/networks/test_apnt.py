"""APNT: its matching against explicit patches and known displacements, its masks and sums by closed forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrcli import inference, weights
from hdrcli.image import Bracket, Exposure, RadianceMap
from hdrcli.networks._matching import correspondences, match, transfer
from hdrcli.networks.apnt import APNT, SATURATED, Frames, halved
from hdrcli.settings import FuseSettings
from tests import formula

TIMES = torch.tensor([[1.0, 4.0, 16.0]])


def small() -> APNT:
    torch.manual_seed(3)
    return APNT(features=4, blocks=1, radius=8, vgg_width=8)


def random(*shape: int, seed: int = 1) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(shape, np.float32))


def at_rest(size: int, height: int, width: int, block: int) -> Tensor:
    return torch.zeros(size, -(-height // block), -(-width // block), 2, dtype=torch.long)


def test_published_width_has_the_number_of_parameters_of_the_sum_of_its_layers() -> None:
    with torch.device("meta"):
        module = APNT()
    count = dict.fromkeys((True, False), 0)
    for value in module.parameters():
        count[value.requires_grad] += value.numel()
    assert count == {True: 2_745_110, False: 555_328}


@pytest.mark.parametrize(("block", "shape"), [(1, (2, 3, 5, 6)), (2, (1, 2, 6, 4)), (4, (2, 3, 7, 9))])
def test_match_equals_a_comparison_of_every_pair_of_patches(block: int, shape: tuple[int, ...]) -> None:
    radius = 2
    target, source = random(*shape), random(*shape, seed=2)
    size, _, height, width = shape
    centres = at_rest(size, height, width, block)
    centres[..., 0] += torch.arange(centres.shape[1])[None, :, None] % 2  # windows off their place, in the map
    centres[:, -1] = 0
    found = match(target, source, centres, block, radius)
    patches = [np.pad(one.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1))) for one in (target, source)]
    for b, y, x in np.ndindex(size, height, width):
        dy, dx = centres[b, y // block, x // block].tolist()
        wanted = patches[0][b, :, y : y + 3, x : x + 3].ravel()
        best, where = -1.0, None
        for v, u in np.ndindex(2 * radius + 1, 2 * radius + 1):
            row, column = y + dy + v - radius, x + dx + u - radius
            if 0 <= row < height and 0 <= column < width:
                offered = patches[1][b, :, row : row + 3, column : column + 3].ravel()
                cosine = wanted @ offered / np.linalg.norm(wanted) / np.linalg.norm(offered)
                if cosine > best:
                    best, where = cosine, [row - y, column - x]
        assert found[b, y, x].tolist() == where


def test_of_equal_patches_the_nearest_is_taken() -> None:
    flat = torch.ones(1, 3, 12, 12)
    assert not match(flat, flat, at_rest(1, 12, 12, 4), 4, 4).any()
    # the source is the target, which repeats every six columns, shifted by two: equal patches at -8, -2, 4
    target = random(1, 3, 1, 6).repeat(1, 1, 24, 8)
    found = match(target, target.roll(-2, 3), at_rest(1, 24, 48, 4), 4, 8)[0, 9:-9, 9:-9]
    assert (found == torch.tensor([0, -2])).all()


@pytest.mark.parametrize("shift", [(12, -20), (-32, 32), (0, 4), (7, -13)])
def test_a_known_displacement_is_found_and_swapped_back(shift: tuple[int, int]) -> None:
    module = small()
    rows, columns = shift
    noise = torch.nn.functional.avg_pool2d(random(1, 3, 164, 164), 5, stride=1)
    texture = noise * 0.2  # linear, below the mid exposure's saturation at 1/4
    mid = texture[:, :, 32:-32, 32:-32]
    short = texture[:, :, 32 - rows : 128 - rows, 32 - columns : 128 - columns]
    frames = torch.cat([short, mid * 4, mid], 1) ** (1 / 2.2)
    field = module.fields(frames, TIMES)[0]
    # where what the mid frame shows is in the short frame, and away from borders
    there = torch.zeros(96, 96, dtype=torch.bool)
    there[20 + max(0, -rows) : 76 - max(0, rows), 20 + max(0, -columns) : 76 - max(0, columns)] = True
    hits = (field[0] == torch.tensor(shift)).all(-1)[there]
    exact = rows % 4 == columns % 4 == 0  # pooling sees the same cells
    assert hits.float().mean() >= (1.0 if exact else 0.9)
    swapped = transfer(short, field)
    error = (swapped - mid).abs().mean(1)[0, there]
    assert error.mean() <= (1e-6 if exact else 0.02)


def test_transfer_of_no_displacement_changes_nothing() -> None:
    features = random(2, 5, 6, 7)
    torch.testing.assert_close(transfer(features, torch.zeros(2, 6, 7, 2, dtype=torch.long)), features)


def test_transfer_averages_the_patches_that_overlap() -> None:
    features = torch.arange(30.0).view(1, 1, 5, 6)
    field = torch.zeros(1, 5, 6, 2, dtype=torch.long)
    field[0, 2, 2] = torch.tensor([1, 2])
    made = transfer(features, field)[0, 0]
    expected = features[0, 0].clone()
    # the patch around (2, 2) brings to each of its nine cells what is 1 row and 2 columns on: 6 + 2 more
    expected[1:4, 1:4] += 8 / 9
    torch.testing.assert_close(made, expected)


def test_nothing_outside_the_map_is_transferred() -> None:
    features = torch.ones(1, 2, 4, 4)
    field = torch.full((1, 4, 4, 2), -1)
    field[:, 0], field[:, :, 0] = 0, 0
    torch.testing.assert_close(transfer(features, field), features)


def test_masks_are_zero_where_nothing_is_saturated() -> None:
    limit = SATURATED / 4  # of the mid exposure, in units of the short one
    linear = torch.full((1, 3, 3, 4, 4), 0.99 * limit)
    linear[:, :, 1, 2, 3] = 1.01 * limit  # one channel of one pixel
    planes = (linear * TIMES.view(1, 3, 1, 1, 1)).clamp(0, 1).flatten(1, 2) ** (1 / 2.2)
    frames = Frames(planes, TIMES)
    for frame in (frames.short, frames.mid):
        mask = frames.saturated(frame)
        assert mask.shape == (1, 1, 4, 4)
        assert mask[0, 0, 2, 3] == 1
        assert mask.sum() == 1


def test_encoder_halves_as_bilinear_interpolation_does() -> None:
    x = random(1, 3, 8, 12)
    bilinear = torch.nn.functional.interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=False)
    torch.testing.assert_close(halved(x), bilinear)


def test_without_texture_and_weight_the_mid_frame_comes_through() -> None:
    module = small().eval()
    with torch.no_grad():
        module.merge_out.weight.zero_()
        module.merge_out.bias.fill_(0)  # H_mef adds nothing to the logit
        module.weight[2].weight.zero_()
        module.weight[2].bias.fill_(-40)  # F_wgt = 0
        planes = random(1, 9, 20, 24)
        made = module(planes, {"exposure_times": TIMES})
    torch.testing.assert_close(made, planes[:, 3:6] ** 2.2 / 4, atol=2e-6, rtol=1e-5)


def test_what_is_merged_raises_and_lowers_the_mid_frame_within_black_and_white() -> None:
    module = small().eval()
    planes = torch.full((1, 9, 8, 8), 0.9)
    made = {}
    with torch.no_grad():
        for bias in (-60, -1, 1, 60):
            module.merge_out.bias.fill_(bias)
            made[bias] = module(planes, {"exposure_times": TIMES})
    assert 0 <= made[-60].max() < 1e-6
    assert made[-1].max() < made[1].min()
    assert made[60].min() > 1 - 1e-6
    assert made[60].max() <= 1


def test_one_training_step_reaches_every_parameter_but_vgg() -> None:
    module = small()
    for name, value in module.named_parameters():
        if name.endswith("attention.0.bias"):
            torch.nn.init.ones_(value)  # four rectified units must not happen to be all at 0
    planes = torch.from_numpy(formula.picture("train", 18, 32, 36)).view(2, 9, 32, 36).clamp(0, 1)
    made = module(planes, {"exposure_times": TIMES.expand(2, 3)})
    made.square().mean().backward()
    for name, value in module.named_parameters():
        if name.startswith("vgg."):
            assert value.grad is None
        else:
            assert value.grad is not None, name
            assert value.grad.abs().max() > 0, name


def test_matching_is_the_same_at_half_precision() -> None:
    module = small()
    planes = random(1, 9, 32, 32)
    wanted = module.fields(planes, TIMES)
    with torch.autocast("cpu", torch.bfloat16):
        for field, other in zip(module.fields(planes, TIMES), wanted, strict=True):
            assert torch.equal(field, other)


def test_scales_refine_what_the_coarser_one_found() -> None:
    # one texture at three scales, moved by (8, -4) pixels: 2 and -1 cells of the coarsest
    fine = random(1, 4, 48, 48)
    pyramid = [fine, fine[:, :, ::2, ::2], fine[:, :, ::4, ::4]]
    moved = [one.roll((8 // 2**s, -4 // 2**s), (2, 3)) for s, one in enumerate(pyramid)]
    for s, field in enumerate(correspondences(pyramid, moved, 3, 0)):
        inner = field[0, 16 >> s : 32 >> s, 16 >> s : 32 >> s]
        assert (inner == torch.tensor([8 >> s, -(4 >> s)])).all()


def test_a_header_says_where_the_attention_means_come_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"features": 4, "blocks": 1, "radius": 1, "vgg_width": 4}
    module = APNT(**settings)
    formula.fill(module)
    file = tmp_path / "small.safetensors"
    weights.save(module, file, "apnt", settings, {})
    frames = [np.full((20, 72, 3), 0.02 * 4**e, np.float32) for e in range(3)]
    bracket = Bracket("b", tuple(Exposure(f, "linear", "") for f in frames), 1, (1.0, 4.0, 16.0))
    wanted = FuseSettings(model="apnt", weights=str(file), device="cpu", tile=32)
    made = inference.run("apnt", bracket, wanted, lambda share: None)
    assert isinstance(made.image, RadianceMap)
    assert made.image.pixels.shape == (20, 72, 3)
    assert "attentionMeans" not in made.attributes
    monkeypatch.setattr("hdrcli.layered.HOST_BYTES", 0)
    assert inference.run("apnt", bracket, wanted, lambda share: None).attributes["attentionMeans"] == (
        "image reduced to 1 MP"
    )
