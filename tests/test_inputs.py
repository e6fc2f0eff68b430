"""Inputs are only ever read, whatever a command is asked to write, and by whatever name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hdrcli.errors import WriteError
from hdrcli.inputs import Inputs
from tests import scenes
from tests.cli.conftest import ROOT, Run, run
from tests.conftest import MakeBracket
from tests.evaluation.images import light, write_exr

__all__ = ["run"]
SHOWN = "is one of the inputs."


def state(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Content, time and identity of all files below a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in files}


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """Brackets a and b of PNG frames; a frame of b has the name of a's result, and of its own."""
    for name in "ab":
        scenes.write_bracket(tmp_path / "shoot" / name, scenes.radiance(32, 48), [0.25, 1, 4])
    for number, name in (("1", "a"), ("2", "b")):
        (tmp_path / "shoot" / "b" / f"{number}.png").rename(tmp_path / "shoot" / "b" / f"{name}.png")
    return tmp_path / "shoot"


def as_it_is(frame: Path, output: Path) -> Path:
    return frame.parent


def by_a_relative_path(frame: Path, output: Path) -> Path:
    return Path(os.path.relpath(frame.parent / ".." / "b"))


def by_a_linked_folder(frame: Path, output: Path) -> Path:
    output.symlink_to(frame.parent)
    return output


def by_a_hard_link(frame: Path, output: Path) -> Path:
    output.mkdir()
    (output / frame.name).hardlink_to(frame)
    return output


def by_a_symbolic_link(frame: Path, output: Path) -> Path:
    output.mkdir()
    (output / frame.name).symlink_to(frame)
    return output


WAYS = [as_it_is, by_a_relative_path, by_a_linked_folder, by_a_hard_link, by_a_symbolic_link]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("option", ["--overwrite", "--skip-existing", "--dry-run"])
def test_fuse_refuses_an_output_that_is_a_frame_of_any_bracket(
    run: Run, shoot: Path, tmp_path: Path, way: Callable[[Path, Path], Path], option: str
) -> None:
    """Also of the one in the output folder, which is left out where the whole shoot is named."""
    output = way(shoot / "b" / "a.png", tmp_path / "out")
    before = state(shoot)
    outcome = run("fuse", shoot, "-m", "mertens", "-o", output, "--format", "png", option)
    assert outcome.status == 1
    assert f"Error: {output / 'a.png'} {SHOWN}" in outcome.err
    assert state(shoot) == before or way in (by_a_hard_link, by_a_symbolic_link)
    assert {name: content for name, content in state(shoot).items() if name in before} == before


@pytest.mark.parametrize("way", WAYS)
def test_tonemap_refuses_an_output_that_is_any_of_its_files(
    run: Run, tmp_path: Path, way: Callable[[Path, Path], Path]
) -> None:
    write_exr(tmp_path / "b" / "a.exr", light())
    write_exr(tmp_path / "elsewhere" / "a.exr", light() / 2)
    write_exr(tmp_path / "b" / "c.exr", light())
    output = way(tmp_path / "b" / "a.exr", tmp_path / "out")
    before = state(tmp_path / "b")
    outcome = run(
        "tonemap", tmp_path / "elsewhere", tmp_path / "b" / "c.exr", tmp_path / "b" / "a.exr", "-o", output,
        "--format", "exr", "--overwrite",
    )  # fmt: skip
    assert outcome.status == 1
    assert SHOWN in outcome.err
    assert state(tmp_path / "b") == before


