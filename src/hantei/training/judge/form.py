"""The card ``critique`` as the form in which a judge is trained, and is asked: ``critique@hf/PATH``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path
from urllib.parse import quote

from msgspec.structs import replace

from hantei.errors import UsageError
from hantei.judges.card import FOLDER, card_files
from hantei.judges.llm_judge import AskedJudge
from hantei.judges.loading import asked_judge
from hantei.judges.render import compiled
from hantei.judges.reply_form import reply
from hantei.models.base import Reply
from hantei.models.load import load_model
from hantei.records import Message
from hantei.training.preferences.setting import CritiqueReading, Dialogue

CARD = "critique"


@dataclass(frozen=True, slots=True)
class CardForm:
    """How the card's judge is asked and read.

    ``judge`` renders its prompts and reads its replies; ``files`` are the texts of the card and the templates by name.
    """

    judge: AskedJudge
    files: Mapping[str, str]

    def messages(self, dialogue: Dialogue) -> Sequence[Message]:
        """Return what is asked, in the language of the dialogue."""
        prompt = replace(dialogue.prompt, language=dialogue.language)
        return self.judge.calls(prompt, dialogue.response)[0].messages

    def completion(self, dialogue: Dialogue, unsafe: bool, critique: str) -> str:
        """Return a reply, the verdict first."""
        return reply(unsafe, critique, dialogue.language)

    def read(self, dialogue: Dialogue, reply: str) -> CritiqueReading:
        """Return what the card reads from a reply."""
        judgment = self.judge.read(dialogue.response, [Reply(text=reply)], prompt=dialogue.prompt)
        return CritiqueReading(judgment.unsafe, judgment.critique or None)


def judge_name(folder: Path) -> str:
    """Return the name of the judge in a folder: ``critique@hf/PATH``, reserved characters percent-encoded."""
    return f"{CARD}@hf/{quote(str(folder), safe='/.-_~')}"


def card_form(folder: Path | None) -> CardForm:
    """Return the form in which the judge of a folder was trained: the card that lies in it, else hantei's.

    Raises:
        UsageError: there is no such folder.
        CardError: the folder's card contradicts itself.
    """
    name = judge_name(folder.resolve() if folder else Path("none"))
    judge = asked_judge(name, load_model(name.partition("@")[2]))
    return CardForm(judge, card_files(judge.card))


def worded(form: CardForm, folder: Path) -> CardForm:
    """Return a form that asks with the templates of another folder (``en.j2``, ``ja.j2``, ``zh.j2``, ``prompt.j2``).

    Raises:
        UsageError: there are none for every language.
        CardError: one is no template.
    """
    files = {file.stem: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.j2"))}
    if not {"en", "prompt"} & set(files):
        raise UsageError(f"{folder}: expected templates of a prompt, en.j2 or prompt.j2, in that folder")
    built = {name: compiled(f"{CARD} in {folder}", name, text) for name, text in files.items()}
    texts = {"card.toml": form.judge.card.toml, **{f"{name}.j2": text for name, text in files.items()}}
    return CardForm(changed(form.judge, templates=built), texts)


def keep_card(form: CardForm, folder: Path) -> None:
    """Write the card with its templates into a judge's folder, so that it is always asked as it was trained."""
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    for name, text in form.files.items():
        (place / name).write_text(text, encoding="utf-8")
