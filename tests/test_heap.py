"""Memory that is kept, by the kernel's own count of the pages it had to give."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from hdrcli import heap

resource = pytest.importorskip("resource", reason="page faults are counted on Unix alone")

BLOCK = 96 * 2**20  # bytes; more than glibc ever keeps by itself
BLOCKS = 24  # one after the other; glibc may lay the first few side by side
PAGES = BLOCK // os.sysconf("SC_PAGE_SIZE")

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc's heap can be told to keep memory"
)

CHECKS = ["a_freed_block_is_used_again", "what_is_free_can_be_returned", "one_that_ends_leaves_the_others_their_memory"]


def faults_of_a_block() -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(BLOCK, dtype=torch.uint8)[:: os.sysconf("SC_PAGE_SIZE")] = 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def resident() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1])


@pytest.mark.parametrize("check", CHECKS)
def test_in_a_process_of_its_own(check: str) -> None:
    code = f"from tests import test_heap; test_heap.{check}()"
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def a_freed_block_is_used_again() -> None:
    """And returned at the end: the heap of a process that has done other things may be in pieces."""
    before = resident()
    with heap.kept():
        assert sum(faults_of_a_block() for _ in range(BLOCKS)) < BLOCKS / 2 * PAGES
        assert resident() - before > PAGES / 2
    assert resident() - before < PAGES / 2


def what_is_free_can_be_returned() -> None:
    with heap.kept():
        before = resident()
        faults_of_a_block()
        still_there = torch.ones(BLOCK // 64, dtype=torch.uint8)  # behind the block, which is then no end of the heap
        assert resident() - before > PAGES / 2
        heap.trim()
        assert resident() - before < PAGES / 2
        assert still_there.all()


def one_that_ends_leaves_the_others_their_memory() -> None:
    with heap.kept():
        other = threading.Thread(target=_keep_for_a_moment)
        other.start()
        other.join()
        assert sum(faults_of_a_block() for _ in range(BLOCKS)) < BLOCKS / 2 * PAGES


def _keep_for_a_moment() -> None:
    with heap.kept():
        pass
