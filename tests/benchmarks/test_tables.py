"""Tables and plots of figures that are known."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from hdrcli.benchmarks import plot, tables
from hdrcli.benchmarks.turns import spread


def of_whole(program: str, megapixels: float, wall: float, **more: Any) -> dict[str, Any]:
    about = {"model": "mertens", "program": program, "format": "png", "megapixels": megapixels, "frames": 3}
    figures = {"wall": spread([wall]), "cpu": spread([wall, 3 * wall]), "memory": spread([2e9]), "output_bytes": 1e6}
    return {**about, **figures, **more}


def done(**more: Any) -> dict[str, Any]:
    environment = {
        "date": "2024-05-01",
        "processor": "A | B",
        "cores": 2,
        "memory": 8e9,
        "threads": {"torch": 2},
        "instructions": "AVX2",
        "device": "CPU",
        "versions": {"hdrcli": "0.1.0", "enfuse": None},
    }
    empty: dict[str, Any] = {"rates": [], "whole": [], "networks": [], "precision": [], "scaling": [], "warm": []}
    return {"environment": environment, "notes": [], "failures": [], **empty, **more}


def test_markdown() -> None:
    rows = [of_whole("hdrcli", 2.0, 1.5), of_whole("enfuse", 2.0, 3.0, ratio=spread([0.5]), cpu_ratio=spread([0.25]))]
    environment, whole = map(tables.markdown, tables.tables(done(whole=rows)))
    assert r"| Processor | A \| B, 2 cores used, AVX2 |" in environment
    assert "| Versions | hdrcli 0.1.0 |" in environment
    lines = whole.splitlines()
    assert lines[0] == "### Whole processes"
    assert lines[-1] == "| mertens | enfuse | png | 2 | 3.00 | 6.00 (3.00–9.00) | 2.00 | 0.50 | 0.25 | - | 1.0 |"
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1


def test_stages_are_in_their_order() -> None:
    stages = {"writing": spread([1.0]), "reading": spread([2.0]), "new": spread([3.0])}
    found = tables.tables(done(whole=[of_whole("hdrcli", 2.0, 6.0, stages=stages)]))[-1]
    assert found.columns[-3:] == ("reading", "writing", "new")
    assert found.rows[0][-3:] == ("2.00", "1.00", "3.00")


def test_lines_of_the_plot() -> None:
    rows = [of_whole("hdrcli", 24, 12), of_whole("hdrcli", 2, 1), of_whole("hdrcli --align off", 2, 0.5)]
    rows += [of_whole("enfuse", 2, 3), {**of_whole("hdrcli", 2, 9), "format": "hdr"}]
    assert plot.points(rows, lambda row: row["megapixels"], "wall") == {
        "mertens": [(2, 1), (24, 12)],
        "mertens --align off": [(2, 0.5)],
        "enfuse": [(2, 3)],
    }


def test_the_plot_is_a_picture() -> None:
    pytest.importorskip("matplotlib")
    scaling = {"model": "mertens", "what": "frames", "megapixels": 2.0, "wall": spread([1.0]), "memory": spread([1e9])}
    rows = [of_whole("hdrcli", 2, 1), of_whole("hdrcli", 24, 12)]
    drawn = plot.png(done(whole=rows, scaling=[{**scaling, "count": count} for count in (3, 5)]))
    picture = cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[1] > 1000
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10
