"""The card of a trained judge (``README.md``): what it is, on what it was trained, what it was measured to do."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from hantei.estimates import Estimate
from hantei.files import write_atomic
from hantei.training.preferences.measuring import Measured
from hantei.training.preferences.rounds import Rounds
from hantei.training.preferences.state import PreferenceRound

NOT_STATED = "not stated"
_USE = """\
With transformers alone: `AutoModelForCausalLM.from_pretrained`, its tokenizer's chat template, and the prompt in
`judge/` (Jinja, one file a language). With hantei: `--judge 'critique@hf/PATH'`, which asks in these words."""


def write_card(folder: Path, title: str, parts: Mapping[str, Sequence[tuple[str, str]]], licence: str) -> None:
    """Write the card into a judge's folder, with the header that Hugging Face reads.

    Args:
        folder: the judge.
        title: what it is.
        parts: tables of two columns by heading.
        licence: the terms of the data that it was trained on, which it inherits.
    """
    header = {
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["hantei", "safety", "judge"],
        "license": "other",
        "license_name": licence,
    }
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in header.items()]
    tables = [f"## {heading}\n\n{_table(rows)}" for heading, rows in parts.items()]
    terms = f"## Terms\n\nThe data that it was trained on: {_plain(licence)}. The judge is bound by the same terms."
    text = "\n\n".join(["\n".join(["---", *lines, "---"]), f"# {_plain(title)}", _USE, *tables, terms])
    write_atomic(folder / "README.md", [text.encode() + b"\n"])


def inherited(licence: str, bases: Sequence[Path]) -> str:
    """Return the terms of the data and of the folders that a judge is made from, each once.

    Args:
        licence: the terms of the data.
        bases: folders of models; one without a card that states terms adds nothing.
    """
    found = [licence, *filter(None, map(_licence_of, bases))]
    stated = [one for one in dict.fromkeys(found) if one != NOT_STATED]
    return "; ".join(stated) or NOT_STATED


def _licence_of(folder: Path) -> str:
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    header = text.split("\n---\n", 1)[0] if text.startswith("---\n") else ""
    named = re.search(r"^license_name:\s*(.+)$", header, re.MULTILINE) or re.search(
        r"^license:\s*(.+)$", header, re.MULTILINE
    )
    return named[1].strip().strip("\"'") if named else ""


def finish_rounds(folder: Path, one: PreferenceRound, found: Rounds, licence: str) -> None:
    """Write the card of a judge that a round made.

    Args:
        folder: the judge.
        one: the round.
        found: all rounds.
        licence: the terms of the data.
    """
    options = found.options
    chosen = {name: getattr(options, name) for name in options.__dataclass_fields__}
    training = {
        "round": one.number,
        "from": one.better,
        "beside": one.worse or "-",
        "kept": "yes" if one.kept else "no: it gained nothing beyond its interval",
        "pairs": one.pairs,
        "conflicts": len(one.conflicts),
        **chosen,
    }
    write_card(
        folder,
        f"A judge of answers that explains itself: {one.judge} of preference rounds",
        {
            "Measured on validation": measures(found.measured[one.judge], one.gain),
            "Training": [(name.replace("_", " "), str(value)) for name, value in training.items()],
        },
        licence,
    )


def measures(measured: Measured, gain: Estimate) -> list[tuple[str, str]]:
    """Return what a judge was measured to do, in words."""
    by_language = [
        (f"{name} of critiques, {scores.language or 'no language'}", _share(getattr(scores, name).macro))
        for scores in measured.scores
        for name in ("precision", "recall", "f1")
    ]
    return [
        ("F1 of critiques, not read counting 0", _share(measured.f1)),
        ("gain over the judge that it was made from", _share(gain)),
        ("label accuracy", _share(measured.accuracy)),
        ("replies that cannot be read", _share(measured.unparsed)),
        *by_language,
    ]


def _share(estimate: Estimate) -> str:
    if estimate.value is None:
        return "-"
    ends = (
        ""
        if estimate.low is None or estimate.high is None
        else f" [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
    )
    return f"{100 * estimate.value:.1f}{ends} (n = {estimate.n:,.0f})"


def _table(rows: Sequence[tuple[str, str]]) -> str:
    return "\n".join(["| | |", "| --- | --- |", *(f"| {_plain(name)} | {_plain(value)} |" for name, value in rows)])


def _plain(text: str) -> str:
    """Return a text that stays in its cell."""
    return " ".join(text.replace("|", "\\|").split())
