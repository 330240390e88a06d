"""What the file of a judge's card may hold, as its tables stand there; ``judges/spec.py`` says what they mean."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from hantei.judges.spec import Binds, FieldKind, Layout
from hantei.records import RateKind

Names = str | tuple[str, ...]
"""A list of texts; one text stands for a list of it."""

Path = str | tuple[str | int, ...]
Verification = Literal["run on the real model", "format read from its documentation", "untested"]
PositiveInt = Annotated[int, Meta(ge=1)]


class PaperTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``paper``: how the published parser reads a field."""

    contains: dict[str, str] = {}
    pattern: str | None = None
    labels: dict[str, Names] = {}
    otherwise: str | None = None
    fails_on: str | None = None


class FieldTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[ask.field]]``: one thing that a reply says. ``range`` stands for the labels from its first to its second,
    and in text also for the ``pattern`` of a score (``judges/scores.py``)."""

    name: str
    kind: FieldKind = "label"
    pattern: str | None = None
    path: Path = ()
    labels: dict[str, str | int | tuple[str | int, ...]] = {}
    range: tuple[Annotated[int, Meta(ge=0)], Annotated[int, Meta(ge=0)]] | None = None
    binds: Binds = "last"
    lead: str | None = None
    tail: str | None = None
    inline: bool = False
    cue: str | None = None
    optional: bool = False
    paper: PaperTable | None = None


class ProbabilityTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[ask.probability]``: where probabilities are read from log-probabilities."""

    field: str
    labels: Names
    head: str
    after: str | None = None
    softmax: bool = False


class AskTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[ask]]``: one request and how its reply is read."""

    field: Annotated[tuple[FieldTable, ...], Meta(min_length=1)]
    name: str = ""
    template: str = ""
    variables: dict[str, Any] = {}
    format: Literal["text", "json"] = "text"
    within: PositiveInt = 8000
    early: bool = False
    schema: dict[str, Any] = {}
    probability: ProbabilityTable | None = None


class PromptTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[prompt]``: who writes the prompt, and how long a reply may be."""

    max_tokens: PositiveInt
    layout: Layout = "template"
    top_logprobs: Annotated[int, Meta(ge=0)] = 0
    needs: Names = ()
    exact: dict[str, str] = {}
    exact_url: str = ""
    endpoint: Literal["", "moderations"] = ""


class SettingTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[settings.NAME]``: a setting that the judge's name may carry; ``texts`` by value, then by language.

    ``by_region`` is the choice that takes each prompt's region for the value.
    """

    choices: Names = ()
    default: str | None = None
    file: bool = False
    texts: dict[str, dict[str, str]] = {}
    by_region: str | None = None


class RuleTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the values of fields mean: ``unsafe``, ``refusal``, ``action`` or ``incoherent`` of a verdict."""

    field: Names
    labels: dict[str, Any] = {}
    by: str | None = None
    below: float | None = None
    at_least: float | None = None


class VerdictTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[verdict]``: how the fields become a judgment."""

    unsafe: RuleTable | None = None
    refusal: RuleTable | None = None
    action: RuleTable | None = None
    incoherent: RuleTable | None = None
    score: str | None = None
    formula: str | None = None
    scale: str | None = None
    category_fields: Names = ()
    category_label: str | None = None
    category_scheme: str = ""
    categories: dict[str, str] = {}
    critique_after: str | None = None
    critique_rest: bool = False
    critique_path: Path = ()


class JudgeCardFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The card of a judge that asks a model; ``other_order`` names the one that writes both the other way
    round.
    """

    name: str
    version: str
    title: str
    description: str
    licence: str
    evidence: Verification
    rate_kind: RateKind
    languages: Names
    prompt: PromptTable
    ask: Annotated[tuple[AskTable, ...], Meta(min_length=1)]
    verdict: VerdictTable
    settings: dict[str, SettingTable] = {}
    other_order: str | None = None
    paper: str | None = None
    url: str | None = None
    models: Names = ()
    terms: str | None = None
    weak: Names = ()
    notices: Names = ()
    sources: tuple[Any, ...] = ()
    measured: Any = None
