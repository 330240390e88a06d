"""Finding a judge by its name: ``CARD``, ``CARD?setting=value``, ``CARD?setting=value@MODEL``."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from hantei.errors import UsageError
from hantei.judges.base import CALIBRATION, TURN, Judge, split_setting
from hantei.judges.calibrated import calibrated
from hantei.judges.card import card_names, load_card
from hantei.judges.classifying import as_judge, cores
from hantei.judges.turn_by_turn import turn_by_turn
from hantei.judges.user_judge import check_own
from hantei.models.names import model_of_folder, parse_name
from hantei.registry import JUDGES

if TYPE_CHECKING:
    from hantei.judges.builtin.model import BuiltinJudge


def load_judge(name: str, workers: int | None = 1) -> Judge:
    """Return the judge of this name, ready to judge.

    ``workers`` is how many processes judge, for a judge that uses one core: the built-in one. None is all cores but one
    where that pays: where it reads meaning, too. Models are asked side by side anyway, and encoders use all cores.

    Raises:
        UsageError: there is no such judge, it takes no such setting, it needs a model or asks none, it is a person, or
            its calibration is of another version.
        CardError: the judge's card contradicts itself.
        InputError: its calibration is no calibration file.
    """
    if name.startswith("human:"):
        raise UsageError(f"--judge {name}: a person is no judge to run; import the labels, or use hantei annotate")
    plain, file = split_setting(name, CALIBRATION)
    if file is not None:  # first: it was fitted to what the judge says of what it is shown
        return calibrated(load_judge(plain, workers), name, file)
    plain, turn = split_setting(name, TURN)
    if turn is not None:
        return turn_by_turn(load_judge(plain, workers), name, turn)
    card, _, model = name.partition("@")
    _check_no_model(name)
    offered = _offered(name)
    if offered is not None:
        return offered
    if load_card(card).asks:
        return _asked(name, model)
    folder, _, settings = card.partition("?")
    loader = _LOADERS.get(folder)
    if loader is None and not model and (Path(folder) / "config.json").is_file():
        return load_judge(f"encoder{'?' if settings else ''}{settings}@{model_of_folder(folder)}")
    if loader is None:
        raise UsageError(f"--judge {name}: the card has no [[ask]] table, so there is nothing to ask a model")
    if model and loader == _LOADERS["builtin"]:
        raise UsageError(f"--judge {name}: {card} asks no model; write --judge {card}")
    found = import_module(loader).load_named(name)
    return as_judge(found, _processes(found, workers) if loader == _LOADERS["builtin"] else 1)


def _processes(judge: BuiltinJudge, workers: int | None) -> int:
    return workers or (1 if judge.semantic is None else max(1, len(cores()) - 1))


_LOADERS = {
    "builtin": "hantei.judges.builtin.loading",
    "encoder": "hantei.judges.encoder.judge",
    "gliguard": "hantei.judges.encoder.zero_shot",
    "opir": "hantei.judges.encoder.zero_shot",
    "cascade": "hantei.judges.cascade.loading",
    "recorded": "hantei.judges.recorded",
}
"""Judges that are not asked by a card's template: the module that loads each by its full name (``load_named``)."""


def _offered(name: str) -> Judge | None:
    """Return the judge that another package offers under this name, None where none does or it offers a card's folder.

    Raises:
        UsageError: what it offers is no judge.
    """
    card = name.partition("@")[0].partition("?")[0]
    if card in _LOADERS or card in card_names() or "/" in card or "\\" in card:
        return None
    found = JUDGES.find(card, name)
    if found is None or isinstance(found, str | os.PathLike):
        return None
    try:
        check_own(found)
    except UsageError as error:
        raise UsageError(f"{JUDGES.whose(card)}: {error}") from None
    return as_judge(found)


def _check_no_model(name: str) -> None:
    """Raise a UsageError where the name is that of a model, which needs a card to be a judge.

    Raises:
        UsageError: it is.
    """
    model = name.partition("?")[0]
    if "@" in name or not model.startswith(_PROVIDERS) or (Path(model) / "card.toml").is_file():
        return
    parse_name(name)  # which repeats no key that stands in the place of a name
    fitting = [card for card in card_names() if "guard" in card and card in model.lower()]
    judge = f"{max(fitting, key=len, default='rubric')}@{name}"
    raise UsageError(
        f"--judge {name}: a model is a judge with a card that says what it is asked and how its reply is read; "
        f"did you mean '{judge}'?"
    )


_PROVIDERS = ("openai/", "hf/", "inspect/")


def _asked(name: str, model: str) -> Judge:
    if not model:
        raise UsageError(f"--judge {name}: needs a model to ask, such as {name}@openai/gpt-4o")
    from hantei.judges.loading import asked_judge
    from hantei.models import load_model

    return asked_judge(name, load_model(model))
