"""Memory that there is, memory that a bracket takes, and what becomes of one that does not fit."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
import torch

from hdrcli import admission, batch, footprint, lanes, memory, tile_size
from hdrcli.errors import HdrcliError, ReadError
from hdrcli.footprint import Footprint
from hdrcli.image import FrameHeader
from hdrcli.plan import Plan
from hdrcli.readers._file import decoding
from hdrcli.settings import FuseSettings
from tests import scenes

GB = 10**9
CPU = torch.device("cpu")
ROOT = Path(__file__).parents[1]


def group(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Control groups of the test's own, none of them with a limit, on a computer of 64 GB free."""
    free = namedtuple("free", "available")(64 * GB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "OWN", tmp_path / "own")
    monkeypatch.setattr(memory, "_room_for_addresses", lambda: [])
    return tmp_path


def test_the_narrowest_of_the_groups_counts_without_pages_of_files(groups: Path) -> None:
    assert memory.available() == 64 * GB
    (groups / "own").write_text("0::/user/job\n")
    group(groups / "cgroup", {"memory.stat": "anon 1"})  # the root has no limit
    limits = {"memory.max": "5000000000", "memory.current": "3000000000", "memory.stat": "anon 1\ninactive_file 500"}
    group(groups / "cgroup/user", limits)
    group(groups / "cgroup/user/job", {"memory.max": "max", "memory.current": "1", "memory.stat": ""})
    assert memory.available() == 2 * GB + 500
    group(groups / "cgroup/user/job", {"memory.max": "1000000001", "memory.current": "1"})
    assert memory.available() == GB
    group(groups / "cgroup/user/job", {"memory.current": "2000000000"})
    assert memory.available() == 0


def test_groups_of_version_1_and_paths_of_outside_a_container(groups: Path) -> None:
    (groups / "own").write_text("12:cpu,cpuacct:/\n5:memory:/docker/4f\n")
    limits = {"memory.limit_in_bytes": "4000000000", "memory.usage_in_bytes": "1000000000"}
    group(groups / "cgroup/memory", limits | {"memory.stat": "total_inactive_file 7"})
    assert memory.available() == 3 * GB + 7


def test_a_limit_of_addresses_counts() -> None:
    pytest.importorskip("resource")
    program = (
        "import resource, psutil; from hdrcli import memory; own = psutil.Process().memory_info().vms\n"
        "resource.setrlimit(resource.RLIMIT_AS, (own + 10**8, -1)); print(own + 10**8, memory.available())"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    limit, free = map(int, done.stdout.split())
    assert 0 < free <= 10**8 < limit


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        np._core._exceptions._ArrayMemoryError((9, 9), np.dtype(float)),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you t"),
        cv2.error("OpenCV(5.0.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 9 bytes"),
        torch.cuda.OutOfMemoryError("too large"),
        RuntimeError("can't start new thread"),
        ImportError("/usr/lib/libaom.so.3: failed to map segment from shared object"),
    ],
)
def test_errors_that_say_so(error: Exception) -> None:
    plan = Plan("hall", (), "mertens", ())
    assert memory.is_exhausted(error)
    assert batch.told(error, plan).message == "hall needs more memory than there is."
    with pytest.raises(ReadError, match=r"a\.jpg does not fit in memory"), decoding(Path("a.jpg"), type(error)):
        raise error


def test_other_errors_are_what_they_are() -> None:
    assert not memory.is_exhausted(RuntimeError("sizes do not match"))
    assert not memory.is_exhausted(KeyboardInterrupt("out of memory"))
    assert not memory.is_exhausted(ImportError("failed to map segment from shared object: Operation not permitted"))


MEASURED = [  # frames, suffix, megapixels, model, peak of the process in GB, 0.15 of them before it begins
    (3, ".jpg", 7.96, "mertens", 0.43),
    (9, ".jpg", 7.96, "mertens", 0.82),
    (9, ".jpg", 7.96, "debevec", 0.54),
    (3, ".tif", 7.96, "debevec", 0.43),
    (3, ".exr", 7.96, "mertens", 1.02),
    (3, ".exr", 7.96, "debevec", 0.59),
    (3, ".jpg", 24, "mertens", 1.12),
    (3, ".jpg", 24, "debevec", 1.13),
    (3, ".jpg", 24, "dfgnet", 1.69),
    (3, ".jpg", 24, "dpg", 1.82),
    (3, ".jpg", 24, "lightfuse", 1.18),
    (3, ".jpg", 99.9, "mertens", 4.22),
    (3, ".jpg", 99.9, "debevec", 4.10),
    (3, ".jpg", 99.9, "dfgnet", 4.39),
    (3, ".jpg", 99.9, "dpg", 5.08),
    (3, ".jpg", 99.9, "lightfuse", 3.65),
]


def plan(frames: int, suffix: str, megapixels: float, model: str) -> Plan:
    headers = tuple(FrameHeader(Path(f"{n}{suffix}"), round(megapixels * 1000), 1000) for n in range(frames))
    return Plan("hall", headers, model, ())