@pytest.mark.parametrize("link", ["", "hard", "symbolic"])
@pytest.mark.parametrize("option", ["--csv", "--report"])
def test_eval_refuses_a_table_or_page_that_is_an_input(run: Run, tmp_path: Path, option: str, link: str) -> None:
    for name in ("made/a.exr", "truth/a.exr"):
        write_exr(tmp_path / name, light())
    target = tmp_path / ("made/a.exr" if not link and option == "--csv" else "page.html")
    if link == "hard":
        target.hardlink_to(tmp_path / "truth" / "a.exr")
    elif link == "symbolic":
        target.symlink_to(tmp_path / "truth" / "a.exr")
    elif option == "--report":
        pytest.skip("a page has another suffix")
    before = state(tmp_path)
    outcome = run("eval", "made", "truth", "--metrics", "psnr_l", option, target, "--overwrite", "-q")
    assert outcome.status == 1
    assert SHOWN in outcome.err
    assert outcome.err.splitlines()[1] == f"Hint: Pass another name to {option}."
    assert state(tmp_path) == before


def test_eval_refuses_maps_and_frames_that_are_inputs(run: Run, tmp_path: Path) -> None:
    scenes.write_bracket(tmp_path / "set" / "s", scenes.radiance(48, 64, stops=6), [0.25, 1, 4], levels=65535)
    (tmp_path / "set" / "s" / "times.txt").write_text("1,4,16")
    write_exr(tmp_path / "set" / "s" / "truth.exr", scenes.radiance(48, 64, stops=6) * 0.25)
    shutil.move(tmp_path / "set", tmp_path / "frames")
    before = state(tmp_path)
    outcome = run("eval", "frames", "-m", "debevec", "--protocol", "kalantari", "-o", ".")
    assert outcome.status in (1, 2), outcome.err
    assert SHOWN in outcome.err or "--protocol" in outcome.err
    assert state(tmp_path) == before


def test_eval_refuses_results_that_are_truths(run: Run, tmp_path: Path) -> None:
    scenes.write_bracket(tmp_path / "debevec" / "s", scenes.radiance(48, 64, stops=6), [0.25, 1, 4])
    (tmp_path / "debevec" / "s" / "times.txt").write_text("1,4,16")
    write_exr(tmp_path / "debevec" / "s" / "truth.exr", scenes.radiance(48, 64, stops=6) * 0.25)
    (tmp_path / "debevec" / "s.exr").hardlink_to(tmp_path / "debevec" / "s" / "truth.exr")
    before = state(tmp_path)
    outcome = run("eval", "debevec", "-m", "debevec", "-o", ".", "--metrics", "psnr_mu", "--overwrite")
    assert outcome.status == 1
    assert SHOWN in outcome.err
    assert state(tmp_path) == before


def test_weights_import_refuses_its_checkpoint(run: Run, tmp_path: Path) -> None:
    (tmp_path / "authors.pth").write_bytes(b"checkpoint")
    (tmp_path / "mine.safetensors").hardlink_to(tmp_path / "authors.pth")
    for target in ("authors.pth", "mine.safetensors"):
        outcome = run("weights", "import", "dfgnet", "authors.pth", "-o", target, "--overwrite")
        assert (outcome.status, outcome.err.splitlines()[0]) == (1, f"Error: {target} {SHOWN}")
    assert (tmp_path / "authors.pth").read_bytes() == b"checkpoint"


