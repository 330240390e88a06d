"""What a card says of a judge that asks a model, typed: the requests, how a reply is read, what the labels mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Layout = Literal["template", "conversation", "conversation+template", "answer"]
"""Who writes the prompt. ``template``: the card's own. ``conversation``: the model's chat template, from the turns
and the answer. ``conversation+template``: the turns, the answer, and the card's text as one more user turn.
``answer``: the answer alone."""

Binds = Literal["first line", "last", "only"]
"""Where a verdict counts. ``first line``: on the first line with text. ``last``: the last one. ``only``: wherever it
is, and nothing in the reply may say otherwise."""

FieldKind = Literal["label", "codes", "flags", "scores"]
"""What a field holds. ``label``: one of the card's labels. ``codes``: several, split at commas. ``flags``: an object of
true and false by category. ``scores``: an object of probabilities by category."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRule:
    """How the published parser reads a field, faults included.

    ``contains`` is tried in order: the first text that is found gives its value. ``pattern`` gives what its group
    holds. ``otherwise`` is what the parser takes where it finds nothing, None where it drops the row. ``fails_on``:
    replies on which it stops with an exception.
    """

    contains: tuple[tuple[str, str], ...] = ()
    pattern: re.Pattern[str] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    fails_on: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One thing that a reply says.

    ``pattern`` (for text) has one group: the place where the label stands. ``path`` (for JSON) are the keys that
    lead to it. ``labels`` maps a label, folded as ``reading.fold`` does, to its value. ``lead`` may stand before the
    pattern on its line; ``tail`` may follow it; ``inline`` takes it at the end of a sentence, too.
    ``cue`` finds every place where a verdict seems to be announced, readable or not.
    """

    name: str
    kind: FieldKind = "label"
    pattern: re.Pattern[str] | None = None
    path: tuple[str | int, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    binds: Binds = "last"
    lead: re.Pattern[str] | None = None
    tail: re.Pattern[str] | None = None
    inline: bool = False
    cue: re.Pattern[str] | None = None
    required: bool = True
    paper: PaperRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbabilityRule:
    """Probabilities of the labels of ``field``, from the log-probabilities of the token that begins one.

    ``labels`` are written as the model writes them; ``after`` is what stands before, None where the label is the first
    word; ``softmax`` divides by the sum over the labels. ``head`` names them among a judgment's probabilities.
    """

    field: str
    labels: tuple[str, ...]
    after: re.Pattern[str] | None
    softmax: bool
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSpec:
    """One request and how its reply is read.

    ``template`` is the first part of the template's file name, empty where there is one template a language.
    ``within`` bounds the characters of a reply that are searched. ``early`` says that the verdict is the reply's first
    token, so that a reply cut off by the token limit is whole.
    """

    name: str
    template: str
    variables: Mapping[str, str]
    fields: tuple[FieldSpec, ...]
    json: bool
    within: int
    early: bool
    schema: Mapping[str, Any] | None
    probability: ProbabilityRule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRule:
    """What the values of ``fields`` mean. ``by`` names the setting that decides where a meaning is a table of its
    values; ``below`` and ``at_least`` compare a number instead. Any true field makes it true."""

    fields: tuple[str, ...]
    labels: Mapping[str, Any] = field(default_factory=dict)
    by: str | None = None
    below: float | None = None
    at_least: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictSpec:
    """How the fields become a judgment; what a card does not say stays None.

    ``category_label`` makes a field's own name the category where it holds that value; else the fields hold codes.
    ``critique_after`` is where the explanation starts; ``critique_rest`` takes all but the verdict's own lines;
    ``critique_field`` a field of the JSON reply. ``formula`` computes the score from several fields.
    """

    unsafe: LabelRule | None = None
    refusal: LabelRule | None = None
    action: LabelRule | None = None
    incoherent: LabelRule | None = None
    score: str | None = None
    formula: str | None = None
    scale: str | None = None
    category_fields: tuple[str, ...] = ()
    category_label: str | None = None
    category_scheme: str = ""
    category_names: Mapping[str, str] = field(default_factory=dict)
    critique_after: re.Pattern[str] | None = None
    critique_rest: bool = False
    critique_path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingSpec:
    """A setting that the judge's name may carry: one of ``choices``, or a file.

    ``texts`` holds what a template is given under the setting's name, by value and language; a value without texts
    leaves it out. Where the value is ``by_region``, the text is that of the prompt's own region, in lower case, so that
    a prompt of another region, or of none, has none.
    """

    name: str
    choices: tuple[str, ...] = ()
    default: str | None = None
    file: bool = False
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    by_region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSpec:
    """Everything that a card says of how its judge is asked and read.

    ``exact_url`` is where the prompt is published on which the model was tuned, empty where there is none or the
    model's chat template carries it; ``exact`` maps its placeholders to the texts that go there. ``needs`` names what a
    prompt must have (``criteria``, ``reference``).
    """

    layout: Layout
    languages: tuple[str, ...]
    max_tokens: int
    top_logprobs: int
    needs: tuple[str, ...]
    exact: Mapping[str, str]
    exact_url: str
    settings: Mapping[str, SettingSpec]
    asks: tuple[AskSpec, ...]
    verdict: VerdictSpec
    endpoint: str = ""
