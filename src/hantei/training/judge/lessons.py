"""What a judge is shown while it is tuned: dialogues in a wording, with the reply that it is to give."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hantei.records import Message
from hantei.stance import contradicts
from hantei.training.judge.dialogues import Sample
from hantei.training.judge.form import CardForm
from hantei.training.judge.options import JudgeSftOptions


@dataclass(frozen=True, slots=True)
class Lesson:
    """One row that is trained on; the last of ``messages`` is the judge's reply."""

    id: str
    messages: tuple[Message, ...]


def usable(samples: Sequence[Sample]) -> tuple[list[Sample], Mapping[str, int]]:
    """Return the samples that a judge can learn from, and how many were left out by reason."""
    left_out: Counter[str] = Counter()
    kept = []
    for one in samples:
        why = _why_not(one)
        if why:
            left_out[why] += 1
        else:
            kept.append(one)
    return kept, left_out


def _why_not(sample: Sample) -> str:
    if sample.critique is None:
        return "without a critique"
    dialogue = sample.dialogue
    return "whose critique denies the label" if contradicts(sample.critique, dialogue.unsafe, dialogue.language) else ""


def stages(samples: Sequence[Sample], forms: Sequence[CardForm], options: JudgeSftOptions) -> list[list[Lesson]]:
    """Return the lessons of each stage of the tuning, one after the other, with all their epochs.

    Args:
        samples: what is learnt from.
        forms: the card's own wording, then the others.
        options: epochs, order of wordings, seed.
    """
    if len(forms) == 1 or options.wording_order == "mixed":
        return [_epochs(samples, forms, range(options.epochs), options.seed)]
    first = range(options.epochs - 1)
    last = range(options.epochs - 1, options.epochs)
    return [_epochs(samples, forms[:1], first, options.seed), _epochs(samples, forms, last, options.seed)]


def _epochs(samples: Sequence[Sample], forms: Sequence[CardForm], epochs: range, seed: int) -> list[Lesson]:
    return [_lesson(one, forms[_lot(seed, epoch, one.dialogue.id) % len(forms)]) for epoch in epochs for one in samples]


def _lesson(sample: Sample, form: CardForm) -> Lesson:
    dialogue = sample.dialogue
    reply = form.completion(dialogue, dialogue.unsafe, sample.critique or "")
    return Lesson(dialogue.id, (*form.messages(dialogue), Message(role="assistant", content=reply)))


def _lot(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8])


def described(samples: Sequence[Sample]) -> Iterator[str]:
    """Yield a line for each language: how many rows, how many are unsafe, how long critiques of either label are."""
    for language in dict.fromkeys(one.dialogue.language for one in samples):
        rows = [one for one in samples if one.dialogue.language == language]
        unsafe = [one for one in rows if one.dialogue.unsafe]
        safe = [one for one in rows if not one.dialogue.unsafe]
        share = 100 * len(unsafe) / len(rows)
        yield (
            f"{language}: {len(rows):,} rows, {share:.1f}% unsafe; characters of a critique: "
            f"{_lengths(unsafe)} of unsafe answers, {_lengths(safe)} of safe ones"
        )


def _lengths(samples: Sequence[Sample]) -> str:
    if not samples:
        return "none"
    low, middle, high = np.percentile([len(one.critique or "") for one in samples], (5, 50, 95))
    return f"{middle:.0f} ({low:.0f} to {high:.0f})"
