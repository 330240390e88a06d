"""Putting a judge that asks a model together from its name: ``CARD?setting=value@MODEL``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from hantei.cards import did_you_mean
from hantei.errors import CardError, UsageError
from hantei.judges.base import CALIBRATION, TURN, no_setting, split_setting
from hantei.judges.card import STYLE, JudgeCard, card_hash, load_card, templates
from hantei.judges.llm_judge import AskedJudge
from hantei.judges.moderation import for_endpoint
from hantei.judges.render import Template, compiled, exact
from hantei.judges.spec import AskedSpec, SettingSpec
from hantei.judges.validate import asked_spec
from hantei.models import Model

_COMMON = {
    "abstain": SettingSpec(name="abstain", choices=("true", "false"), default="true"),
    "parse": SettingSpec(name="parse", choices=("robust", "paper"), default="robust"),
    "logprobs": SettingSpec(name="logprobs", choices=("true", "false"), default="true"),
}
VARIED = ("wording", "options")
"""Settings that say the same in other words, or in another order: what they do to a rate is the judge's own spread."""

_PROMPT_FILE = SettingSpec(name="prompt_file", file=True)
_LARGEST = 1_000_000
"""Bytes of a file that a setting names: a prompt or a policy, not a data set."""


def split_name(name: str) -> tuple[str, str]:
    """Return the card with its settings, and the model: the name parts at its first ``@``."""
    card, _, model = name.partition("@")
    return card, model


def with_parse(name: str, parse: str) -> str:
    """Return a judge's name with the way its replies are read; one that asks no model has nothing to read.

    Raises:
        UsageError: ``parse`` is neither ``robust`` nor ``paper``.
    """
    if parse not in ("robust", "paper"):
        raise UsageError(f"--parse {parse}: expected robust or paper{did_you_mean(parse, ('robust', 'paper'))}")
    card, model = split_name(name)
    if not model or parse == "robust":
        return name
    return f"{card}{'&' if '?' in card else '?'}parse={parse}@{model}"


def rewordings(name: str) -> tuple[str, ...]:
    """Return the names of a judge in each other wording and order of options that its card has, one change at a time.

    Raises:
        UsageError: no such card or setting.
        CardError: the card contradicts itself.
    """
    given, model = split_name(name)
    card = load_card(given)
    if not model or not card.asks or split_setting(name, CALIBRATION)[1] is not None:
        return ()
    spec = _spec(card)
    now, asked = (
        _settings(split_setting(given, TURN)[0], spec),
        dict(parse_qsl(given.partition("?")[2], keep_blank_values=True)),
    )
    changes = ((key, choice) for key in VARIED if key in spec.settings for choice in spec.settings[key].choices)
    return tuple(
        f"{given.partition('?')[0]}?{urlencode({**asked, key: choice}, safe='/')}@{model}"
        for key, choice in changes
        if choice != now[key]
    )


def asked_judge(name: str, model: Model) -> AskedJudge:
    """Return the judge ``name`` asking ``model``.

    Args:
        name: ``CARD?setting=value@MODEL``; what follows the ``@`` is only part of the name here.
        model: the model to ask.

    Raises:
        UsageError: no such card or setting, a file that cannot be read, or a card that asks no model.
        CardError: the card contradicts itself.
    """
    given, _ = split_name(name)
    card = load_card(name)
    if not card.asks:
        raise UsageError(f"--judge {name}: {card.name} asks no model; write --judge {given}")
    spec = _spec(card)
    settings = _settings(given, spec)
    files = {key: _file(name, key, value) for key, value in settings.items() if spec.settings[key].file}
    published = _published(card, spec, files)
    built = {} if published else {file: compiled(card.name, file, text) for file, text in templates(card).items()}
    if not published:
        _check_templates(card, spec, built)
    return AskedJudge(
        name=name,
        card_hash=card_hash(card, [text.encode() for text in (*_added(spec, settings), *_sorted(files))]),
        model=for_endpoint(model, spec.endpoint),
        card=card,
        spec=spec,
        settings={**settings, **files},
        templates=built,
        published=published,
    )


