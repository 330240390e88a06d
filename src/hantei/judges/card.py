"""Cards: what is known of a judge, and, where it asks a model, the prompt and how a reply is read.

A judge that asks a model is a folder with ``card.toml`` and its templates: ``LANGUAGE.j2``, or one ``prompt.j2``. It
comes with hantei (``judges/cards``), or it is a folder of the user's own, named by its path (``./my-judge``). A card
whose model was tuned on one exact prompt is two judges: ``NAME`` takes that prompt from a file of the user's,
``NAME-style`` uses a wording of hantei's own.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args
from urllib.parse import unquote

from hantei import cards
from hantei.errors import CardError, UsageError
from hantei.judges.card_file import JudgeCardFile, Verification
from hantei.judges.seen import Seen, seen
from hantei.registry import JUDGES

EVIDENCE: tuple[str, ...] = get_args(Verification)
"""How it is known that a card works, best first."""

STYLE = "-style"
FOLDER = "judge"
"""Where a model that was trained to be a card's judge has that card."""

_HERE = Path(__file__).parent
_OUTLINE = ("version", "description", "licence", "languages", "evidence", "weak", "notices")


@dataclass(frozen=True, slots=True)
class JudgeCard:
    """What is known of a judge. ``data`` is the whole card, ``toml`` the text that it was read from."""

    name: str
    data: Mapping[str, Any]
    toml: str = ""
    folder: Path = field(default_factory=Path)

    @property
    def rate_kind(self) -> str:
        """``violation`` where the judge is validated on this kind of answers, else ``flagged``."""
        return str(self.data.get("rate_kind", "flagged"))

    @property
    def asks(self) -> bool:
        """Whether the judge asks a model, so that its name needs one: ``CARD@MODEL``."""
        return "ask" in self.data

    def outline(self) -> dict[str, Any]:
        """Return what ``run.json`` and the report say of the judge."""
        said = {key: self.data[key] for key in _OUTLINE if key in self.data}
        sees = self.seen()
        return {"rate_kind": self.rate_kind, **said, **(sees.outline() if sees else {})}

    def seen(self) -> Seen | None:
        """Return what the judge sees of a conversation, and in which order it writes; None where that is not known."""
        return seen(self.name, self.data, templates(self) if self.asks else {})

    def text(self) -> str:
        """Return the card as its file holds it."""
        return self.toml

    def sheet(self) -> str:
        """Return a data sheet for people: what the judge is, its languages, terms and evidence, where it is weak."""
        from hantei.judges.sheet import sheet

        sees = self.seen()
        return sheet(self.name, {**self.data, **(sees.outline() if sees else {})})


def card_names() -> list[str]:
    """Return the names of the judges that come with hantei."""
    names = {"builtin"} if (_HERE / "builtin" / "card.toml").is_file() else set()
    for file in (_HERE / "cards").glob("*/card.toml"):
        names.add(file.parent.name)
        if _tuned(_parsed(file.parent.name, file.read_text(encoding="utf-8"))):
            names.add(file.parent.name + STYLE)
    return sorted(names)


def load_card(name: str) -> JudgeCard:
    """Return the card of a judge.

    Args:
        name: a card's name, the path of a folder with a card, or the full name of a judge, of which its card is meant.

    Raises:
        UsageError: there is no such card.
        CardError: the card cannot be read, or a field of it is missing.
    """
    card = name.partition("@")[0].partition("?")[0]
    folder, style = _model_folder(card, name.partition("@")[2]) or _folder(card)
    toml = _text(card, folder / "card.toml")
    data = _parsed(card, toml)
    if style:
        title = f"{data.get('title', card)} (our wording)"
        data |= {"name": card, "title": title, "evidence": "untested", "rate_kind": "flagged"}
    if "ask" in data:  # the built-in judge's and an encoder's are checked where they are written
        cards.typed(data, JudgeCardFile, f"judge card {card}")
    return JudgeCard(card, data, toml, folder)


def _model_folder(card: str, model: str) -> tuple[Path, bool] | None:
    """Return the folder of the card that a trained model brings, None where it brings none.

    That of an encoder is the model's own folder. A model that was trained to be a card's judge has the card as it was
    then in ``FOLDER``: it is asked in the words that it was trained on, whatever hantei's card says by now.
    """
    if not model.startswith("hf/"):
        return None
    folder = Path(unquote(model.partition("?")[0].removeprefix("hf/")))
    place = folder if card == "encoder" else folder / FOLDER
    if not (place / "card.toml").is_file():
        return None
    return (place, False) if card == "encoder" or _named(place) == card else None


def _named(place: Path) -> str:
    """Return how the card in a folder is called."""
    return str(_parsed(str(place), _text(str(place), place / "card.toml")).get("name", ""))


def card_files(card: JudgeCard) -> dict[str, str]:
    """Return the text of a card's files by file name: the card and its templates."""
    return {"card.toml": card.toml, **{f"{name}.j2": text for name, text in templates(card).items()}}


def _folder(card: str) -> tuple[Path, bool]:
    """Return the folder of a card, and whether the name means the card with hantei's own wording.

    Raises:
        UsageError: there is no such card.
    """
    if "/" in card or "\\" in card:
        folder = Path(card)
        if not (folder / "card.toml").is_file():
            raise UsageError(f"--judge {card}: no card.toml in that folder")
        return folder, False
    if card == "builtin" and (_HERE / card / "card.toml").is_file():
        return _HERE / card, False
    known = card_names()
    if card not in known:
        return _offered_folder(card, known), False
    style = card.endswith(STYLE) and not (_HERE / "cards" / card).is_dir()
    return _HERE / "cards" / (card.removesuffix(STYLE) if style else card), style


def _offered_folder(card: str, known: Sequence[str]) -> Path:
    """Return the folder of a card that another package offers.

    Raises:
        UsageError: none does, or what it offers has no card.
    """
    offered = JUDGES.find(card, card)
    if offered is None:
        hint = JUDGES.unknown(card, known) or "; a model is asked with a card, as in rubric@openai/gpt-4o"
        names = ", ".join([*known, *JUDGES.names()])
        raise UsageError(f"--judge {card}: no such judge; choose from {names} or a folder such as ./my-judge{hint}")
    if not isinstance(offered, str | os.PathLike) or not (Path(offered) / "card.toml").is_file():
        raise UsageError(f"--judge {card}: comes from the package {JUDGES.packages()[card]} and has no card to show")
    return Path(offered)


def _tuned(data: Mapping[str, Any]) -> bool:
    return bool(data.get("prompt", {}).get("exact_url"))


def _text(card: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CardError(f"judge card {card}: {file} is not UTF-8: {error.reason} at byte {error.start}") from None


def _parsed(card: str, toml: str) -> dict[str, Any]:
    return cards.parse(toml, f"judge card {card}")


def templates(card: JudgeCard) -> dict[str, str]:
    """Return the source of a card's templates by file name without ``.j2``."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(card.folder.glob("*.j2"))}


def card_hash(card: JudgeCard, user_files: Iterable[bytes] = ()) -> str:
    """Return the SHA-256 of a card, its templates and the files that the user named, in hexadecimal."""
    parts = [card.name.encode(), card.toml.encode()]
    parts += [part.encode() for item in templates(card).items() for part in item]
    digest = hashlib.sha256()
    for part in [*parts, *user_files]:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
