"""Networks on a CUDA device against the same on the CPU, in one piece and in tiles; skipped where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import hdrcli
from hdrcli import devices, inference, plugins, readers, tile_size, tiling, tone_mapping, transfers
from hdrcli.adjustments import Adjustments
from hdrcli.image import Bracket, Exposure, RadianceMap
from hdrcli.settings import FuseSettings
from hdrcli.tiling import TiledModule
from tests import formula, scenes
from tests.test_pipeline import TIMES, read_exr
from tests.test_tiling import CONDITIONS, SMALL, MeanShift

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)
VESTIBULE = Path(__file__).parents[2] / "examples" / "vestibule"
NETWORKS = plugins.names("networks")
RELATIVE = (1.0, 4.0, 16.0)


def bracket(name: str, height: int = 250, width: int = 333) -> Bracket:
    """As many frames of 16 bits as the network takes, of a smooth picture that grows brighter to the right."""
    count = plugins.load("networks", name).NETWORK.frames
    ramp = np.linspace(0.1, 1, width, dtype=np.float32)
    planes = np.clip(formula.picture(name, 3 * count, height, width) * ramp, 0, 1)
    codes = [np.rint(one.transpose(1, 2, 0) * 65535).astype(np.uint16) for one in np.split(planes, count)]
    return Bracket(name, tuple(Exposure(one, "srgb", name, bits=16) for one in codes), 0, RELATIVE[:count])


def made(name: str, device: torch.device, tile: int | None, of: Bracket | None = None) -> np.ndarray:
    """What a small network with parameters by formula makes of `bracket` in fp32."""
    network = plugins.load("networks", name).NETWORK
    module = network.build(**SMALL[name])
    formula.fill(module)
    planes = network.planes(of or bracket(name), module)
    return tiling.run(module, planes, CONDITIONS[name], tile=tile, device=device)


def assert_equal(name: str, one: np.ndarray, other: np.ndarray) -> None:
    """Within the promise of fp32. Of APNT's matches a few are ties, which rounding may turn elsewhere."""
    difference = np.abs(one - other)
    assert np.isfinite(one).all()
    assert np.ptp(one) > 1e-3
    assert (np.quantile(difference, 0.97) if name == "apnt" else difference.max()) <= 1e-4


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("tile", [None, 96])
def test_cuda_makes_what_a_cpu_makes(name: str, tile: int | None) -> None:
    assert_equal(name, made(name, GPU, tile), made(name, CPU, tile))


