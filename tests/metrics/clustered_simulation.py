"""Simulated answers, several a prompt, to see whether the interval of a rate holds where hits come in clusters."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from hantei.arrays import Integers
from hantei.metrics.intervals import ClusterSums, effective_n, interval, wilson

_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Setting:
    """``prompts`` with ``samples`` answers each, a share ``rate`` of them hits.

    ``always`` is the share of the hits that are from prompts whose answers are all hits; the other prompts have the
    same chance, or with ``rho`` (the correlation within a prompt) beta-distributed ones.
    """

    prompts: int
    samples: int
    rate: float
    always: float = 0.0
    rho: float = 0.0

    def draw(self, rng: np.random.Generator, draws: int) -> Integers:
        """Return the hits of each prompt (draws, prompts)."""
        shape = (draws, self.prompts)
        whole = rng.random(shape) < self.always * self.rate
        rest = self.rate * (1 - self.always) / (1 - self.always * self.rate)
        if self.rho:
            odds = (1 - self.rho) / self.rho
            return rng.binomial(self.samples, rng.beta(rest * odds, (1 - rest) * odds, shape))
        return np.where(whole, self.samples, rng.binomial(self.samples, rest, shape))


RATES = (0.005, 0.01, 0.02, 0.05)
KINDS = ((0.0, 0.3), (0.5, 0.0), (1.0, 0.0))
GRID = [
    Setting(prompts, samples, rate, always, rho)
    for prompts in (100, 300, 1000)
    for samples in (5, 20)
    for rate in RATES
    for always, rho in KINDS
]
"""72 settings."""

MORE = [
    Setting(prompts, samples, rate, always, rho)
    for prompts in (50, 100, 300)
    for samples in (3, 10, 20)
    for rate in (*RATES, 0.1, 0.3)
    for always, rho in ((0.0, 0.0), (0.0, 0.1), (0.0, 0.8), (0.25, 0.0), (0.75, 0.0))
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many of the draws' intervals held the rate, now and by Wilson on the effective size; the median widths."""

    setting: Setting
    draws: int
    held: int
    held_before: int
    width: float
    width_before: float


def simulate(setting: Setting, draws: int) -> Outcome:
    """Return how the intervals of so many runs go."""
    rng = np.random.default_rng(zlib.crc32(repr(setting).encode()))
    sums, times = _sums(setting, rng, draws)
    now, before = (np.array([made(setting, k, kk) for k, kk in sums]) for made in (_now, _before))
    held = [int(times[(one[:, 0] <= setting.rate) & (setting.rate <= one[:, 1])].sum()) for one in (now, before)]
    widths = [float(np.median(np.repeat(one[:, 1] - one[:, 0], times))) for one in (now, before)]
    return Outcome(setting, draws, *held, *widths)


def _sums(setting: Setting, rng: np.random.Generator, draws: int) -> tuple[list[list[int]], Integers]:
    """Return the sums of hits and of squared hits that occur, and how often each pair does."""
    found, step = [], max(1, _AT_ONCE // setting.prompts)
    for start in range(0, draws, step):
        hits = setting.draw(rng, min(step, draws - start)).astype(np.int64)
        found.append(np.stack([hits.sum(axis=1), (hits**2).sum(axis=1)], axis=1))
    pairs, times = np.unique(np.concatenate(found), axis=0, return_counts=True)
    return pairs.tolist(), times


def _cluster_sums(setting: Setting, k: int, kk: int) -> ClusterSums:
    n = setting.prompts * setting.samples
    return ClusterSums(setting.prompts, n, k, n * setting.samples, k * setting.samples, kk)


def _now(setting: Setting, k: int, kk: int) -> tuple[float, float]:
    return interval(_cluster_sums(setting, k, kk))


def _before(setting: Setting, k: int, kk: int) -> tuple[float, float]:
    m = _cluster_sums(setting, k, kk)
    size = effective_n(m)
    return wilson(m.k / m.n * size, size)
