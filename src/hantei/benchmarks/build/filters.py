"""The filters that drafts pass, one after the other: each takes what is left and says what it drops, and why.

The first of several that are alike stays. What a draft was made from on purpose, its parent, is never too near to it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hantei.benchmarks.build.lineage import whole_text
from hantei.benchmarks.build.personal import People, found
from hantei.benchmarks.build.wording import LONGEST
from hantei.benchmarks.checking import SHORTEST, fold
from hantei.language import detect, primary
from hantei.near_duplicates import Match, NearDuplicates
from hantei.progress import Progress
from hantei.records import Prompt

_HAN_ALONE = 12
"""A Japanese sentence of so many characters has kana; a shorter one may read as Chinese."""
_ADDRESS = re.compile(r"\S*(?:@|://|www\.)\S*")
_BLOCK = 512


class Drop(NamedTuple):
    """A prompt that a filter drops: why, and the other one where it is too near to it."""

    prompt: Prompt
    why: str
    other: str | None = None


Filter = Callable[[Sequence[Prompt]], Iterator[Drop]]


def unreadable(prompts: Sequence[Prompt]) -> Iterator[Drop]:
    """Drop what no person would read: next to nothing, too long, or with characters that are none to see."""
    for prompt in prompts:
        for what, text in (("the prompt", prompt.text), ("the reference answer", prompt.reference)):
            if text is None:
                continue
            if len(text) > LONGEST:
                yield Drop(prompt, f"{what} has {len(text):,} characters, more than {LONGEST:,}")
            elif sum(map(str.isalnum, text)) < SHORTEST:
                yield Drop(prompt, f"{what} is near-empty")
            elif sign := next((one for one in text if _unseen(one)), None):
                yield Drop(prompt, f"{what} has the control character U+{ord(sign):04X}")
            else:
                continue
            break


def _unseen(sign: str) -> bool:
    if sign in "\n\t\u200d":  # the joiner of emoji
        return False
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn") or sign in "\u2028\u2029\ufffd"


def repeated(prompts: Sequence[Prompt]) -> Iterator[Drop]:
    """Drop what an earlier one says, case, width and white space aside."""
    first: dict[str, str] = {}
    for prompt in prompts:
        earlier = first.setdefault(fold(whole_text(prompt)), prompt.id)
        if earlier != prompt.id:
            yield Drop(prompt, "says the same as an earlier draft", earlier)


def published(texts: Mapping[str, str]) -> Filter:
    """Return what drops the prompts of other benchmarks; ``texts`` are theirs, folded, with where each stands."""

    def drops(prompts: Sequence[Prompt]) -> Iterator[Drop]:
        for prompt in prompts:
            if there := texts.get(fold(whole_text(prompt))):
                yield Drop(prompt, "stands in another benchmark", there)

    return drops


def foreign(prompts: Sequence[Prompt]) -> Iterator[Drop]:
    """Drop what is plainly in another language than it says; a text of which that cannot be told stays."""
    for prompt in prompts:
        declared, told = primary(prompt.language), detect(_ADDRESS.sub(" ", prompt.text))
        if declared is None or told in (None, declared):
            continue
        if (declared, told) == ("ja", "zh") and len(prompt.text) < _HAN_ALONE:
            continue
        yield Drop(prompt, f"said to be in {declared}, reads as {told}")


def personal(people: People) -> Filter:
    """Return what drops personal data: forms of addresses and numbers, and the people that are listed."""

    def drops(prompts: Sequence[Prompt]) -> Iterator[Drop]:
        for prompt in prompts:
            turns = [turn.content for turn in prompt.messages]
            if kinds := found([*turns, prompt.reference], people):
                yield Drop(prompt, f"holds what looks like personal data: {', '.join(kinds)}")

    return drops


def near(least: float, published_texts: Mapping[str, str]) -> Filter:
    """Return what drops near-duplicates by their characters, of an earlier draft or of another benchmark's prompt.

    Args:
        least: the similarity from which two are too near, above 0 and at most 1.
        published_texts: prompts of other benchmarks, each with where it stands.
    """

    def drops(prompts: Sequence[Prompt]) -> Iterator[Drop]:
        index, there = NearDuplicates(least), {}
        with Progress("prompts of other benchmarks", len(published_texts)) as bar:
            for number, (text, place) in enumerate(published_texts.items()):
                there[f"published {number}"] = place  # an id may stand in several files of a benchmark
                index.add(f"published {number}", text)
                bar.advance(1)
        by_id = {prompt.id: prompt for prompt in prompts}
        for prompt in prompts:
            hit = next((one for one in index.find(whole_text(prompt)) if _counts(one, prompt, by_id)), None)
            if hit is None:
                index.add(prompt.id, whole_text(prompt))
            else:
                yield Drop(prompt, f"{hit.similarity:.0%} of its n-grams are the same", there.get(hit.id, hit.id))

    return drops


def _counts(hit: Match, prompt: Prompt, by_id: Mapping[str, Prompt]) -> bool:
    other = by_id.get(hit.id)
    return other is None or not made_to_be_near(prompt, other)


def made_to_be_near(one: Prompt, other: Prompt) -> bool:
    """Whether one was made from the other, or both from the same prompt, in two ways or two languages."""
    if other.id == one.parent or one.id == other.parent:
        return True
    how, other_how = (one.variant, one.language), (other.variant, other.language)
    return one.parent is not None and one.parent == other.parent and how != other_how


def close(least: float) -> Filter:
    """Return what drops a draft whose meaning is too close to an earlier one's, in whichever language.

    ``least`` is the cosine of the sentence encoder's vectors from which two are too close.
    """

    def drops(prompts: Sequence[Prompt]) -> Iterator[Drop]:
        from hantei.judges.builtin.encoder import sentence_encoder

        if not prompts:
            return
        vectors = np.vstack([sentence_encoder().encode([whole_text(one)[:LONGEST]]) for one in prompts])
        kept: list[int] = []
        for start in range(0, len(prompts), _BLOCK):
            cosines = vectors[start : start + _BLOCK] @ vectors.T
            for at, row in enumerate(cosines, start):
                hit = next((other for other in kept if row[other] >= least and _stranger(prompts, at, other)), None)
                if hit is None:
                    kept.append(at)
                else:
                    yield Drop(prompts[at], f"means nearly the same: {row[hit]:.2f}", prompts[hit].id)

    return drops


def _stranger(prompts: Sequence[Prompt], at: int, other: int) -> bool:
    return not made_to_be_near(prompts[at], prompts[other])