@pytest.mark.parametrize("name", NETWORKS)
def test_tiled_equals_untiled(name: str) -> None:
    assert_equal(name, made(name, GPU, 96), made(name, GPU, None))


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_sent_in_small_strips_arrives(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    at_once = made(name, GPU, 96)
    monkeypatch.setattr(transfers, "STRIP_BYTES", 1)  # a row at a time
    assert_equal(name, made(name, GPU, 96), at_once)
    monkeypatch.setattr(tiling, "HELD_SHARE", 0.0)  # nothing is held: windows are made on the host
    assert_equal(name, made(name, GPU, 96), at_once)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_held_frames_are_the_planes(dtype: type) -> None:
    random = np.random.default_rng(3)
    most = 255 if dtype is np.uint8 else 65535
    values = [random.integers(0, most, (1500, 1100, 3), endpoint=True) for _ in range(3)]
    stored = [(one / most).astype(np.float32) if dtype is np.float32 else one.astype(dtype) for one in values]
    frames = Bracket("b", tuple(Exposure(one, "linear", "") for one in stored), 0, RELATIVE)
    planes = plugins.load("networks", "dfgnet").NETWORK.planes(frames, None)
    with torch.inference_mode(), devices.computing(GPU):
        (held,) = transfers.held((planes,), GPU, 1e12)
        for top in (0, 700, 1400):
            rows, columns = slice(top, top + 200), slice(1000, 1100)
            cut = np.asarray(planes[:, rows, columns])
            tile = held.tile(rows, columns)[0, :, : cut.shape[1]].cpu().numpy()
            np.testing.assert_allclose(tile, cut, rtol=1e-6 if dtype is np.float32 else 0)


@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_is_near_full_precision_in_the_picture(name: str) -> None:
    if torch.cuda.get_device_capability(GPU) < (8, 0):
        pytest.skip("the device has no bfloat16")
    network = plugins.load("networks", name).NETWORK
    frames = [readers.read(path, None) for path in sorted(VESTIBULE.glob("*.jpg"))]
    of = Bracket("vestibule", tuple(frames), 1, (1.0, 8.0, 64.0))
    of = of.extremes() if network.frames == 2 else of
    if network.makes is RadianceMap:
        from hdrcli import response

        of = response.decode(of, "srgb", believed=True).bracket
    pictures = []
    for precision in ("fp32", "bf16"):
        settings = FuseSettings(model=name, precision=precision, device="cuda:0", tile=256)
        ran = inference.run(name, of, settings, lambda share: None)
        assert ran.attributes["device"] == "cuda:0"
        assert ran.attributes["precision"] == {"fp32": "float32", "bf16": "bfloat16"}[precision]
        image = ran.image
        shown = (
            tone_mapping.tone_map(image, "natural", Adjustments(), None) if isinstance(image, RadianceMap) else image
        )
        pictures.append(shown.pixels)
    difference = 255 * np.abs(pictures[0] - pictures[1])
    assert np.quantile(difference, 0.999) <= 1
    assert difference.mean() <= 0.3
    assert difference.max() > 0  # it is another precision


def test_convolutions_in_fp32_are_not_rounded_to_tf32() -> None:
    random = torch.Generator().manual_seed(1)
    picture, kernels = torch.randn(1, 64, 96, 96, generator=random), torch.randn(64, 64, 3, 3, generator=random)
    exact = torch.nn.functional.conv2d(picture.double(), kernels.double())
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = True
    try:
        with devices.computing(GPU):
            found = torch.nn.functional.conv2d(picture.to(GPU), kernels.to(GPU)).cpu()
        assert torch.backends.cudnn.allow_tf32
    finally:
        torch.backends.cudnn.allow_tf32 = before
    assert (found - exact).abs().max() <= 3e-5 * exact.abs().max()  # TF32 is off by some 2e-4


class Hungry(MeanShift):
    """Has no memory for tiles of more than 40 pixels and their halos."""

    def measure(self, planes: Tensor, conditions: object, known: object, window: tiling.Window) -> dict[str, Tensor]:
        sums = super().measure(planes, conditions, known, window)
        return {name: value.to(planes.device) for name, value in sums.items()}

    def forward(self, planes: Tensor, conditions: object, statistics: Mapping[str, Tensor] | None = None) -> Tensor:
        if planes.shape[2] > 40:
            raise torch.cuda.OutOfMemoryError("too large")
        return super().forward(planes, conditions, dict(statistics) if statistics else None)


def test_running_out_of_memory_halves_the_tile(caplog: pytest.LogCaptureFixture) -> None:
    planes = np.random.default_rng(2).random((3, 200, 150)).astype(np.float32)
    found = tiling.run(Hungry(), planes, {}, tile=128, device=GPU)
    np.testing.assert_allclose(found, planes - planes.mean(dtype=np.float64), atol=1e-6)
    assert [record.args[1] for record in caplog.records if record.args] == [64, 32]


@pytest.mark.parametrize("name", ["dfgnet", "twophase"])
def test_two_threads_on_two_streams_make_what_one_makes(name: str) -> None:
    network = plugins.load("networks", name).NETWORK
    module: TiledModule = network.build(**SMALL[name])
    formula.fill(module)
    several = [bracket(name, 200 + 10 * number, 300) for number in range(4)]
    alone = [made(name, GPU, 96, one) for one in several]

    def beside(one: Bracket) -> np.ndarray:
        with torch.cuda.stream(torch.cuda.Stream(GPU)):
            return tiling.run(module, network.planes(one, module), CONDITIONS[name], tile=96, device=GPU)

    devices.placed(module, GPU)
    with ThreadPoolExecutor(2) as pool:
        for found, expected in zip(pool.map(beside, several), alone, strict=True):
            assert_equal(name, found, expected)


def test_what_pytorch_keeps_for_later_counts_as_free() -> None:
    before = tile_size.free_memory(GPU)
    size = before // 4
    kept = torch.empty(size, dtype=torch.uint8, device=GPU)
    assert tile_size.free_memory(GPU) <= before - size // 2
    del kept
    assert tile_size.free_memory(GPU) >= before - size // 2
    torch.cuda.empty_cache()


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    for number in range(4):
        folder = tmp_path / "shoot" / f"b{number}"
        scenes.write_bracket(folder, scenes.radiance(64, 80 + number), TIMES)
        (folder / "times.txt").write_text("0.25,1,4")
    return tmp_path / "shoot"


def test_a_batch_that_overlaps_makes_what_single_brackets_make(shoot: Path, tmp_path: Path) -> None:
    options = {"model": "dfgnet", "device": "cuda", "formats": ("exr",), "tile": 64}
    report = hdrcli.fuse(shoot, output=tmp_path / "all", **options)
    assert [one.status for one in report.brackets] == ["done"] * 4
    for number in range(4):
        hdrcli.fuse(shoot / f"b{number}", output=tmp_path / "one", **options)
        pixels, header = read_exr(tmp_path / "all" / f"b{number}.exr")
        np.testing.assert_allclose(pixels, read_exr(tmp_path / "one" / f"b{number}.exr")[0], rtol=0.02, atol=1e-3)
        assert str(header["hdrcli:device"]).startswith("cuda:")


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are no two CUDA devices")
def test_several_devices_share_a_batch(shoot: Path, tmp_path: Path) -> None:
    options = {"model": "dfgnet", "precision": "fp32", "formats": ("exr",), "bit_depth": 32, "tile": 64}
    report = hdrcli.fuse(shoot, output=tmp_path / "two", device="cuda:0,cuda:1", **options)
    assert [one.status for one in report.brackets] == ["done"] * 4
    hdrcli.fuse(shoot, output=tmp_path / "one", device="cuda:0", **options)
    said = set()
    for number in range(4):
        pixels, header = read_exr(tmp_path / "two" / f"b{number}.exr")
        said.add(header["hdrcli:device"])
        expected = read_exr(tmp_path / "one" / f"b{number}.exr")[0]
        assert np.abs(pixels - expected).max() <= 1e-4 * max(1.0, expected.max())
    assert said == {"cuda:0", "cuda:1"}


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are no two CUDA devices")
def test_a_second_device_computes_where_it_is_asked_to() -> None:
    second = torch.device("cuda", 1)
    torch.cuda.reset_peak_memory_stats(GPU)
    before = torch.cuda.max_memory_allocated(GPU)
    found = made("dfgnet", second, 96)
    assert torch.cuda.max_memory_allocated(GPU) == before
    assert_equal("dfgnet", found, made("dfgnet", CPU, 96))
