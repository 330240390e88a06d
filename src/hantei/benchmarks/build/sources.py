"""What drafts are made from, with the licence and terms that they inherit."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Literal

from msgspec import Struct

from hantei.benchmarks.named import find
from hantei.cards import NonBlank
from hantei.errors import UsageError

NOT_STATED = "not stated"
"""The licence of a source of which nobody said one: no release goes out with it."""
_LONGEST = 4000
"""Characters of a passage; what is beyond is left out."""


class DraftSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something that drafts are made from.

    ``kind`` is ``templates``, ``benchmark`` (seeds, or prompts taken in), ``rules`` (a law or rule as text) or
    ``model`` (nothing but a model and the taxonomy). ``licence`` is None where nobody else's text is in it: who
    releases chooses. ``sha256`` is that of the file.
    """

    name: NonBlank
    kind: Literal["templates", "benchmark", "rules", "model"]
    terms: NonBlank
    licence: NonBlank | None = None
    sha256: str | None = None


class Passage(Struct, frozen=True, kw_only=True):
    """One passage of a law or rule: its number from 1, and its text."""

    number: int
    text: str


def model_source(model: str) -> DraftSource:
    """Return the source of what a model wrote from the taxonomy alone."""
    terms = f"Written by {model} and reviewed by people; the terms of the model's provider hold for its output."
    return DraftSource(name=f"model {model}", kind="model", terms=terms)


def benchmark_source(name: str, licence: str | None, terms: str | None) -> DraftSource:
    """Return the source that seeds of a benchmark are: its card's licence and terms, or those that a user states.

    Raises:
        UsageError: no such benchmark or file.
    """
    card = find(name).card
    return DraftSource(
        name=card.name,
        kind="benchmark",
        licence=card.licence or licence or NOT_STATED,
        terms=card.terms or terms or NOT_STATED,
    )


def rules_source(path: Path, licence: str | None, terms: str | None) -> tuple[DraftSource, list[Passage]]:
    """Return a text of laws or rules as a source, and its passages, which an empty line parts.

    Raises:
        UsageError: it cannot be read, or nothing is in it.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"--law {path}: expected a text file: {why}") from None
    pieces = [piece.strip()[:_LONGEST] for piece in re.split(r"\n[ \t　]*\n", text.replace("\r\n", "\n"))]
    passages = [Passage(number=at, text=piece) for at, piece in enumerate(filter(None, pieces), 1)]
    if not passages:
        raise UsageError(f"--law {path}: expected passages with an empty line between them, found nothing")
    digest = hashlib.sha256(data).hexdigest()
    source = DraftSource(
        name=path.name, kind="rules", licence=licence or NOT_STATED, terms=terms or NOT_STATED, sha256=digest
    )
    return source, passages