@pytest.mark.parametrize(("frames", "suffix", "megapixels", "model", "peak"), MEASURED)
def test_the_estimate_meets_measured_peaks(
    frames: int, suffix: str, megapixels: float, model: str, peak: float
) -> None:
    found = footprint.of(plan(frames, suffix, megapixels, model), FuseSettings())
    taken = (peak - 0.15) * GB
    assert found.least < 0.95 * taken  # an error has to be sure
    assert 0.85 * taken < found.usual < 2.1 * taken


class Plain(torch.nn.Module):
    halo, tile_halo, tile_multiple = 24, 0, 16


@pytest.mark.parametrize(
    ("free", "at_once", "side"),
    [(64 * GB, 4, 162), (GB // 5, 3, 51), (GB // 20, 1, 37), (0, 1, 32)],
)
def test_where_memory_is_short_tiles_are_smaller_and_fewer(
    monkeypatch: pytest.MonkeyPatch, free: int, at_once: int, side: int
) -> None:
    monkeypatch.setattr(memory, "available", lambda: free)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    chosen = tile_size.choose_lanes(Plain(), 3400, CPU, torch.float32)  # type: ignore[arg-type]
    assert chosen == at_once
    with lanes.at_most(chosen):
        assert lanes.count(CPU) == at_once
        found = tile_size.choose_tile(Plain(), 3400, CPU)  # type: ignore[arg-type]
    assert lanes.count(CPU) == lanes.MOST
    assert found == side
    assert at_once * (side + 48) ** 2 * 3400 <= min(free / 2, 600e6) or side == 32


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 10 * GB)
    monkeypatch.setattr(memory, "spare", lambda: 12 * GB)
    monkeypatch.setattr(memory, "is_certain", lambda: True)
    monkeypatch.setattr(admission, "EVERY", 0.01)


@pytest.mark.usefixtures("room")
def test_a_bracket_that_cannot_fit_is_an_error_and_one_that_may_not_a_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HdrcliError) as caught, admission.admitted("hall", Footprint(13 * GB, 16 * GB), lambda: None):
        pass
    assert caught.value.message == "hall would take about 16 GB of memory, and 10 GB are free."
    assert caught.value.hint
    with (
        caplog.at_level(logging.WARNING),
        admission.admitted("hall", Footprint(11 * GB, 14 * GB), lambda: None) as waited,
    ):
        assert not waited
    assert caplog.messages == ["hall may take about 14 GB of memory, and 10 GB are free."]
    monkeypatch.setattr(memory, "is_certain", lambda: False)  # a system that makes room on its disk
    with admission.admitted("hall", Footprint(13 * GB, 16 * GB), lambda: None):
        pass
    assert not admission._in_work
    assert not admission._waiting


@pytest.mark.usefixtures("room")
def test_brackets_at_once_are_as_many_as_fit_together() -> None:
    together: list[int] = []
    most: list[int] = []

    def one(needed: int) -> None:
        with admission.admitted("hall", Footprint(needed, needed), lambda: None):
            together.append(needed)
            most.append(sum(together))
            threading.Event().wait(0.02)
            together.remove(needed)

    sizes = [4, 3, 9, 2, 2, 2, 4, 10, 1]
    threads = [threading.Thread(target=one, args=(size * GB,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(most) == len(sizes)
    assert max(most) <= 10 * GB
    assert not admission._in_work


@pytest.mark.usefixtures("room")
def test_one_that_waits_can_be_interrupted() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with admission.admitted("hall", Footprint(GB, 9 * GB), lambda: None):
        with pytest.raises(KeyboardInterrupt), admission.admitted("attic", Footprint(GB, 2 * GB), stop):
            pass
        assert not admission._waiting
        with admission.admitted("shed", Footprint(GB, GB), stop):
            pass


LIMITED = """
import resource, sys
from hdrcli import memory
from hdrcli.cli.app import main
if sys.argv[1] == "blind":
    memory.available = lambda: 10**12
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), resource.RLIM_INFINITY))
sys.exit(main(["fuse", "shoot", "-m", "mertens", "--format", "png", "--align", "off"]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not heed RLIMIT_AS")
@pytest.mark.parametrize(("sight", "said"), [("seeing", "would take about 0.8 GB"), ("blind", "memory")])
def test_under_a_real_limit_a_bracket_ends_in_words_and_the_others_are_done(
    tmp_path: Path, sight: str, said: str
) -> None:
    scenes.write_bracket(tmp_path / "shoot/small", scenes.radiance(40, 60), [0.25, 1, 4])
    (tmp_path / "shoot/big").mkdir()
    for number in (1, 2, 3):
        cv2.imwrite(str(tmp_path / f"shoot/big/{number}.jpg"), np.full((4000, 5000, 3), 60 * number, np.uint8))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", LIMITED, sight, str(800_000_000)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    error = next(line for line in done.stderr.splitlines() if line.startswith("Error: "))
    assert "big" in error
    assert said in error
    assert "bug" not in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in (tmp_path / "fused").glob("*.png")) == ["small.png"]