def test_bench_refuses_a_plot_that_is_a_frame(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    scenes.write_bracket(tmp_path / "own", scenes.radiance(32, 48), [0.25, 1, 4])
    (tmp_path / "own" / "1.png").rename(tmp_path / "own" / "scaling.png")
    before = state(tmp_path)
    outcome = run("bench", "--frames", "own", "-o", "own", "--overwrite")
    assert (outcome.status, outcome.err.splitlines()[0]) == (1, f"Error: own/scaling.png {SHOWN}")
    assert state(tmp_path) == before


def test_names_that_a_file_system_does_not_tell_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system without capitals, where stat finds a file by either name."""
    (tmp_path / "IMG_1.PNG").write_bytes(b"frame")
    whole = Path.stat

    def stat(path: Path, **options: bool) -> os.stat_result:
        return whole(tmp_path / path.name.upper() if path.parent == tmp_path else path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(WriteError, match="is one of the inputs"):
        Inputs([tmp_path / "IMG_1.PNG"]).refuse(tmp_path / "img_1.png")


@pytest.mark.parametrize(
    ("place", "given"), [(".", "shoot"), ("shoot", "."), ("shoot/hall", "."), ("shoot/hall", ".."), ("shoot", "hall")]
)
@pytest.mark.parametrize("output", [(), ("-o", ".")])
def test_results_among_the_frames_are_none_of_the_next_run(
    run: Run, make_bracket: MakeBracket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    place: str, given: str, output: tuple[str, ...],
) -> None:  # fmt: skip
    for name in ("hall", "shed"):
        make_bracket(tmp_path / "shoot" / name)
    before = state(tmp_path)
    monkeypatch.chdir(tmp_path / place)
    told = []
    for _ in range(2):
        outcome = run("fuse", given, "-m", "mertens", "--overwrite", "--json", *output)
        assert outcome.status == 0, outcome.err
        told.append([one["inputs"] for one in outcome.json["brackets"]])
    assert told[0] == told[1]
    assert all(len(frames) == 3 for frames in told[1])
    assert {name: content for name, content in state(tmp_path).items() if name in before} == before


WATCHED = """
import os, sys
from pathlib import Path

inputs = os.path.realpath(sys.argv[1])
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
said = []

def below(path):
    try:
        where = os.path.realpath(os.fsdecode(path))
    except TypeError:
        return False
    return where == inputs or where.startswith(inputs + os.sep)

def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)) and below(arguments[0]):
        path, mode, flags = arguments
        if (flags or 0) & WRITING or set(mode or "") & set("wax+"):
            said.append((event, *arguments))
    elif event.startswith(("os.rename", "os.remove", "os.link", "os.symlink", "os.truncate", "os.utime", "os.chmod",
                           "os.mkdir", "os.rmdir", "os.setxattr", "os.chown", "shutil.")):
        if any(below(one) for one in arguments if isinstance(one, (str, bytes, os.PathLike))):
            said.append((event, *arguments))

sys.addaudithook(hook)
from hdrcli.cli.app import main
statuses = [main(command.split()) for command in sys.argv[2:]]
print(said, statuses)
"""

COMMANDS = [
    "fuse given/shoot -m debevec --format png,exr,jpg,tiff,hdr --report page.html",
    "fuse given/shoot -m debevec --format png,exr,jpg,tiff,hdr --skip-existing",
    "tonemap given/light --format png,jpg -o toned",
    "inspect given/shoot",
    "eval given/light given/light --metrics psnr_l --csv a.csv --maps maps",
]


def test_nothing_among_the_inputs_is_opened_to_be_written(make_bracket: MakeBracket, tmp_path: Path) -> None:
    """By Python's own audit events, of whole runs; and all files stay what they are, to the time."""
    make_bracket(tmp_path / "given" / "shoot" / "hall")
    write_exr(tmp_path / "given" / "light" / "a.exr", light())
    before = state(tmp_path / "given")
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, "given", *COMMANDS],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == f"[] {[0] * len(COMMANDS)}", done.stdout + done.stderr
    assert state(tmp_path / "given") == before


def test_a_folder_of_inputs_that_may_not_be_written_is_enough(
    run: Run, make_bracket: MakeBracket, tmp_path: Path
) -> None:
    """Mounted read-only where that is allowed: not even the system lets anything be written there."""
    make_bracket(tmp_path / "shoot" / "hall")
    bind = ["mount", "--bind", tmp_path / "shoot", tmp_path / "shoot"]
    if subprocess.run(bind, check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", tmp_path / "shoot"], check=True)
        assert run("fuse", "shoot", "-m", "mertens").status == 0
        outcome = run("fuse", "shoot", "-m", "mertens", "-o", "shoot/out")
        assert outcome.status == 1
        assert "shoot/out cannot be written: the file system is read-only." in outcome.err
    finally:
        subprocess.run(["umount", tmp_path / "shoot"], check=True)
