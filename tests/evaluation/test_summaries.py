"""Sums over scenes against closed forms and counting by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from hdrcli.evaluation import summaries
from hdrcli.scores import Score


def scores(model: str | None, values: list[float], figure: str = "psnr_mu") -> list[Score]:
    return [Score(f"s{i}", Path(f"s{i}.exr"), None, {figure: v}, model) for i, v in enumerate(values)]


def test_mean_median_and_worst() -> None:
    (one,) = summaries.summaries(scores(None, [40.0, 30.0, 44.0, 41.0]))
    assert (one.figure, one.model, one.count) == ("psnr_mu", None, 4)
    assert (one.mean, one.median, one.worst, one.worst_scene) == (38.75, 40.5, 30.0, "s1")


def test_the_worst_contrast_that_is_seen_is_the_largest() -> None:
    (one,) = summaries.summaries(scores(None, [1.0, 2.0, 3.0], "hdrvdp2_c_max"))
    assert (one.worst, one.worst_scene) == (3.0, "s2")


def test_scores_without_the_figure_do_not_count() -> None:
    missing = Score("s9", Path("s9.exr"), None, {})
    (one,) = summaries.summaries([*scores(None, [1.0, 3.0]), missing])
    assert (one.count, one.mean) == (2, 2.0)


def test_the_interval_is_that_of_the_mean_of_many_normal_values() -> None:
    values = np.random.default_rng(5).normal(30, 2, 400)
    low, high = summaries.interval(values)
    half = 1.96 * values.std() / math.sqrt(400)  # the central limit theorem
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)


def test_equal_values_leave_no_doubt_and_few_tell_nothing() -> None:
    assert summaries.interval(np.full(7, 0.9)) == pytest.approx((0.9, 0.9))
    assert summaries.interval(np.array([1.0, 2.0])) == (None, None)
    assert summaries.interval(np.array([1.0, 2.0, math.inf])) == (None, None)


def test_sign_flips_counted_by_hand() -> None:
    # of the eight signs of (1, 2, 3) the sums +6 and -6 reach 6
    assert summaries.p_value(np.array([1.0, 2.0, 3.0])) == 2 / 8
    # of (1, 1, -1) all of +-1 and +-3 reach the mean of 1/3
    assert summaries.p_value(np.array([1.0, 1.0, -1.0])) == 1.0
    assert summaries.p_value(np.array([5.0])) is None
    assert summaries.p_value(np.zeros(4)) == 1.0


def test_many_scenes_give_the_p_value_of_the_normal_distribution() -> None:
    differences = np.random.default_rng(2).normal(0.2, 1, 200)
    z = differences.mean() / math.sqrt((differences**2).mean() / 200)
    assert summaries.p_value(differences) == pytest.approx(math.erfc(abs(z) / math.sqrt(2)), abs=0.01)


def test_a_model_is_tried_on_the_scenes_that_both_have() -> None:
    ours, theirs = scores("dfgnet", [42.0, 40.0, 41.0]), scores("debevec", [40.0, 39.0])
    (one,) = summaries.contests([*ours, *theirs])
    assert (one.figure, one.model, one.other, one.count) == ("psnr_mu", "dfgnet", "debevec", 2)
    assert one.difference == 1.5
    assert one.p_value == 0.5


def test_equal_images_are_no_difference() -> None:
    (one,) = summaries.contests([*scores("a", [math.inf, 40.0, 41.0]), *scores("b", [math.inf, 39.0, 39.0])])
    assert one.difference == 1.0
    assert summaries.contests([*scores("a", [math.inf, 40.0]), *scores("b", [30.0, 39.0])]) == ()
