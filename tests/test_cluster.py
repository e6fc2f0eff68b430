"""fuse --cluster: a scheduler and workers in processes of their own; `pytest -s` tells what happens to them."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import hdrcli
from hdrcli import disk, pipeline, reuse, shoot
from hdrcli.adjustments import Adjustments
from hdrcli.cluster import connection, paths
from hdrcli.cluster.told import Told
from hdrcli.errors import ReadError
from hdrcli.manifest import Making, Manifest
from hdrcli.settings import FuseSettings
from tests.cli.conftest import ROOT, Run, files, run, start
from tests.cli.test_long_runs import content, makings
from tests.conftest import MakeBracket

__all__ = ["run"]

needs_distributed = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="dask.distributed is not installed"
)
needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")

SHARED = "Mount the storage on all machines under one path."
COMMAND = "import sys; from hdrcli.__main__ import run; run()"

WORKER = """
import os, signal, time
from pathlib import Path
import hdrcli
from hdrcli import pipeline

PLACE = Path(os.environ["PLACE"])
if (PLACE / "strange").exists():
    hdrcli.__version__ = "0.0.9"

def come(name, what):
    (PLACE / f"{name}@{os.getpid()}").touch()
    while os.path.exists(PLACE / f"hold-{what}"):
        time.sleep(0.02)

def fused(bracket, plan, *rest, fuse_pixels=pipeline._fuse_pixels):
    come(plan.name, plan.name)
    if plan.name == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    return fuse_pixels(bracket, plan, *rest)

def synced(descriptor, fsync=os.fsync):
    come("writing", "writing")
    return fsync(descriptor)

def seen(path, *, stat=Path.stat, **options):
    if path.name.startswith("frame") and os.path.exists(PLACE / "blind"):
        raise FileNotFoundError(2, "No such file or directory")
    return stat(path, **options)

