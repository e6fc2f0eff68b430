"""fuse --cluster: a scheduler and workers in processes of their own; `pytest -s` tells what happens to them."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import hdrcli
from hdrcli import batch, pipeline
from hdrcli.cluster import connection
from hdrcli.errors import ClusterError, HdrcliError, ReadError, UsageError
from hdrcli.manifest import Manifest
from hdrcli.settings import FuseSettings
from tests.cli.conftest import ROOT, Outcome, Run, files, run, start
from tests.conftest import MakeBracket

__all__ = ["run"]

needs_distributed = pytest.mark.skipif(
    __import__("importlib.util").util.find_spec("distributed") is None, reason="dask.distributed is not installed"
)
needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")

COMMAND = "import sys; from hdrcli.__main__ import run; run()"

WORKER = """
import os, signal, time
from pathlib import Path
from hdrcli import pipeline

PLACE = Path(os.environ["PLACE"])

def wait(what):
    while (PLACE / f"hold-{what}").exists():
        time.sleep(0.02)

def fused(bracket, plan, *rest, fuse_pixels=pipeline._fuse_pixels):
    (PLACE / f"{plan.name}@{os.getpid()}").touch()
    if plan.name == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    wait("fusing")
    return fuse_pixels(bracket, plan, *rest)

def synced(descriptor, fsync=os.fsync):
    wait("writing")
    return fsync(descriptor)

