"""The cascade as a judge: one class where the expensive judge runs here, one where it asks a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from hantei.judges.base import Judge
from hantei.judges.cascade.rule import Rule, chances_of, verdict_of
from hantei.records import Judgment, Prompt, Response

if TYPE_CHECKING:
    from hantei.judges.asked import AskedJudge
    from hantei.judges.profile import Profile
    from hantei.models import Model, Reply, Request

Pair = tuple[Prompt, Response]

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
    rule: Rule
    threshold: float
    about: Mapping[str, Any]

    def outline(self) -> dict[str, Any]:
        """Return what ``run.json`` and the report say of the judge."""
        return dict(self.about)

    @property
    def profile(self) -> Profile | None:
        """What the cheap judge's training answers look like: on others it may be sure and wrong."""
        return getattr(self.cheap, "profile", None)

    def judge(self, pairs: Sequence[Pair]) -> list[Judgment]:
        """Return one judgment for each pair, in order; the expensive judge sees only the pairs that need it."""
        first = self.cheap.judge(pairs)
        asked = self.asks(first)
        rest = [pair for pair, ask in zip(pairs, asked, strict=True) if ask]
        second = iter(self.expensive.judge(rest) if rest else [])
        return [
            self._both(judgment, next(second)) if ask else self._cheap(judgment)
            for judgment, ask in zip(first, asked, strict=True)
        ]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingCascade(Cascade):
    """A cascade whose expensive judge asks a model: the engine makes the calls, and only those that are needed."""

    expensive: AskedJudge

    @property
    def model(self) -> Model:
        """What is asked."""
        return self.expensive.model

    def no_call(self, prompt: Prompt, response: Response) -> Judgment | None:
        """Return the judgment where the cheap judge's stands or no call can give one, None where a call is needed."""
        first = self.cheap.judge([(prompt, response)])
        if not self.asks(first)[0]:
            return self._cheap(first[0])
        second = self.expensive.no_call(prompt, response)
        return None if second is None else self._both(first[0], second)

    def calls(self, prompt: Prompt, response: Response) -> tuple[Request, ...]:
        """Return the requests of the expensive judge."""
        return self.expensive.calls(prompt, response)

    def read(
        self,
        response: Response,
        replies: Sequence[Reply],
        attempts: Sequence[str] = (),
        prompt: Prompt | None = None,
    ) -> Judgment:
        """Return the judgment that the replies to ``calls`` amount to; the cheap judge reads the pair once more.

        Raises:
            ValueError: no ``prompt``, without which the cheap judge cannot judge.
        """
        if prompt is None:
            raise ValueError("a cascade reads a reply with the prompt that it is about")
        first = self.cheap.judge([(prompt, response)])[0]
        return self._both(first, self.expensive.read(response, replies, attempts, prompt))
