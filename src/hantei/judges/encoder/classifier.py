"""A classifier that can be run as a judge, whoever trained it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hantei.judges.card import JudgeCard
from hantei.judges.encoder.folder import load
from hantei.judges.encoder.outputs import OutputHead, trained_heads
from hantei.judges.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderClassifier:
    """A network with all that is needed to judge with it.

    ``pair`` says whether it reads the question too. ``identity`` is a SHA-256 of everything that makes its output what
    it is. ``languages`` are those that it was trained to judge, None where nobody says. ``outline`` is what the run
    says of it. ``trained`` holds the sorted hashes of its training pairs.
    """

    network: Any
    tokenizer: Any
    heads: tuple[OutputHead, ...]
    pair: bool
    max_tokens: int
    identity: str
    languages: tuple[str, ...] | None
    outline: Mapping[str, Any]
    trained: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    profile: Profile | None = None


def trained_classifier(folder: Path) -> EncoderClassifier:
    """Return an encoder that hantei trained.

    Raises:
        UsageError: there is none, or torch or transformers is not installed.
        CardError: its card contradicts itself, or a file is not the one that the card describes.
    """
    loaded = load(folder)
    return EncoderClassifier(
        network=loaded.network,
        tokenizer=loaded.tokenizer,
        heads=trained_heads(loaded.spec.heads, loaded.spec.temperature),
        pair=loaded.spec.text == "question and answer",
        max_tokens=loaded.spec.max_tokens,
        identity=loaded.card_hash,
        languages=loaded.spec.languages,
        outline=JudgeCard("encoder", loaded.card).outline(),
        trained=loaded.trained,
        profile=loaded.profile,
    )
