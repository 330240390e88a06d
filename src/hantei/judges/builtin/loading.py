"""The built-in judge from its files: the card says which they are, and each is checked against it."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from hantei.errors import CardError
from hantei.judges.base import flag, one_of, settings_of
from hantei.judges.builtin import semantic
from hantei.judges.builtin.encoder import Encoder, sentence_encoder
from hantei.judges.builtin.model import BuiltinJudge
from hantei.judges.builtin.weights import BuiltinWeights, read
from hantei.judges.card import JudgeCard
from hantei.judges.profile import Profile
from hantei.judges.topics import Topics

CARDS = {"use": "card.toml", "none": "card_none.toml"}
FILES = {"use": ("weights.npz", "semantic.npz", "profile.npz", "topics.npz"), "none": ("weights.npz", "profile.npz")}
_MODES = ("usual", "strict")


def load_named(name: str) -> BuiltinJudge:
    """Return the shipped judge by its full name: ``builtin``, ``builtin?encoder=none&mode=strict&abstain=false``.

    Raises:
        UsageError: a setting that it does not have, or one that needs a package that is not installed.
        CardError: the shipped files are broken.
    """
    settings = settings_of(name, {"abstain": "true", "encoder": "use", "mode": "usual"})
    encoder = one_of(name, settings, "encoder", tuple(CARDS))
    strict = one_of(name, settings, "mode", _MODES) == "strict"
    return load(name=name, abstain=flag(name, settings, "abstain"), encoder=encoder, strict=strict)


def load(
    path: Path | None = None,
    *,
    name: str = "builtin",
    abstain: bool = True,
    encoder: str = "use",
    strict: bool = False,
) -> BuiltinJudge:
    """Return the judge whose card, weights and profile are in the folder ``path``, by default the shipped one.

    Args:
        path: the folder.
        name: the judge's full name, as judgments carry it.
        abstain: whether a language without a measurement gets no verdict.
        encoder: ``use`` for words and meaning, ``none`` for words alone.
        strict: whether to call fewer answers unsafe: 5% of the safe ones in sources that the fit left out.

    Raises:
        CardError: a file is missing or broken, or is not the one that the card describes.
        UsageError: the encoder's package is not installed.
    """
    folder = path or Path(__file__).parent
    text, card = _card(folder, encoder)
    profile, reading = _profile(folder / "profile.npz", card.data["profile"]["sha256"]), Encoder()
    if encoder == "use":
        sentence_encoder()
        profile = replace(profile, topics=Topics.load(folder / "topics.npz", reading.topics))
    return BuiltinJudge(
        _weights(folder / "weights.npz", card.data["weights"]["sha256"]),
        hashlib.sha256(text + b"strict" * strict).hexdigest(),
        card.data["languages"],
        name=name,
        abstain=abstain,
        profile=profile,
        encoder=reading,
        semantic=semantic.read(folder / "semantic.npz") if encoder == "use" else None,
        strict=strict,
        outline=card.outline(),
    )


# A run loads the judge to judge, and its report once more to explain: the files are unpacked once.
@lru_cache(maxsize=2)
def _weights(file: Path, _sha256: str) -> BuiltinWeights:
    return read(file)


@lru_cache(maxsize=2)
def _profile(file: Path, _sha256: str) -> Profile:
    return Profile.load(file)


def _card(folder: Path, encoder: str) -> tuple[bytes, JudgeCard]:
    """Return the card of a build, the files that it describes checked.

    Raises:
        CardError: a file is missing, or is not the one that the card describes.
    """
    file = folder / CARDS[encoder]
    try:
        text = file.read_bytes()
        data = tomllib.loads(text.decode("utf-8"))
        for part in FILES[encoder]:
            if hashlib.sha256((folder / part).read_bytes()).hexdigest() != data[part.partition(".")[0]]["sha256"]:
                raise CardError(f"{folder / part}: is not the file that {file.name} describes; train or install again")
        data["languages"]
    except (OSError, ValueError, KeyError) as error:
        expected = f"{file.name} and {', '.join(FILES[encoder])} of the built-in judge"
        raise CardError(f"{folder}: expected {expected}: {error}") from None
    return text, JudgeCard("builtin", data, text.decode("utf-8"), folder)