def _spec(card: JudgeCard) -> AskedSpec:
    """Return the card's spec with the settings that every card has."""
    spec = asked_spec(card.name, card.data)
    exactly = {"prompt_file": _PROMPT_FILE} if _takes_file(card, spec) else {}
    return replace(spec, settings={**_COMMON, **spec.settings, **exactly})


def _takes_file(card: JudgeCard, spec: AskedSpec) -> bool:
    return bool(spec.exact_url) and not card.name.endswith(STYLE)


def _settings(given: str, spec: AskedSpec) -> dict[str, str]:
    query = given.partition("?")[2]
    asked = dict(parse_qsl(query, keep_blank_values=True))
    for key, value in asked.items():
        setting = spec.settings.get(key)
        if setting is None:
            raise UsageError(no_setting(given, key, sorted(spec.settings)))
        if not setting.file and value not in setting.choices:
            hint = did_you_mean(value, setting.choices)
            raise UsageError(f"--judge {given}: expected {key}={' or '.join(setting.choices)}, got '{value}'{hint}")
    if asked.get("parse") == "paper" and not _has_paper(spec):
        raise UsageError(f"--judge {given}: how the published parser reads a reply is not known; leave out parse=paper")
    defaults = {key: setting.default for key, setting in spec.settings.items() if setting.default is not None}
    return {**defaults, **asked}


def _added(spec: AskedSpec, settings: Mapping[str, str]) -> list[str]:
    """Return the settings whose value adds a text to the prompt: with it the judge is another one."""
    known = {name: {*setting.texts, setting.by_region} for name, setting in spec.settings.items()}
    return [f"{name}={value}" for name, value in sorted(settings.items()) if value in known[name]]


def _sorted(files: Mapping[str, str]) -> list[str]:
    return [text for _, text in sorted(files.items())]


def _has_paper(spec: AskedSpec) -> bool:
    return all(field.paper for ask in spec.asks for field in ask.fields if field.required)


def _file(name: str, key: str, value: str) -> str:
    path = Path(value)
    try:
        data = path.read_bytes()
        if len(data) > _LARGEST:
            raise UsageError(f"--judge {name}: {key}={value} has more than {_LARGEST:,} bytes")
        return data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--judge {name}: {key}={value} cannot be read as UTF-8 text: {error}") from None


def _published(card: JudgeCard, spec: AskedSpec, files: Mapping[str, str]) -> dict[str, Template]:
    """Return the user's copy of the published prompt by request; several are parted by lines ``=== NAME ===``.

    Raises:
        UsageError: the card needs a copy and there is none, or it lacks a part or a placeholder.
    """
    if not _takes_file(card, spec):
        return {}
    if "prompt_file" not in files:
        raise UsageError(
            f"--judge {card.name}: this model was tuned on one exact prompt, which is not hantei's to ship: copy it "
            f"from {spec.exact_url} into a file and write {card.name}?prompt_file=FILE@MODEL, or use {card.name}{STYLE}"
        )
    names = [ask.name for ask in spec.asks]
    parts = {names[0]: files["prompt_file"]} if len(names) == 1 else _parts(files["prompt_file"])
    for name in names:
        for needed in [f"=== {name} ==="] if name not in parts else [*spec.exact]:
            if needed not in parts.get(name, ""):
                raise UsageError(f"--judge {card.name}: the file of the published prompt lacks {needed}")
    return {name: exact(parts[name], spec.exact) for name in names}


def _parts(text: str) -> dict[str, str]:
    pieces = re.split(r"(?m)^=== (\w+) ===[ \t]*\n", text)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def _check_templates(card: JudgeCard, spec: AskedSpec, built: Mapping[str, Template]) -> None:
    if "template" not in spec.layout:
        return
    for ask in spec.asks:
        names = (f"{ask.template}.en" if ask.template else "en", ask.template or "prompt")
        if not set(names) & set(built):
            raise CardError(f"judge card {card.name}: no template {names[0]}.j2 or {names[1]}.j2 beside it")
