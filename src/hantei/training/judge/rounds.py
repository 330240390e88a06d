"""``hantei train judge-preferences``: preference rounds of real judges, on labelled dialogues with critiques."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hantei.critiques.critique import Checker
from hantei.critiques.embedded import EmbeddedChecker
from hantei.critiques.matching import matcher
from hantei.engine.limits import Limits
from hantei.errors import UsageError
from hantei.models.extras import needed
from hantei.progress import Say
from hantei.tasks.critiquing import model_checker, with_cache
from hantei.training.judge.dialogues import read_samples
from hantei.training.judge.form import CardForm, card_form, keep_card
from hantei.training.judge.product import finish_rounds, inherited
from hantei.training.preferences.options import RoundOptions
from hantei.training.preferences.rounds import Rounds, run_rounds
from hantei.training.preferences.setting import Dialogue, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRounds:
    """What rounds are run on.

    Args:
        judges: folders of two or more first judges.
        train: tables of labelled dialogues to write critiques of; with reference units or critiques they are scored.
        validation: tables of labelled dialogues with reference units or critiques.
        checker: a model that checks units; None for ``matcher``.
        matcher: what matches units without a model: ``encoder`` or ``lexical``.
        mapping: field or label to column where a name is not the usual.
        language: of rows that do not say.
        encoding: of the files.
        limits: of the calls of ``checker``.
        prices: a file of prices in place of hantei's own.
        licence: the terms of the data, for the card.
    """

    judges: tuple[Path, ...]
    train: tuple[Path, ...]
    validation: tuple[Path, ...]
    checker: str | None = None
    matcher: str = "encoder"
    mapping: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    encoding: str | None = None
    limits: Limits = field(default_factory=Limits)
    prices: Path | None = None
    licence: str = "not stated"


def run_judge_rounds(given: JudgeRounds, out: Path, options: RoundOptions, say: Say = lambda _line: None) -> Rounds:
    """Run preference rounds, and give each judge that came of them its card and the prompt that it knows.

    Args:
        given: judges and dialogues.
        out: the folder, in which the same call goes on.
        options: the choices.
        say: takes lines for people.

    Raises:
        UsageError: choices, dialogues or judges that do not fit, or a library is not installed.
        InputError: a file cannot be read.
        CardError: the card in a judge's folder contradicts itself.
        RunError: the folder is in use, damaged or of other rounds, or a round gave nothing.
    """
    needed("trl", "tune")
    form = _form(given.judges)
    setting = Setting(
        judges=given.judges,
        train=_dialogues(given, given.train),
        validation=_dialogues(given, given.validation),
        form=form,
        checker=_checker(given, out),
    )
    found = run_rounds(setting, out, options, say)
    licence = inherited(given.licence, given.judges)
    for one in found.state.rounds:
        keep_card(form, out / "judges" / one.judge)
        finish_rounds(out / "judges" / one.judge, one, found, licence)
    return found


def _form(judges: Sequence[Path]) -> CardForm:
    """Return the prompt of all first judges.

    Raises:
        UsageError: they were trained on different ones.
    """
    forms = [card_form(folder) for folder in judges]
    for folder, form in zip(judges, forms, strict=True):
        if form.files != forms[0].files:
            raise UsageError(f"{folder}: was trained on another prompt than {judges[0]} (judge/ in their folders)")
    return forms[0]


def _dialogues(given: JudgeRounds, files: Sequence[Path]) -> list[Dialogue]:
    return [one.dialogue for one in read_samples(files, given.mapping, given.language, given.encoding)]


def _checker(given: JudgeRounds, out: Path) -> Checker:
    if given.checker is None:
        return EmbeddedChecker(matcher(given.matcher))
    return model_checker(given.checker, with_cache(given.limits, out / "replies"), given.prices)