pipeline._fuse_pixels, os.fsync = fused, synced
"""


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@dataclass(frozen=True)
class Cluster:
    """A scheduler with three workers of one thread; in `place` they leave a mark for each bracket, BRACKET@PID."""

    address: str
    place: Path
    environment: dict[str, str]

    def marks(self) -> dict[str, list[int]]:
        """The processes that have fused each bracket, or were at it."""
        found: dict[str, list[int]] = {}
        for mark in self.place.glob("*@*"):
            name, _, pid = mark.name.partition("@")
            found.setdefault(name, []).append(int(pid))
        return found

    def hold(self, what: str) -> Path:
        """Let all brackets wait there until the file is gone."""
        file = self.place / f"hold-{what}"
        file.touch()
        return file

    def worker(self, *options: object, **environment: str) -> subprocess.Popen[str]:
        """Another worker."""
        command = [sys.executable, "-m", "dask", "worker", self.address, "--no-dashboard", "--nthreads", "1"]
        return subprocess.Popen(
            [*command, *map(str, options)],
            env=self.environment | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def cluster_of_three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    place = tmp_path_factory.mktemp("workers")
    (place / "preload.py").write_text(WORKER)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PLACE": str(place),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
    }
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        + ["--scheduler-file", str(place / "scheduler.json")],
        env=environment,
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=(place / "scheduler.log").open("w"),
    )
    wait_for((place / "scheduler.json").exists)
    time.sleep(0.2)
    cluster = Cluster(json.loads((place / "scheduler.json").read_text())["address"], place, environment)
    preload = ["--preload", place / "preload.py", "--local-directory", place]
    workers = cluster.worker("--nworkers", 3, *preload)
    yield cluster
    workers.terminate()
    workers.wait(30)
    scheduler.terminate()
    scheduler.wait(30)


@pytest.fixture
def cluster(cluster_of_three: Cluster) -> Iterator[Cluster]:
    from distributed import Client

    with Client(cluster_of_three.address, set_as_default=False) as client:
        client.wait_for_workers(3, timeout=60)
    yield cluster_of_three
    for left in [*cluster_of_three.place.glob("*@*"), *cluster_of_three.place.glob("hold-*")]:
        left.unlink()


def make(shoot: Path, make_bracket: MakeBracket, *names: str) -> Path:
    for number, name in enumerate(names):
        make_bracket(shoot / name, width=60 + number)
    return shoot


def content(folder: Path) -> dict[str, bytes]:
    """All files, hidden ones too, but for the manifest."""
    return {name: (folder / name).read_bytes() for name in files(folder)}


def makings(folder: Path) -> list[dict[str, object]]:
    """What fused.json says, but for the times of the files."""
    made = json.loads((folder / "fused.json").read_text())["made"]
    for one in made:
        for state in (*one["inputs"].values(), *one["outputs"].values()):
            assert state.pop("modified")
    return made


@needs_distributed
@needs_signals
def test_a_killed_workers_brackets_are_done_again(
    cluster: Cluster, run: Run, make_bracket: MakeBracket, tmp_path: Path
) -> None:
    names = [f"b{number}" for number in range(8)]
    make(tmp_path / "shoot", make_bracket, *names)
    tell(f"\n{run('fuse', 'shoot', '-m', 'mertens', '-o', 'local').err}")
    held = cluster.hold("fusing")
    tell(f"hdrcli fuse shoot -m mertens --cluster {cluster.address}")
    process = start(COMMAND, "fuse", "shoot", "-m", "mertens", "--cluster", cluster.address, cwd=tmp_path)
    wait_for(lambda: len(cluster.marks()) == 3)
    tell(f"in work: {cluster.marks()}")
    name, (victim,) = next(iter(cluster.marks().items()))
    os.kill(victim, signal.SIGKILL)
    tell(f"kill -9 {victim}, which had {name}")
    held.unlink()
    _, err = process.communicate(timeout=120)
    tell(err)
    assert process.returncode == 0
    assert err.splitlines()[-1] == "8 done."
    done = cluster.marks()
    tell(f"fused by: {done}")
    assert {one: len(pids) for one, pids in done.items()} == {one: 1 + (one == name) for one in names}
    assert len({pid for pids in done.values() for pid in pids} - {victim}) >= 2
    assert content(tmp_path / "fused") == content(tmp_path / "local")
    assert len(content(tmp_path / "fused")) == 16
    assert makings(tmp_path / "fused") == makings(tmp_path / "local")
    tell("16 files byte-equal to those of the local run; fused.json says the same of them")
    assert "8 skipped." in run("fuse", "shoot", "-m", "mertens", "--skip-existing").err


@needs_distributed
def test_a_run_is_as_a_local_one_also_where_brackets_fail(
    cluster: Cluster, run: Run, make_bracket: MakeBracket, tmp_path: Path
) -> None:
    make(tmp_path / "shoot", make_bracket, "b0", "cut", "b2")
    frame = tmp_path / "shoot" / "cut" / "frame2.jpg"
    frame.write_bytes(frame.read_bytes()[:-300])
    command = ["fuse", "shoot", "-m", "debevec", "--json"]
    local = run(*command, "-o", "local")
    remote = run(*command, "-o", "there", "--cluster", cluster.address)
    assert [bracket["status"] for bracket in remote.json["brackets"]] == ["done", "done", "failed"]
    assert [bracket["error"] for bracket in remote.json["brackets"]][2].startswith("shoot/cut/frame2.jpg ")
    assert remote.status == local.status == 1
    assert json.loads(remote.out.replace("there/", "local/")) == local.json
    assert sorted(remote.err.splitlines()) == sorted(local.err.replace("local/", "there/").splitlines())
    assert content(tmp_path / "there") == content(tmp_path / "local")
    assert makings(tmp_path / "there") == makings(tmp_path / "local")


@needs_distributed
@needs_signals
def test_a_bracket_that_ends_its_workers_is_named_and_the_others_are_done(
    cluster: Cluster, run: Run, make_bracket: MakeBracket, tmp_path: Path
) -> None:
    make(tmp_path / "shoot", make_bracket, "b0", "b1", "poison", "b3")
    outcome = run("fuse", "shoot", "-m", "mertens", "--cluster", cluster.address)
    tell(f"\n{outcome.err}")
    assert outcome.status == 1
    assert outcome.err.splitlines()[-3:] == [
        "3 done, 1 failed.",
        "Error: poison ended its worker each time it was tried, 2 times also alone.",
        "Hint: See the workers' logs: memory may not suffice (pass a smaller --tile), or a frame crashes its decoder.",
    ]
    assert len(cluster.marks()["poison"]) == 4
    assert files(tmp_path / "fused") == [f"b{number}{suffix}" for number in (0, 1, 3) for suffix in (".exr", ".png")]


@needs_distributed
@needs_signals
@pytest.mark.parametrize(
    ("moment", "told", "done"),
    [("fusing", "3 broken off, 2 not begun.", 0), ("writing", "3 done, 2 not begun.", 3)],
)
def test_an_interruption_ends_the_run_after_the_writes(
    cluster: Cluster, run: Run, make_bracket: MakeBracket, tmp_path: Path, moment: str, told: str, done: int
) -> None:
    make(tmp_path / "shoot", make_bracket, *(f"b{number}" for number in range(5)))
    held = cluster.hold(moment)
    process = start(COMMAND, "fuse", "shoot", "-m", "mertens", "--cluster", cluster.address, cwd=tmp_path)
    wait_for(lambda: len(cluster.marks()) == 3)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    held.unlink()
    out, err = process.communicate(timeout=60)
    tell(f"\n{err}")
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-3:] == [told, "To go on, pass --skip-existing to the same command.", "Interrupted."]
    assert len(files(tmp_path / "fused") if done else []) == 2 * done
    outcome = run("fuse", "shoot", "-m", "mertens", "--skip-existing", "--json", "--cluster", cluster.address)
    statuses = [bracket["status"] for bracket in outcome.json["brackets"]]
    assert (statuses.count("skipped"), statuses.count("done")) == (done, 5 - done)
    run("fuse", "shoot", "-m", "mertens", "-o", "whole")
    assert content(tmp_path / "fused") == content(tmp_path / "whole")
    assert makings(tmp_path / "fused") == makings(tmp_path / "whole")
