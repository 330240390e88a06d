"""How a run is made, whether its answers exist or are asked for: the flags of ``hantei judge`` and ``hantei run``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from hantei.cards import one_of
from hantei.engine.limits import Limits
from hantei.errors import UsageError
from hantei.inputs.labels import LABEL_ALIASES
from hantei.metrics.summary import POLICIES
from hantei.models.base import Sampling
from hantei.records import CountingRule, RepeatRule, TurnRule

Executor = Literal["here", "ray"]
"""Where a run is carried out: in this process and its workers, or on Ray."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How answers are read or asked for, judged and counted.

    How answers that exist are read: ``mapping`` is field to column where a column's name is not one of the usual;
    ``encoding`` and ``language`` are declared for all files; ``benchmark`` is a card's name or a file of prompts that
    the rows' ids belong to; ``skip_bad_rows`` judges the good ones; ``missing`` are answers that mean that there is
    none; ``rows`` is the path of the rows inside a JSON object (``results.items``), or a workbook's sheet. ``labels``
    takes people's labels from the columns that hold some, as the judge ``human:given``; a ``mapping`` of a label
    (``unsafe``, ``action``, ``refusal``) implies it.

    ``mapping``, ``missing`` and ``rows`` say the same of a file of prompts that a model is asked.

    How a model is asked: ``sampling``, ``system_prompt``, ``samples`` (answers to each prompt), ``limit`` (the first so
    many prompts) and ``judge_reasoning`` (judges also see what was thought before the answer).

    All of that is the run's plan: a folder is resumed only with the same. What may change from one call to the next:
    ``limits`` on what is asked, ``prices`` (a file that replaces hantei's own), ``no_verdict`` (``drop`` or
    ``unsafe``: what a row without a verdict counts as), ``rule`` (which verdict counts of a response with several),
    ``on`` (``here`` or ``ray``: where the run is carried out), and ``title`` (the report's; the folder's name without
    one).
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    language: str | None = None
    benchmark: str | None = None
    skip_bad_rows: bool = False
    missing: tuple[str, ...] = ()
    rows: str | None = None
    labels: bool = False
    sampling: Sampling = field(default_factory=Sampling)
    system_prompt: str | None = None
    samples: int = 1
    limit: int | None = None
    judge_reasoning: bool = False
    limits: Limits = field(default_factory=Limits)
    no_verdict: str = "drop"
    rule: CountingRule = field(default_factory=CountingRule)
    prices: Path | None = None
    on: Executor = "here"
    title: str | None = None

    def check(self) -> None:
        """Raise a UsageError where a value is none that can be worked with.

        Raises:
            UsageError: one is not.
        """
        if self.no_verdict not in POLICIES:
            raise UsageError(f"--no-verdict {self.no_verdict}: {one_of(self.no_verdict, POLICIES)}")
        for flag, value, allowed in (
            ("--count-turns", self.rule.turns, get_args(TurnRule)),
            ("--count-repeats", self.rule.repeats, get_args(RepeatRule)),
            ("--on", self.on, get_args(Executor)),
        ):
            if value not in allowed:
                raise UsageError(f"{flag} {value}: {one_of(value, allowed)}")
        counts = {
            "--samples": self.samples,
            "--max-connections": self.limits.max_connections,
            "--workers": 1 if self.limits.workers is None else self.limits.workers,
            "--limit": 1 if self.limit is None else self.limit,
        }
        for flag, count in counts.items():
            if not isinstance(count, int):
                raise UsageError(f"{flag} {count}: expected a whole number")
            if count < 1:
                raise UsageError(f"{flag} {count}: expected at least 1")
        limits = self.limits
        bounds = {
            "--timeout": limits.timeout_s,
            "--run-timeout": limits.run_timeout_s,
            "--max-cost": limits.max_cost,
        }
        for flag, bound in bounds.items():
            if not isinstance(bound, int | float | None):
                raise UsageError(f"{flag} {bound}: expected a number")
            if bound is not None and not bound > 0:
                raise UsageError(f"{flag} {bound:g}: expected more than 0")

    def check_unused(self, *names: str) -> None:
        """Raise a UsageError where one of these options is set, which this kind of run has no use for.

        Raises:
            UsageError: one is set.
        """
        for name in self.given(names):
            raise UsageError(f"the option {name} says nothing here: leave it out")

    def given(self, names: Iterable[str]) -> list[str]:
        """Return those of these options that are set."""
        default = Options()
        return [name for name in names if getattr(self, name) != getattr(default, name)]

    def label_columns(self) -> dict[str, str] | None:
        """Return label to column as ``mapping`` gave it, None where labels are not to be read."""
        mapped = {name: column for name, column in self.mapping.items() if name in LABEL_ALIASES}
        return mapped if self.labels or mapped else None


READING = ("mapping", "encoding", "language", "benchmark", "skip_bad_rows", "missing", "rows", "labels")
"""The options of answers that exist."""
PROMPTS = ("mapping", "missing", "rows")
"""Of those, the options that say how a file of prompts is read, too."""
ASKING = ("sampling", "system_prompt", "samples", "limit", "judge_reasoning")
"""The options of a model that is asked."""
