"""How many brackets are in work at one time, and how many threads each may then have.

A GPU makes a picture in less time than it takes to read the frames and to write the results. So for each device that is
at work on one bracket, another is being read and a third written, memory permitting. On a CPU the network has all
processors already: there `--jobs` is for those who have the memory.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hdrcli import footprint, memory, parallel
from hdrcli.contracts import Network
from hdrcli.plan import Plan, model_record
from hdrcli.settings import FuseSettings

STEPS = 3
"""Reading, fusing and writing."""


@contextmanager
def workers(plans: Sequence[Plan], settings: FuseSettings) -> Iterator[int]:
    """The number of brackets to have in work at one time, with the processors shared out among them meanwhile."""
    to_fuse = [plan for plan in plans if not plan.is_settled]
    if settings.dry_run or not to_fuse:
        yield settings.jobs
        return
    count = at_once(to_fuse, settings)
    with threads_shared(min(count, len(to_fuse))):
        yield count


def at_once(to_fuse: Sequence[Plan], settings: FuseSettings) -> int:
    """The number of brackets to have in work: `jobs` for each device, but three where they overlap."""
    if not any(isinstance(model_record(plan.model), Network) for plan in to_fuse):
        return settings.jobs
    lanes = settings.jobs * len(settings.devices)
    from hdrcli import inference

    if settings.jobs > 1 or not all(inference.choose_device(one).type == "cuda" for one in settings.devices):
        return lanes
    largest = max(footprint.of(plan, settings).usual for plan in to_fuse)
    return max(lanes, min(STEPS * lanes, int(memory.available() / largest)))


@contextmanager
def threads_shared(count: int) -> Iterator[None]:
    """Processors shared out meanwhile among `count` brackets: PyTorch and OpenCV start as many threads as there are.

    Fewer, as by OMP_NUM_THREADS, stay fewer.
    """
    import cv2

    most = max(1, parallel.cores() // count)
    torch = sys.modules.get("torch")  # it is there if a network needs it, and takes seconds to load
    before = cv2.getNumThreads(), torch.get_num_threads() if torch else 0
    cv2.setNumThreads(min(most, before[0]))
    if torch:
        torch.set_num_threads(min(most, before[1]))
    try:
        yield
    finally:
        cv2.setNumThreads(before[0])
        if torch:
            torch.set_num_threads(before[1])
