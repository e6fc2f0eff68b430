"""Sums over scenes: mean, median, worst scene, how sure the mean is, and whether two models differ by more than chance.

Everything is computed by resampling with a fixed seed, so that no distribution is assumed and the same scores give the
same sums.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from hdrcli import plugins
from hdrcli.contracts import Metric
from hdrcli.scores import Contest, Score, Summary

RESAMPLES = 10_000
SEED = 0
LEAST_FOR_INTERVAL = 3
"""Scenes below which nothing is said of how sure the mean is."""

LEAST_FOR_CONTEST = 6
"""Scenes below which no difference, however clear, can be told from chance at one in twenty: 2 / 2^5 is more."""

EXACT = 13
"""Scenes up to which all changes of sign are tried, 2^13 = 8192 of them."""


def summaries(scores: Sequence[Score]) -> tuple[Summary, ...]:
    """One for each model and figure, in the order they come."""
    made = []
    for model in dict.fromkeys(score.model for score in scores):
        own = [score for score in scores if score.model == model]
        for figure in dict.fromkeys(figure for score in own for figure in score.values):
            scenes = [score for score in own if figure in score.values]
            made.append(_summary(figure, model, scenes))
    return tuple(made)


def _summary(figure: str, model: str | None, scenes: Sequence[Score]) -> Summary:
    values = np.array([score.values[figure] for score in scenes])
    worst = int(np.argmax(values) if figure in _falling() else np.argmin(values))
    low, high = interval(values)
    mean, median = float(values.mean()), float(np.median(values))
    return Summary(figure, model, len(scenes), mean, median, float(values[worst]), scenes[worst].name, low, high)


@cache
def _falling() -> frozenset[str]:
    """The figures of all metrics that are smaller the better."""
    metrics: list[Metric] = [plugins.load("metrics", name).METRIC for name in plugins.names("metrics")]
    return frozenset(figure for metric in metrics for figure in metric.falling)


def interval(values: np.ndarray) -> tuple[float | None, float | None]:
    """Where the mean lies with 95 % confidence: percentiles of means of resampled scenes (Efron 1979).

    (None, None) for fewer than LEAST_FOR_INTERVAL values or infinite ones.
    """
    if values.size < LEAST_FOR_INTERVAL or not np.isfinite(values).all():
        return None, None
    picks = np.random.default_rng(SEED).integers(0, values.size, (RESAMPLES, values.size))
    low, high = np.percentile(values[picks].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def contests(scores: Sequence[Score]) -> tuple[Contest, ...]:
    """Every two models on the scenes and figures they share."""
    models = [model for model in dict.fromkeys(score.model for score in scores) if model is not None]
    made = []
    for model, other in itertools.combinations(models, 2):
        ours, theirs = ({s.name: s.values for s in scores if s.model == name and s.values} for name in (model, other))
        for figure in dict.fromkeys(figure for values in ours.values() for figure in values):
            pairs = [
                (ours[name][figure], theirs[name][figure])
                for name in ours
                if name in theirs and figure in ours[name] and figure in theirs[name]
            ]
            differences = np.array([a - b if a != b else 0.0 for a, b in pairs])  # inf less inf is no difference
            if differences.size and np.isfinite(differences).all():
                chance = p_value(differences)
                made.append(Contest(figure, model, other, len(pairs), float(differences.mean()), chance))
    return tuple(made)


def p_value(differences: np.ndarray) -> float | None:
    """How often chance alone makes a mean difference so far from 0: Fisher's sign-flip test, two-sided.

    Exact for at most EXACT scenes, by RESAMPLES random flips beyond; None for fewer than two.
    """
    count = differences.size
    if count < 2:
        return None
    if count <= EXACT:
        signs = np.array(list(itertools.product((1, -1), repeat=count)))
    else:
        signs = np.random.default_rng(SEED).choice((1, -1), (RESAMPLES, count))
    means = np.abs(signs @ differences) / count
    seen = abs(float(differences.mean()))
    reached = int((means >= seen - 1e-12 * max(1.0, seen)).sum())
    # random flips count the seen order as one of them, so that none is ever reported as impossible
    exact = count <= EXACT
    return reached / len(signs) if exact else (reached + 1) / (len(signs) + 1)


def in_words(contests: Sequence[Contest]) -> list[str]:
    """What to say of the contests that enough scenes tell of."""
    told = []
    for one in (contest for contest in contests if contest.count >= LEAST_FOR_CONTEST):
        chance = "" if one.p_value is None else f", p = {one.p_value:.2g} (paired, {one.count} scenes)"
        verdict = ", within chance" if is_likely_chance(one.p_value) else ""
        told.append(f"{one.figure}: {one.model} less {one.other} is {one.difference:+.4g}{chance}{verdict}")
    return told


def is_likely_chance(p: float | None) -> bool:
    """Whether a difference is within what chance makes one time in twenty."""
    return p is None or p > 0.05 or math.isnan(p)