pipeline._fuse_pixels, os.fsync, Path.stat = fused, synced, seen
"""


def tell(text: str) -> None:
    """For `pytest -s`, past what tests read of stdout."""
    sys.__stdout__.write(f"{text}\n")
    sys.__stdout__.flush()


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

    def marks(self) -> dict[str, list[int]]:
        """The processes that have fused each bracket, or were at it."""
        found: dict[str, list[int]] = {}
        for mark in self.place.glob("*@*"):
            name, _, pid = mark.name.partition("@")
            found.setdefault(name, []).append(int(pid))
        return found

    def hold(self, *names: str) -> None:
        """Let brackets of these names, or all "writing", wait."""
        for name in names:
            (self.place / f"hold-{name}").touch()

    def release(self) -> None:
        """Let all go on."""
        for file in self.place.glob("hold-*"):
            file.unlink()


@pytest.fixture(scope="module")
def cluster_of_three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    place = tmp_path_factory.mktemp("workers")
    (place / "preload.py").write_text(WORKER)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PLACE": str(place),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        "DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD": "forkserver",  # dask is imported once for all
    }

    def begin(*arguments: object) -> subprocess.Popen[bytes]:
        log = (place / f"{arguments[0]}.log").open("wb")
        command = [sys.executable, "-m", "dask", *map(str, arguments), "--no-dashboard"]
        return subprocess.Popen(command, env=environment, cwd=place, stdout=log, stderr=log)

    file = place / "scheduler.json"
    scheduler = begin("scheduler", "--host", "127.0.0.1", "--port", 0, "--scheduler-file", file)
    workers = begin("worker", "--scheduler-file", file, "--nworkers", 3, "--nthreads", 1, "--preload", "preload.py")
    wait_for(lambda: file.exists() and file.read_text().rstrip().endswith("}"))
    yield Cluster(json.loads(file.read_text())["address"], place)
    for process in (workers, scheduler):
        process.terminate()
        process.wait(60)


@pytest.fixture
def cluster(cluster_of_three: Cluster) -> Iterator[Cluster]:
    from distributed import Client

    with Client(cluster_of_three.address, set_as_default=False) as client:
        client.wait_for_workers(3, timeout=60)
    yield cluster_of_three
    cluster_of_three.release()
    for name in ("*@*", "blind", "strange"):
        for mark in cluster_of_three.place.glob(name):
            mark.unlink()


def make(shoot: Path, make_bracket: MakeBracket, *names: str) -> Path:
    for number, name in enumerate(names):
        make_bracket(shoot / name, width=60 + number)
    return shoot


@needs_distributed
@needs_signals
def test_a_killed_workers_brackets_are_done_again(
    cluster: Cluster, run: Run, make_bracket: MakeBracket, tmp_path: Path
) -> None:
    names = [f"b{number}" for number in range(8)]
    make(tmp_path / "shoot", make_bracket, *names)
    tell(f"\n{run('fuse', 'shoot', '-m', 'mertens', '-o', 'local').err}")
    cluster.hold(*names)
    tell(f"hdrcli fuse shoot -m mertens --cluster {cluster.address}")
    process = start(COMMAND, "fuse", "shoot", "-m", "mertens", "--cluster", cluster.address, cwd=tmp_path)
    wait_for(lambda: len(cluster.marks()) == 3)
    tell(f"in work, by process: {cluster.marks()}")
    name, (victim,) = next(iter(cluster.marks().items()))
    os.kill(victim, signal.SIGKILL)
    tell(f"kill -9 {victim}, which had {name}\n")
    cluster.release()
    _, err = process.communicate(timeout=120)
    tell(err)
    assert process.returncode == 0
    assert err.splitlines()[-1] == "8 done."
    done = {one: pids for one, pids in cluster.marks().items() if one != "writing"}
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
        "Error: poison ended its worker each time, 2 times with nothing else in work.",
        "Hint: See the workers' logs: memory may not suffice (pass a smaller --tile), or a frame crashes its decoder.",
    ]
    assert len(cluster.marks()["poison"]) == 4
    assert files(tmp_path / "fused") == [f"b{number}{suffix}" for number in (0, 1, 3) for suffix in (".exr", ".png")]


@needs_distributed
@needs_signals
def test_a_worker_that_joins_later_and_does_not_agree_is_left_out(
    cluster: Cluster, make_bracket: MakeBracket, tmp_path: Path
) -> None:
    from distributed import Client

    names = [f"b{number}" for number in range(7)]
    make(tmp_path / "shoot", make_bracket, *names)
    cluster.hold(*names)
    process = start(COMMAND, "fuse", "shoot", "-m", "mertens", "--cluster", cluster.address, cwd=tmp_path)
    wait_for(lambda: len(cluster.marks()) == 3)
    with Client(cluster.address, set_as_default=False) as client:
        before = set(client.nthreads())
        (cluster.place / "strange").touch()
        os.kill(next(iter(cluster.marks().values()))[0], signal.SIGKILL)
        wait_for(lambda: set(client.nthreads()) - before)
        (stranger,) = set(client.nthreads()) - before
        cluster.release()
        _, err = process.communicate(timeout=60)
        (cluster.place / "strange").unlink()
        pids = client.run(os.getpid)
        os.kill(pids[stranger], signal.SIGKILL)
        wait_for(lambda: stranger not in client.nthreads())
    said = f"Worker {stranger} is left out: hdrcli is 0.0.9 there. Install the same version on all machines."
    assert err.count("Warning: ") == err.count(said) == 1
    assert err.splitlines()[-1] == "7 done."
    assert pids[stranger] not in [pid for pids in cluster.marks().values() for pid in pids]


@needs_distributed
@needs_signals
def test_an_interruption_ends_the_run_after_the_writes(
    cluster: Cluster, run: Run, make_bracket: MakeBracket, tmp_path: Path
) -> None:
    make(tmp_path / "shoot", make_bracket, *(f"b{number}" for number in range(5)))
    cluster.hold("writing", "b0")
    process = start(COMMAND, "fuse", "shoot", "-m", "mertens", "--cluster", cluster.address, cwd=tmp_path)
    wait_for(lambda: len(cluster.marks().get("writing", [])) == 2 and "b0" in cluster.marks())
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    cluster.release()
    out, err = process.communicate(timeout=60)
    tell(f"\n{err}")
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-3:] == [
        "2 done, 1 broken off, 2 not begun.",
        "To go on, pass --skip-existing to the same command.",
        "Interrupted.",
    ]
    assert files(tmp_path / "fused") == ["b1.exr", "b1.png", "b2.exr", "b2.png"]
    outcome = run("fuse", "shoot", "-m", "mertens", "--skip-existing", "--json", "--cluster", cluster.address)
    statuses = [bracket["status"] for bracket in outcome.json["brackets"]]
    assert statuses == ["done", "skipped", "skipped", "done", "done"]
    run("fuse", "shoot", "-m", "mertens", "-o", "whole")
    assert content(tmp_path / "fused") == content(tmp_path / "whole")
    assert makings(tmp_path / "fused") == makings(tmp_path / "whole")


@needs_distributed
@needs_signals
def test_workers_of_the_same_terminal_leave_the_interruption_to_the_client(
    make_bracket: MakeBracket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "shoot", make_bracket, "b0", "b1")
    (tmp_path / "preload.py").write_text(WORKER)
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__PRELOAD", f"['{tmp_path}/preload.py']")
    monkeypatch.setenv("PLACE", str(tmp_path))
    here = Cluster("local", tmp_path)
    here.hold("writing")
    command = ["fuse", "shoot", "-m", "mertens", "--cluster", "local"]
    process = start(COMMAND, *command, cwd=tmp_path, start_new_session=True)
    wait_for(lambda: "writing" in here.marks())
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.5)
    here.release()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.splitlines()[-3]) == (130, "1 done, 1 not begun.")
    assert files(tmp_path / "fused") == ["b0.exr", "b0.png"]


def sent(what: Any) -> Any:
    return pickle.loads(pickle.dumps(what))  # noqa: S301 (our own)


def other_version(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdrcli, "__version__", "9.9")


def no_frames(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    (cluster.place / "blind").touch()


def no_probe(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "put", lambda file, content: None)


def other_weights(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reuse, "weights_digest", lambda model, choice: "00")


@needs_distributed
@pytest.mark.parametrize(
    ("fault", "message", "hint"),
    [
        (other_version, f"hdrcli is {hdrcli.__version__} there.", "Install the same version on all machines."),
        (no_frames, "{}/shoot/b0/frame1.jpg cannot be read: No such file or directory.", SHARED),
        (no_probe, "{}/fused is not the output folder of who asked for it.", SHARED),
        (other_weights, "the weights of mertens are others.", "Install the same hdrcli on all machines."),
    ],
)
def test_workers_that_could_not_do_it_are_named_before_any_work(
    cluster: Cluster,
    run: Run,
    make_bracket: MakeBracket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[Cluster, pytest.MonkeyPatch], None],
    message: str,
    hint: str,
) -> None:
    make(tmp_path / "shoot", make_bracket, "b0", "b1")
    fault(cluster, monkeypatch)
    outcome = run("fuse", "shoot", "-m", "mertens", "--cluster", cluster.address)
    first, second = outcome.err.splitlines()
    worker, _, said = first.removeprefix("Error: Worker ").partition(": ")
    assert worker.startswith("tcp://127.0.0.1:")
    assert (outcome.status, said, second) == (1, message.format(tmp_path), f"Hint: {hint}")
    assert cluster.marks() == {}
    assert not (tmp_path / "fused").exists()


@needs_distributed
def test_a_scheduler_that_does_not_answer_is_named(
    run: Run, make_bracket: MakeBracket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.5)
    make(tmp_path / "shoot", make_bracket, "b0")
    outcome = run("fuse", "shoot", "-m", "mertens", "--cluster", "tcp://127.0.0.1:1")
    assert outcome.status == 1
    assert outcome.err.startswith("Error: No dask scheduler answers at tcp://127.0.0.1:1")
    assert not (tmp_path / "fused").exists()


@needs_distributed
def test_a_tls_address_without_certificates_is_named(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make(tmp_path / "shoot", make_bracket, "b0")
    outcome = run("fuse", "shoot", "-m", "mertens", "--cluster", "tls://127.0.0.1:8786")
    assert outcome.status == 1
    assert outcome.err.startswith("Error: tls://127.0.0.1:8786 asks for certificates")


def test_what_needs_no_workers_asks_for_none(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make(tmp_path / "shoot", make_bracket, "b0")
    options = ["-m", "mertens", "--cluster", "tcp://127.0.0.1:1"]
    assert "planned" in run("fuse", "shoot", *options, "--dry-run").out
    run("fuse", "shoot", "-m", "mertens")
    assert run("fuse", "shoot", *options, "--skip-existing").status == 0


def test_without_dask_it_is_told_what_to_install(
    run: Run, make_bracket: MakeBracket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "shoot", make_bracket, "b0")
    monkeypatch.setitem(sys.modules, "distributed", None)
    outcome = run("fuse", "shoot", "-m", "mertens", "--cluster", "local")
    assert outcome.status == 2
    assert outcome.err.splitlines() == [
        "Error: --cluster needs dask.distributed, which is not installed.",
        "Hint: Run: pip install 'hdrcli[cluster]'.",
    ]


@pytest.mark.parametrize("address", ["", "scheduler:8786", "tcp://scheduler", "http://scheduler:8786", "Local"])
def test_an_address_that_cannot_be_meant_is_named(run: Run, address: str) -> None:
    outcome = run("fuse", ".", "--cluster", address)
    assert outcome.status == 2
    assert outcome.err.startswith(f'Error: --cluster has no "{address}".\nHint: Pass tcp://HOST:8786')


def test_a_page_is_refused(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make(tmp_path / "shoot", make_bracket, "b0")
    outcome = run("fuse", "shoot", "--cluster", "local", "--report", "page.html")
    assert outcome.status == 2
    assert outcome.err.splitlines()[0].startswith("Error: --report needs the pixels of all brackets")
    assert files(tmp_path) == [f"shoot/b0/frame{number}.jpg" for number in (1, 2, 3)]


def test_a_strangers_folder_leads_to_no_scheduler(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make(tmp_path / "shoot", make_bracket, "b0")
    (tmp_path / "hdrcli.toml").write_text('[fuse]\ncluster = "tcp://elsewhere:8786"\n')
    outcome = run("fuse", "shoot")
    assert outcome.status == 2
    assert 'cluster = "tcp://elsewhere:8786" leads to another program' in outcome.err


def test_what_is_sent_is_the_same_there(make_bracket: MakeBracket, tmp_path: Path) -> None:
    make(tmp_path / "shoot", make_bracket, "b0", "b1")
    settings = FuseSettings("debevec", tmp_path / "fused", scale="shoot", adjustments=Adjustments(exposure=0.5))
    manifest = Manifest(settings.output)
    plans = shoot.measured(pipeline._plans(tmp_path / "shoot", settings, manifest), settings, lambda done, count: None)
    assert sent(settings) == settings
    for plan in plans.brackets:
        back = sent(paths.sent(plan))
        assert replace(back, shoot=None, statistics=None) == replace(plan, shoot=None, statistics=None, seen=None)
        assert plan.shoot is not None
        assert back.shoot.digest == plan.shoot.digest
        assert reuse.making(back, settings, manifest) == reuse.making(plan, settings, manifest)
        assert pickle.dumps(back.statistics) == pickle.dumps(plan.statistics)


def test_an_error_travels_with_its_words_and_what_led_to_it() -> None:
    class UnknownError(Exception):
        """Of a type that another process does not know, and that no pickle can make anew."""

        def __init__(self, file: object, reason: str) -> None:
            super().__init__(reason)

    try:
        raise ReadError("a.jpg is cut short.", "Copy it again.") from UnknownError(sys.stderr, "end of file")
    except ReadError as error:
        told = sent(Told.of(error))
    again = told.error()
    assert (type(again), again.message, again.hint) == (ReadError, "a.jpg is cut short.", "Copy it again.")
    lines = "".join(traceback.format_exception(again))
    assert "UnknownError: end of file" in lines
    assert "test_an_error_travels" in lines


@pytest.mark.parametrize("later", [0, 1])
def test_of_an_output_made_twice_the_manifest_tells_the_one_that_is_there(tmp_path: Path, later: int) -> None:
    """Two workers, of which one was thought dead; whoever is the last, the other's journal may be read after it."""
    workers = [Manifest(tmp_path, "0123abcd"), Manifest(tmp_path, "0123abcd")]
    workers[0]._journal.path = tmp_path / ".hdrcli-00000000-1-0123abcd.jsonl"
    workers[1]._journal.path = tmp_path / ".hdrcli-00000000-2-0123abcd.jsonl"
    making = Making("a", "0.1.0", "mertens", None, None, {}, {})
    for number in (1 - later, later):
        workers[number].write(making, {tmp_path / "a.png": f"{number}".encode()})
    assert Manifest(tmp_path).making(tmp_path / "a.png").outputs["a.png"].now(tmp_path / "a.png")
    Manifest(tmp_path, "0123abcd").merge()
    made = Manifest(tmp_path).making(tmp_path / "a.png")
    assert made.outputs["a.png"].sha256 == hashlib.sha256(f"{later}".encode()).hexdigest()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "fused.json"]
