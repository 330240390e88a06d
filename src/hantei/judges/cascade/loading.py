"""Putting a cascade together from its name: ``cascade?threshold=0.9@CHEAP,EXPENSIVE``, ``cascade?fit=FILE@...``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hantei.cards import did_you_mean
from hantei.errors import CardError, UsageError
from hantei.judges.base import Judge, settings_of
from hantei.judges.card import card_hash, load_card
from hantei.judges.cascade.fit import CascadeFit, read_fit
from hantei.judges.cascade.judge import Cascade
from hantei.judges.cascade.rule import CLASSES, CascadeRule
from hantei.judges.named import load_judge

_SETTINGS = {"threshold": "", "head": "", "fit": ""}
_SHAPE = "expected cascade?threshold=0.9@CHEAP,EXPENSIVE, such as cascade?threshold=0.9@builtin,rubric@openai/gpt-4o"


class _Plan(NamedTuple):
    """A cascade's rule, its threshold, the fit that they come from, and what identifies all of that."""

    rule: CascadeRule
    threshold: float
    fit: CascadeFit | None
    identity: str


def load_named(name: str) -> Cascade:
    """Return the cascade of this name.

    The name parts at its first ``@`` and what follows at its first comma: a comma in the cheap judge's own name is
    written %2C, the expensive judge's name may hold commas.

    Raises:
        UsageError: a part is missing, neither a threshold nor a fit is named, or a judge cannot be had or used here.
        InputError: the file of the fit is not one.
        CardError: the fit was made with another cheap judge.
    """
    plan = _plan(name)
    one, comma, other = name.partition("@")[2].partition(",")
    if not (one and comma and other):
        raise UsageError(f"--judge {name}: {_SHAPE}")
    cheap, expensive = load_judge(one), load_judge(other)
    if cheap.models:
        raise UsageError(f"--judge {name}: {one} asks a model; the cheap judge must run here, as builtin does")
    if plan.fit is not None and plan.fit.cheap["card_hash"] != cheap.card_hash:
        raise CardError(
            f"--judge {name}: the fit is for {plan.fit.cheap['name']} (card {plan.fit.cheap['card_hash'][:12]}), and "
            f"{one} is another judge or version (card {cheap.card_hash[:12]}): run hantei train cascade again"
        )
    made = hashlib.sha256()
    for part in (card_hash(load_card("cascade")), cheap.card_hash, expensive.card_hash, plan.identity):
        made.update(part.encode() + b"\0")
    return Cascade(
        name=name,
        card_hash=made.hexdigest(),
        cheap=cheap,
        expensive=expensive,
        rule=plan.rule,
        threshold=plan.threshold,
        about=_outline(cheap, expensive, plan),
    )


def _plan(name: str) -> _Plan:
    settings = settings_of(name, _SETTINGS)
    if bool(settings["threshold"]) == bool(settings["fit"]):
        raise UsageError(
            f"--judge {name}: name either a threshold of the cheap judge's confidence, cascade?threshold=0.9@..., or "
            "cascade?fit=FILE@... with a file that hantei train cascade made from labelled answers"
        )
    if settings["fit"]:
        if settings["head"]:
            raise UsageError(f"--judge {name}: the fit says which head it is for; leave out head={settings['head']}")
        fit, digest = read_fit(Path(settings["fit"]))
        return _Plan(fit.applied(), fit.threshold, fit, digest)
    head = settings["head"] or "unsafe"
    if head not in CLASSES:
        hint = did_you_mean(head, CLASSES)
        raise UsageError(f"--judge {name}: expected head={' or head='.join(CLASSES)}, got '{head}'{hint}")
    threshold = _threshold(name, settings["threshold"])
    return _Plan(CascadeRule(head), threshold, None, json.dumps([head, threshold]))


def _threshold(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"--judge {name}: expected threshold= a number from 0 to 1, got '{text}'")
    return value


def _outline(cheap: Judge, expensive: Judge, plan: _Plan) -> dict[str, Any]:
    """Return what the report says: the weaker of the two judges' claims, all of their warnings, and the rule."""
    card, both = load_card("cascade").outline(), (cheap.outline(), expensive.outline())
    violation = all(one.get("rate_kind") == "violation" for one in both)
    notices = _unique(notice for one in both for notice in one.get("notices", ()))
    if plan.fit is None:
        rule = {"head": plan.rule.head, "rule": "confidence", "threshold": plan.threshold, "guarantee": _NO_GUARANTEE}
    else:
        rule = plan.fit.outline()
        notices += _another(plan.fit, expensive)
    return {
        **card,
        "rate_kind": "violation" if violation else "flagged",
        "languages": _unique(language for one in both for language in one.get("languages", ())),
        "weak": _unique([*card["weak"], *(line for one in both for line in one.get("weak", ()))]),
        "notices": notices,
        "hits": {"calls_saved_rate": [cheap.name]},
        **({} if plan.fit is None else {"expects": list(_expected(plan.fit))}),
        "cascade": {"cheap": cheap.name, "expensive": expensive.name, **rule},
    }


def _expected(fit: CascadeFit) -> Iterator[dict[str, Any]]:
    """Yield what the fit lets expect of a run: up to a quarter more calls than on its sample are no surprise."""
    calls = fit.operating.get("calls")
    if calls is not None:
        yield {
            "metric": "calls_saved_rate",
            "at_least": 1 - 1.25 * calls,
            "otherwise": f"its fit asked its expensive judge about {calls:.1%} of its sample, these answers are unlike "
            "it, and what it guarantees does not hold for them.",
        }


_NO_GUARANTEE = "None: the threshold was given by hand. hantei train cascade chooses one from labelled answers."


def _another(fit: CascadeFit, expensive: Judge) -> list[str]:
    measured = fit.expensive
    if fit.confusion is None or measured is None or measured["card_hash"] == expensive.card_hash:
        return []
    return [
        f"The cascade weighs the verdicts of {expensive.name} by how often {measured['name']} erred on its sample: "
        "right only where both are the same judge."
    ]


def _unique(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))
