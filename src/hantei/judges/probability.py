"""How probable a guard found each of its labels, from the log-probabilities of the token where it writes one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from hantei.judges.spec import ProbabilityRule

_MARKS = "Ġ▁Ċ"
"""How some tokenizers write the white space before a token."""
_REST = 0.01
"""Probability that the alternatives shown may leave over, for a label that is not among them to count as 0."""


def distribution(logprobs: Sequence[Mapping[str, float]], rule: ProbabilityRule) -> dict[str, float] | None:
    """Return the probability of each of the rule's labels at the token where the model writes one.

    Args:
        logprobs: for each token of the reply, its alternatives with their natural log-probabilities.
        rule: the labels, what stands before them, and whether to divide by their sum (a softmax over the labels, as
            ShieldGemma is used) or not (as Llama Guard is used).

    Returns:
        None where the alternatives do not show it: no label is among them, or one is missing while much of the
        probability is in alternatives that were not sent.
    """
    alternatives = _at_label(logprobs, rule)
    if alternatives is None:
        return None
    masses = {label: _mass(alternatives, label, rule.labels) for label in rule.labels}
    total = sum(masses.values())
    unseen = 1 - sum(math.exp(value) for value in alternatives.values())
    if total == 0 or (min(masses.values()) == 0 and unseen > _REST):
        return None
    return {label: mass / total if rule.softmax else min(1.0, mass) for label, mass in masses.items()}


def _at_label(logprobs: Sequence[Mapping[str, float]], rule: ProbabilityRule) -> Mapping[str, float] | None:
    """Find the token by writing the reply again from the most probable alternatives, which is what it was made of."""
    text = ""
    for alternatives in logprobs:
        token = max(alternatives, key=lambda t: alternatives[t], default="")
        if _word(token) and (rule.after is None or rule.after.search(text)):
            return alternatives
        text += token
    return None


def _mass(alternatives: Mapping[str, float], label: str, labels: Sequence[str]) -> float:
    """Add up the alternatives that are this label, or begin it and no other; tokenizers split words differently."""
    others = [other.casefold() for other in labels if other != label]
    return sum(
        math.exp(value)
        for token, value in alternatives.items()
        if (word := _word(token))
        and label.casefold().startswith(word)
        and (word == label.casefold() or not any(other.startswith(word) for other in others))
    )


def _word(token: str) -> str:
    return token.strip().strip(_MARKS).strip().casefold()
