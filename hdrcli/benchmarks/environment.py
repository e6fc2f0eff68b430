"""What all was measured on and with; no names of hosts, users or folders."""

from __future__ import annotations

import platform
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hdrcli
from hdrcli import parallel


def found(device: str = "cpu") -> dict[str, Any]:
    """Processor, memory, threads, versions and date; `device` is the name of the one asked for, None where it is not.

    `device` is "cpu", "cuda" or "cuda:N".
    """
    import cv2
    import psutil
    import torch

    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": parallel.cores(),
        "memory": psutil.virtual_memory().total,
        "threads": {"torch": torch.get_num_threads(), "OpenCV": cv2.getNumThreads()},
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "device": _device(device),
        "versions": {
            "hdrcli": hdrcli.__version__,
            "Python": platform.python_version(),
            "torch": torch.__version__,
            "OpenCV": cv2.__version__,
            "enfuse": _enfuse(),
        },
    }


def _processor() -> str:
    """The processor by its maker's name for it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _device(name: str) -> str | None:
    import torch

    if name == "cpu":
        return "CPU"
    number = int(name.partition(":")[2] or 0)
    return torch.cuda.get_device_name(number) if number < torch.cuda.device_count() else None


def _enfuse() -> str | None:
    """The version of enfuse by its own words; None where there is none."""
    program = shutil.which("enfuse")
    if program is None:
        return None
    words = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    return words.partition("\n")[0].removeprefix("enfuse").strip()
