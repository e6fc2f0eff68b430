"""A share of `tests.campaigns.hostile`: damaged files of all formats give a result or an error that names them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.campaigns import children, hostile, mutations
from tests.campaigns.children import Child, outcomes
from tests.campaigns.reading import NAMED, RESULT, Case, judge
from tests.campaigns.seeds import chunk, seeds

FILES = 61
"""One of each kind; a tenth goes through the commands, too."""


def test_damaged_files_of_all_kinds(tmp_path: Path) -> None:
    made = hostile.sound(tmp_path)
    cases = hostile.mutations(range(61_000, 61_000 + FILES), made, tmp_path, 10)
    found = list(outcomes(cases, 4096, tmp_path))
    assert not [one for one in found if hostile.fails(one, 1500)]
    assert {one.outcome for one in found} == {RESULT, NAMED}
    assert {one.how for one in found} == {"read", "inspect", "fuse"}


def test_sound_files_are_read(tmp_path: Path) -> None:
    for files in hostile.sound(tmp_path).values():
        assert judge(Case("sound", str(files["middle"]))).outcome == RESULT


def test_a_case_that_hangs_or_kills_its_process_costs_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bmp"
    path.write_bytes(seeds()["bmp-rgb"][1](1.0))
    child = Child(4096, tmp_path)
    monkeypatch.setattr(children, "FIRST_PATIENCE", 0.0)
    assert child.ask(Case("bmp", str(path))).outcome == "hang"
    assert child.is_over
    monkeypatch.undo()
    child = Child(4096, tmp_path)
    os.kill(child.process.pid, signal.SIGSEGV)
    found = child.ask(Case("bmp", str(path)))
    assert (found.outcome, found.words) == ("crash", "SIGSEGV")
    assert [one.outcome for one in outcomes([Case("bmp", str(path))] * 2, 4096, tmp_path)] == [RESULT, RESULT]


def test_mutations_are_the_same_again_and_differ() -> None:
    whole = seeds()["png-16"][1](1.0)
    one, again, other = (mutations.mutated(number, whole, whole, ".png") for number in (7, 7, 8))
    assert one == again
    assert len({whole, one, other}) == 3


def test_checksums_of_chunks_are_made_right() -> None:
    broken = bytearray(8) + chunk(b"tEXt", b"a")[:-4] + bytes(4) + chunk(b"IEND", b"")
    mutations.repair_checksums(broken)
    assert broken[8:] == chunk(b"tEXt", b"a") + chunk(b"IEND", b"")
