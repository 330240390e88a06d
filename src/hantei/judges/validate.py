"""A card's tables as an ``AskedSpec``, checked against one another: a contradiction names the card and the field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from hantei import cards
from hantei.errors import CardError
from hantei.judges.card_file import (
    AskTable,
    FieldTable,
    JudgeCardFile,
    PaperTable,
    ProbabilityTable,
    RuleTable,
    SettingTable,
    VerdictTable,
)
from hantei.judges.reading import fold
from hantei.judges.scores import score_pattern, score_spellings
from hantei.judges.spec import (
    AskedSpec,
    AskSpec,
    FieldSpec,
    LabelRule,
    PaperRule,
    ProbabilityRule,
    SettingSpec,
    VerdictSpec,
)
from hantei.judges.verdict import FORMULAS
from hantei.records import REFUSALS

TEXTS = ("question", "answer", "reference", "criteria")
"""The texts of a pair that a prompt may hold."""


def asked_spec(card: str, data: Mapping[str, Any]) -> AskedSpec:
    """Return what the card ``data`` says, checked.

    Raises:
        CardError: a field is missing, unknown or does not fit; the message names the card and the field.
    """
    what = f"judge card {card}"
    file = cards.typed(data, JudgeCardFile, what)
    spec = AskedSpec(
        layout=file.prompt.layout,
        languages=_list(file.languages),
        max_tokens=file.prompt.max_tokens,
        top_logprobs=file.prompt.top_logprobs,
        needs=_texts(f"{what}, prompt.needs", _list(file.prompt.needs)),
        exact=dict(zip(file.prompt.exact, _texts(f"{what}, prompt.exact", file.prompt.exact.values()), strict=True)),
        exact_url=file.prompt.exact_url,
        settings={name: _setting(f"{what}, settings.{name}", name, table) for name, table in file.settings.items()},
        asks=tuple(_ask(f"{what}, ask[{number}]", table) for number, table in enumerate(file.ask, 1)),
        verdict=_verdict(f"{what}, verdict", file.verdict),
        endpoint=file.prompt.endpoint,
    )
    _check_names(what, spec)
    return spec


def _ask(where: str, table: AskTable) -> AskSpec:
    json = table.format == "json"
    return AskSpec(
        name=table.name,
        template=table.template,
        variables={key: str(value) for key, value in table.variables.items()},
        fields=tuple(_field(f"{where}.field[{number}]", field, json) for number, field in enumerate(table.field, 1)),
        json=json,
        within=table.within,
        early=table.early,
        schema=table.schema or None,
        probability=_probability(f"{where}.probability", table.probability) if table.probability else None,
    )


def _field(where: str, table: FieldTable, json: bool) -> FieldSpec:
    pattern = score_pattern(table.lead) if table.range and not json and table.pattern is None else table.pattern
    spec = FieldSpec(
        name=table.name,
        kind=table.kind,
        pattern=_pattern(f"{where}.pattern", pattern, groups=1),
        path=_path(table.path),
        labels=_labels(table),
        binds=table.binds,
        lead=_pattern(f"{where}.lead", table.lead),
        tail=_pattern(f"{where}.tail", table.tail),
        inline=table.inline,
        cue=_pattern(f"{where}.cue", table.cue),
        required=not table.optional,
        paper=_paper(f"{where}.paper", table.paper) if table.paper else None,
    )
    if not (spec.path if json else spec.pattern):
        raise CardError(f"{where}.{'path' if json else 'pattern'}: missing")
    if spec.kind == "label" and not spec.labels:
        raise CardError(f"{where}.labels: missing; expected labels or a range")
    return spec


def _labels(table: FieldTable) -> dict[str, str]:
    """Return the labels, folded, with their values: from ``range = [low, high]`` or a table of value to spellings."""
    if table.range:
        return score_spellings(*table.range)
    return {fold(label): value for value, labels in table.labels.items() for label in _list(labels)}


def _paper(where: str, table: PaperTable) -> PaperRule:
    return PaperRule(
        contains=tuple(table.contains.items()),
        # The published parsers match case and mostly let the dot run over lines: so it is written in the card.
        pattern=re.compile(table.pattern) if table.pattern else None,
        labels={label: value for value, many in table.labels.items() for label in _list(many)},
        otherwise=table.otherwise,
        fails_on=_pattern(f"{where}.fails_on", table.fails_on),
    )


def _probability(where: str, table: ProbabilityTable) -> ProbabilityRule:
    return ProbabilityRule(
        field=table.field,
        labels=_list(table.labels),
        after=_pattern(f"{where}.after", table.after),
        softmax=table.softmax,
        head=table.head,
    )


def _setting(where: str, name: str, table: SettingTable) -> SettingSpec:
    choices = _list(table.choices)
    if not table.file and table.default not in choices:
        raise CardError(f"{where}.default: expected one of {', '.join(choices)}")
    for value, texts in table.texts.items():
        if value not in choices or "en" not in texts:
            raise CardError(f"{where}.texts.{value}: expected one of the choices, with a text in English (en) at least")
    if table.by_region is not None and (table.by_region not in choices or table.by_region in table.texts):
        raise CardError(f"{where}.by_region: expected one of the choices, and one without a text of its own")
    return SettingSpec(
        name=name,
        choices=choices,
        default=table.default,
        file=table.file,
        texts=table.texts,
        by_region=table.by_region,
    )


def _verdict(where: str, table: VerdictTable) -> VerdictSpec:
    if table.formula is not None and table.formula not in FORMULAS:
        raise CardError(f"{where}.formula: expected one of {', '.join(FORMULAS)}, got '{table.formula}'")
    return VerdictSpec(
        unsafe=_rule(f"{where}.unsafe", table.unsafe, (True, False)),
        refusal=_rule(f"{where}.refusal", table.refusal, REFUSALS),
        action=_rule(f"{where}.action", table.action, tuple(range(6))),
        incoherent=_rule(f"{where}.incoherent", table.incoherent, (True, False)),
        score=table.score,
        formula=table.formula,
        scale=table.scale,
        category_fields=_list(table.category_fields),
        category_label=table.category_label,
        category_scheme=table.category_scheme,
        category_names=table.categories,
        critique_after=_pattern(f"{where}.critique_after", table.critique_after),
        critique_rest=table.critique_rest,
        critique_path=_path(table.critique_path),
    )


def _rule(where: str, table: RuleTable | None, meanings: tuple[Any, ...]) -> LabelRule | None:
    if table is None:
        return None
    for label, meaning in table.labels.items():
        said = meaning.values() if table.by and isinstance(meaning, Mapping) else (meaning,)
        if any(one not in meanings for one in said):
            raise CardError(f"{where}.labels.{label}: expected one of {', '.join(map(str, meanings))}")
    return LabelRule(
        fields=_list(table.field), labels=table.labels, by=table.by, below=table.below, at_least=table.at_least
    )


def _list(value: str | int | Iterable[str | int]) -> tuple[str, ...]:
    """Return a list of texts; one text or number stands for a list of it."""
    return (str(value),) if isinstance(value, str | int) else tuple(str(item) for item in value)


def _path(value: str | tuple[str | int, ...]) -> tuple[str | int, ...]:
    return (value,) if isinstance(value, str) else value


def _pattern(where: str, source: str | None, groups: int = 0) -> re.Pattern[str] | None:
    """Return a regular expression with so many groups, None where it is not given.

    Raises:
        CardError: it is no regular expression, or has another number of groups.
    """
    if source is None:
        return None
    try:
        found = re.compile(source, re.IGNORECASE | re.MULTILINE)
    except re.error as error:
        raise CardError(f"{where}: not a regular expression: {error}") from None
    if found.groups != groups:
        raise CardError(f"{where}: expected {groups} group(s) in the pattern, got {found.groups}")
    return found


def _texts(where: str, values: Iterable[str]) -> tuple[str, ...]:
    for value in values:
        if value not in TEXTS:
            raise CardError(f"{where}: expected one of {', '.join(TEXTS)}, got '{value}'")
    return tuple(values)


def _check_names(what: str, spec: AskedSpec) -> None:
    """Check that every field which the verdict reads is read from a reply, and every setting is declared.

    Raises:
        CardError: one is not, or two fields have one name.
    """
    fields = [field.name for ask in spec.asks for field in ask.fields]
    if len(set(fields)) < len(fields):
        raise CardError(f"{what}, ask.field: two fields have the same name")
    said = spec.verdict
    rules = [rule for rule in (said.unsafe, said.refusal, said.action, said.incoherent) if rule]
    read = [name for rule in rules for name in rule.fields] + list(spec.verdict.category_fields)
    for name in [*read, *([spec.verdict.score] if spec.verdict.score else [])]:
        if name not in fields:
            raise CardError(f"{what}, verdict: reads the field '{name}', which no [[ask]] has")
    for rule in rules:
        if rule.by is not None and rule.by not in spec.settings:
            raise CardError(f"{what}, verdict: goes by the setting '{rule.by}', which the card does not declare")
