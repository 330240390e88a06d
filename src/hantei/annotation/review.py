"""Drafts under review: what people are shown, what they say, and what stands in the end."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

from hantei.annotation.items import LabelItem, item_key
from hantei.annotation.label import Comment, LabelId, Seconds
from hantei.benchmarks.build.lineage import families
from hantei.benchmarks.checking import SHORTEST
from hantei.errors import UsageError
from hantei.records import Prompt
from hantei.runs.index import Location
from hantei.runs.label_lines import Review, ReviewDecision, Transfer
from hantei.taxonomy import Node, Taxonomy, title

PAIRED = ("translation", "adaptation")
"""Variants that are shown side by side with what they were made from, and asked about transfer."""
Mended = Annotated[str, Meta(max_length=20_000)]


class Reviewed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person says of a draft on the page: ``text``, ``reference`` and ``harm`` as they are to stand.

    None for one of these where it stays as it is.
    """

    decision: ReviewDecision | None = None
    harm: str | None = None
    text: Mended | None = None
    reference: Mended | None = None
    transfer: Transfer | None = None
    comment: Comment | None = None
    skip: bool = False


class NewReview(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page sends; as ``NewLabel``, and ``seen`` is the version of the draft that it showed."""

    id: LabelId
    item: str
    said: Reviewed
    seen: str
    based_on: str | None = None
    look: int = 1
    seconds: Seconds = 0.0


def version_of(draft: Prompt) -> str:
    """Return the SHA-256 of what of a draft is reviewed, 12 digits."""
    parts = [*(f"{turn.role} {turn.content}" for turn in draft.messages), draft.reference or "", draft.harm or ""]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


class DraftItems:
    """The drafts to review by key; their ``place`` holds the number of their family."""

    def __init__(self, drafts: Sequence[Prompt], others: Mapping[str, Prompt], tree: Taxonomy) -> None:
        """Take the drafts.

        Args:
            drafts: those to review, in order.
            others: all drafts by id, for what one was made from.
            tree: of their harms.
        """
        self._drafts = {item_key(one.id): one for one in drafts}
        self._others, self.tree = others, tree
        family = families(drafts)
        number = {name: at for at, name in enumerate(dict.fromkeys(family.values()))}
        self.by_key = {
            key: LabelItem(key, one.id, Location(at, 0, number[family[one.id]]))
            for at, (key, one) in enumerate(self._drafts.items(), 1)
        }

    def draft(self, key: str) -> Prompt:
        """Return the draft of a key."""
        return self._drafts[key]

    def source(self, key: str) -> Prompt | None:
        """Return what a draft was made from, None where that is not among the drafts."""
        return self._others.get(self.draft(key).parent or "")

    def paired(self, key: str) -> bool:
        """Whether a draft is asked whether its concern survives in the other culture."""
        return self.draft(key).variant in PAIRED and self.source(key) is not None

    def harms(self) -> tuple[Node, ...]:
        """Return the harms to choose from."""
        return self.tree.leaves()

    def _titles(self, harm: str) -> list[Mapping[str, str]]:
        """Return the titles of a harm and of what is above it, from the widest, each by language."""
        node = self.tree.node(harm)
        above = self.tree.node(node.parent) if node else None
        return [one.title for one in (above, node) if one] or [{"en": title(harm)}]

    def shown(self, item: LabelItem) -> dict[str, Any]:
        """Return what a person sees of a draft: its turns, what it was made from, and what it is said to be."""
        draft, source = self.draft(item.key), self.source(item.key)
        return {
            "language": draft.language,
            "turns": _turns(draft),
            "source": {"language": source.language, "turns": _turns(source)} if source else None,
            "about": {
                "harm": self._titles(draft.harm or ""),
                "intent": draft.intent,
                "variant": draft.variant,
                "region": draft.region,
                "language": draft.language,
            },
            "paired": self.paired(item.key),
            "mends": True,
            "seen": version_of(draft),
        }


def _turns(prompt: Prompt) -> list[dict[str, Any]]:
    return [{"role": one.role, "name": one.name, "text": one.content, "calls": []} for one in prompt.messages]


def check(said: Reviewed, draft: Prompt, harms: Sequence[Node], paired: bool) -> None:
    """Look whether something can be said of a draft.

    Args:
        said: what was said.
        draft: of which.
        harms: to choose from.
        paired: whether its transfer is asked.

    Raises:
        UsageError: it cannot.
    """
    if said.skip:
        return
    if said.decision is None or (paired and said.transfer is None):
        raise UsageError("expected a decision, and for a translation or adaptation whether its concern transfers")
    if said.transfer is not None and not paired:
        raise UsageError("transfer: asked of translations and adaptations alone")
    if said.harm not in (None, draft.harm) and said.harm not in {node.id for node in harms}:
        raise UsageError("harm: none of the taxonomy")
    if said.text is not None and sum(map(str.isalnum, said.text)) < SHORTEST:
        raise UsageError("text: expected a prompt; to leave it out, reject it")


def review_of(said: Reviewed, draft: Prompt, **known: object) -> Review:
    """Return what was said as a line; ``known`` are the fields that the page does not decide."""
    comment = (said.comment or "").strip() or None
    known = {**known, "response_id": draft.id, "seen": version_of(draft), "comment": comment}
    if said.skip:
        return Review(**known, status="abstained", reason="skipped")  # type: ignore[arg-type]
    return Review(
        **known,  # type: ignore[arg-type]
        decision=said.decision,
        harm=_changed(said.harm, draft.harm),
        text=_changed(said.text, draft.text),
        reference=_changed(said.reference, draft.reference or ""),
        transfer=said.transfer,
    )


def _changed(new: str | None, old: str | None) -> str | None:
    """Return what something is to be, None where it stays."""
    clean = None if new is None else new.replace("\r\n", "\n").strip()
    return None if clean is None or clean == (old or "").strip() else clean


def reviewed_by(review: Review | None) -> Reviewed:
    """Return what a line says: mended texts as they are to stand, None for what stays."""
    if review is None:
        return Reviewed()
    return Reviewed(
        decision=review.decision,
        harm=review.harm,
        text=review.text,
        reference=review.reference,
        transfer=review.transfer,
        comment=review.comment,
        skip=review.skipped,
    )


def alike(reviews: Sequence[Review]) -> bool:
    """Whether people say the same of a draft.

    They decide the same; accepting it they mean the same harm, say the same of its transfer, and where more than one
    mended a text, mended it alike: what one alone mended stands.
    """
    if len({one.decision for one in reviews}) > 1:
        return False
    if all(one.decision == "reject" for one in reviews):
        return True
    rivals = [{getattr(one, name) for one in reviews} - {None} for name in ("text", "reference")]
    return max(map(len, rivals)) < 2 and len({(one.harm, one.transfer) for one in reviews}) == 1


def settled(reviews: Sequence[Review], ruling: Review | None, needed: int) -> Review | None:
    """Return what stands of a draft in the end, None while that is open.

    It is the ruling of whoever decides, else what all say, of whom there must be ``needed``: one line with what any of
    them mended.
    """
    if ruling is not None:
        return ruling
    if len(reviews) < needed or not alike(reviews):
        return None
    first = reviews[0]
    return replace(first, text=_mended(reviews, "text"), reference=_mended(reviews, "reference"))


def _mended(reviews: Sequence[Review], name: str) -> str | None:
    return next((value for one in reviews if (value := getattr(one, name)) is not None), None)
