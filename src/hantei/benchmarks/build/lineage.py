"""Where a draft comes from, kept in the draft itself, and which drafts are relatives: those never part at a split."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from hantei.errors import RecordError
from hantei.records import Intent, Message, Prompt

KEY = "lineage"
"""Of a draft's ``meta``."""


class Lineage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a draft comes from, beside its ``parent`` and ``variant``.

    ``harm`` is what it was drafted for, whatever a reviewer makes of it. ``source`` is the name of an entry among the
    folder's sources, whose licence it inherits. ``template`` is the id of a template, which its fills in all languages
    share, ``filled`` the words that were put in. ``passage`` names a passage of a law or rule. ``kin`` are the ids, in
    the source, of the prompt that it is or was made from, and of what that was made from. ``model`` was asked with the
    wording of this SHA-256 (12 digits), and ``turn`` counts its turns from 1. ``reference_by`` is who wrote the
    reference answer first.
    """

    harm: str
    source: str
    template: str | None = None
    filled: Mapping[str, str] = msgspec.field(default_factory=dict)
    passage: str | None = None
    kin: tuple[str, ...] = ()
    model: str | None = None
    wording: str | None = None
    turn: int | None = None
    reference_by: str | None = None


def lineage(prompt: Prompt) -> Lineage:
    """Return where a draft comes from.

    Raises:
        RecordError: it does not say so.
    """
    try:
        return msgspec.convert(prompt.meta.get(KEY), Lineage)
    except msgspec.ValidationError as error:
        raise RecordError(f"draft '{prompt.id[:80]}', meta.{KEY}: {error}") from None


def draft(text: str, made: Lineage, **fields: Any) -> Prompt:
    """Return a draft under an id made of its text and ancestry: the same draft twice is one.

    Args:
        text: what is asked.
        made: where it comes from.
        fields: of ``Prompt``: language, intent, region, parent, variant.
    """
    text = text.encode("utf-8", "replace").decode()  # half a surrogate pair, which no file can hold
    language = fields.get("language") or "und"
    digest = hashlib.sha256("\0".join((made.harm, fields.get("parent") or "", text)).encode())
    return Prompt(
        id=f"{_slug(made.harm)}-{language}-{digest.hexdigest()[:10]}",
        messages=(Message(role="user", content=text),),
        harm=made.harm,
        meta={KEY: msgspec.to_builtins(made)},
        **fields,
    )


def with_text(prompt: Prompt, text: str) -> Prompt:
    """Return a prompt whose last user turn says something else."""
    last = max(at for at, turn in enumerate(prompt.messages) if turn.role == "user")
    turn = msgspec.structs.replace(prompt.messages[last], content=text)
    return msgspec.structs.replace(prompt, messages=(*prompt.messages[:last], turn, *prompt.messages[last + 1 :]))


def whole_text(prompt: Prompt) -> str:
    """Return all turns of a prompt as one text: two conversations may end with the same words."""
    return "\n\n".join(turn.content for turn in prompt.messages)


def _slug(harm: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", harm.rpartition("/")[2].lower()).strip("-")[:40] or "harm"


def families(prompts: Iterable[Prompt]) -> dict[str, str]:
    """Return the family of each draft by id: drafts that share an ancestor, a template or a passage are of one family.

    A family is named by the smallest id in it. An ancestor need not be among the drafts: two variations of one seed
    that was left out are still relatives.
    """
    heads: dict[str, str] = {}

    def head(key: str) -> str:
        heads.setdefault(key, key)
        while heads[key] != key:
            heads[key] = heads[heads[key]]
            key = heads[key]
        return key

    ids = []
    for prompt in prompts:
        made = lineage(prompt)
        ids.append(prompt.id)
        for relative in _relatives(prompt.parent, made):
            heads[head(relative)] = head(f"id:{prompt.id}")
    names: dict[str, str] = {}
    for name in sorted(ids):
        names.setdefault(head(f"id:{name}"), name)
    return {name: names[head(f"id:{name}")] for name in ids}


def _relatives(parent: str | None, made: Lineage) -> Iterable[str]:
    if parent:
        yield f"id:{parent}"
    if made.template:
        yield f"template:{made.source}:{made.template}"
    if made.passage:
        yield f"passage:{made.source}:{made.passage}"
    for one in made.kin:
        yield f"item:{made.source}:{one}"


def intent_of(variant: str, parent: Prompt) -> Intent | None:
    """Return what a variant of a prompt wants: a twin is borderline, a contrast benign, others want what it wants."""
    own: dict[str, Intent] = {"twin": "borderline", "contrast": "benign"}
    return own.get(variant, parent.intent)
