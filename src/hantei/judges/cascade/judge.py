"""The cascade as a judge, whatever its two judges are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from hantei.judges.base import Ask, Judge, Pair
from hantei.judges.cascade.rule import CascadeRule, chances_of, verdict_of
from hantei.records import Judgment, Prompt, Response

if TYPE_CHECKING:
    from hantei.judges.profile import Profile
    from hantei.models.base import Model, Request

_NOTHING: dict[str, Any] = {
    **dict.fromkeys(("unsafe", "p_unsafe", "action", "refusal", "score", "scale")),
    "categories": (),
}
"""What of a judgment is its verdict, where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """Gives the cheap judge's verdict where the rule's score reaches the threshold, else the expensive judge's.

    An answer that is empty or that its model failed to give has no verdict, and nothing is asked about it. Where the
    cheap judge abstains or gives no probability the expensive judge is asked, and where that one has no verdict, there
    is none. ``card_hash`` covers both judges' and the rule; ``about`` is what ``outline`` says.
    """

    name: str
    card_hash: str
    cheap: Judge
    expensive: Judge
    rule: CascadeRule
    threshold: float
    about: Mapping[str, Any]

    def outline(self) -> dict[str, Any]:
        """Return what ``run.json`` and the report say of the judge."""
        return dict(self.about)

    @property
    def profile(self) -> Profile | None:
        """What the cheap judge's training answers look like: on others it may be sure and wrong."""
        return getattr(self.cheap, "profile", None)

    @property
    def models(self) -> Sequence[Model]:
        """The models of both judges."""
        return (*self.cheap.models, *self.expensive.models)

    def requests(self, prompt: Prompt, response: Response) -> Sequence[tuple[Model, Request]]:
        """Return what both judges would ask: what the cheap one spares depends on what it will say."""
        return (*self.cheap.requests(prompt, response), *self.expensive.requests(prompt, response))

    async def judge(self, pairs: Sequence[Pair], ask: Ask) -> AsyncIterator[Judgment]:
        """Yield the cheap judge's verdicts that stand at once, then the expensive judge's of the pairs that need it."""
        first = {judgment.response_id: judgment async for judgment in self.cheap.judge(pairs, ask)}
        asked = dict(zip(first, self.asks(list(first.values())), strict=True))
        for identity, judgment in first.items():
            if not asked[identity]:
                yield self._cheap(judgment)
        rest = [pair for pair in pairs if asked.get(pair[1].id)]
        if rest:
            async for judgment in self.expensive.judge(rest, ask):
                yield self._both(first[judgment.response_id], judgment)

    def asks(self, first: Sequence[Judgment]) -> list[bool]:
        """Return for each judgment of the cheap judge whether the expensive one is to be asked."""
        head = self.rule.head
        out = [judgment.fault not in ("model", "provider") for judgment in first]
        known = [chances_of(one, head) for one in first]
        places = [place for place, chances in enumerate(known) if chances is not None]
        if places:
            scores = self.rule.score(np.array([known[place] for place in places]))
            for place, below in zip(places, (scores < self.threshold).tolist(), strict=True):
                out[place] = below
        return out

    def _cheap(self, first: Judgment) -> Judgment:
        by = self.cheap.name if first.status == "ok" else None
        return replace(first, judge=self.name, card_hash=self.card_hash, answered_by=by)

    def _both(self, first: Judgment, second: Judgment) -> Judgment:
        """Return the judgment of an answer that the expensive judge was asked about."""
        own = replace(
            second,
            judge=self.name,
            card_hash=self.card_hash,
            in_training=first.in_training or second.in_training,
            answered_by=self.expensive.name if second.status == "ok" else None,
        )
        if second.status != "ok" or self.rule.confusion is None:
            return own
        return self._combined(first, own)

    def _combined(self, first: Judgment, second: Judgment) -> Judgment:
        """Return the expensive judgment with the verdict that is best given both judges."""
        head = self.rule.head
        chances, said = chances_of(first, head), verdict_of(second, head)
        if said is None:
            error = f"the expensive judge says nothing of {head}"
            return replace(second, status="abstained", fault="judge", error=error, answered_by=None, **_NOTHING)
        if chances is None:
            return second
        both = np.round(self.rule.combined(np.array([chances]), np.array([said]))[0], 4)
        best = int(both.argmax())
        # The rest of a verdict comes from the judge that agrees with it, so that its parts do not contradict.
        agreeing = next((one for one in (second, first) if verdict_of(one, head) == best), None)
        verdict = {name: getattr(agreeing, name, nothing) for name, nothing in _NOTHING.items()}
        if head == "unsafe":
            verdict |= {"unsafe": bool(best), "p_unsafe": float(both[1])}
        else:
            verdict["action"] = best
        labels = ("safe", "unsafe") if head == "unsafe" else tuple(str(action) for action in range(len(both)))
        heads = {**second.probabilities, head: dict(zip(labels, both.tolist(), strict=True))}
        comment = f"the expensive judge said {head} {labels[said]}"
        kept = f"{second.comment}; {comment}" if second.comment else comment
        return replace(second, **verdict, probabilities=heads, comment=kept)
