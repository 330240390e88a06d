"""From a run folder to what its report shows: the answers to read first, what must be seen before the numbers, and
where it all comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from hantei.metrics.datasheet import DataSheet
from hantei.metrics.expectations import unmet_expectations
from hantei.record_lines import from_line
from hantei.records import Judgment, Rate, Summary
from hantei.reports.data import AnswerRow, Highlight, ReportInput
from hantei.reports.page import write_report
from hantei.reports.results import Results, titles
from hantei.runs.chosen import located, to_read_first
from hantei.runs.counting import trained_on
from hantei.runs.folder import Run
from hantei.runs.index import Index, Location
from hantei.runs.info import JudgeInfo
from hantei.runs.judging import PairReader
from hantei.runs.notices import draw_notices, regional_notices, rule_notices, run_notices
from hantei.runs.opening import changed_prompts
from hantei.runs.sheets import kept_sheets, sheet_notices

if TYPE_CHECKING:  # it needs NumPy
    from hantei.judges.base import Pair
    from hantei.judges.builtin.model import BuiltinJudge

SHOWN = 2_000
"""Answers that a report carries at most."""
_PAGE = 250
"""Answers that are explained at once."""
_EXPLAINED = 65_536
"""Characters of the longest answer that is explained: to find what was judged in it, it is read whole once more, and
of a longer one the page shows a part that is mostly another."""


def build_report(
    run: Run,
    index: Index,
    summary: Summary,
    out: Path | None = None,
    threshold: float | None = None,
    sheets: Mapping[str, DataSheet] | None = None,
    title: str | None = None,
    worst: Sequence[str] | None = None,
) -> Path:
    """Write the report of a run and return its path.

    Args:
        run: the run.
        index: its index.
        summary: the numbers of the run.
        out: where the page goes; None for the run folder.
        threshold: the rate of unsafe answers that a system may have, from 0 to 1, None without one.
        sheets: data sheets of judges, by name, besides those in the folder.
        title: of the page; None for the run's own, or the folder's name.
        worst: ids of the answers to show, the worst; None for those that a person should read first.

    Raises:
        UsageError: the file cannot be written there.
        RunError: ``run.json`` cannot be read.
    """
    info = run.info()
    total = index.counts()["responses"]
    shown = list(to_read_first(index, SHOWN) if worst is None else located(index, worst))
    path = out or run.report_path
    write_report(
        path,
        ReportInput(
            title=title or info.title or run.path.resolve().name,
            created=info.created,
            settings=msgspec.to_builtins(info),
            summary=summary,
            answers=_answers(run, index, shown),
            total_answers=total,
            sampling=_sampling(len(shown), total) if worst is None else _worst(len(shown), total),
            notices=summary.notes,
            labels=titles(summary, (group.harm for group in index.groups().values() if group.harm)),
            threshold=threshold,
            sheets={**kept_sheets(run), **(sheets or {})},
            answers_first=worst is not None,
        ),
    )
    return path


def _sampling(shown: int, total: int) -> str:
    if shown == total:
        return f"All {total:,} answers are shown, unsafe and uncertain ones first."
    return (
        f"{shown:,} of {total:,} answers are shown: the most likely unsafe (half), those nearest to the threshold "
        "(three tenths) and a random draw of the rest (two tenths). The rates above count every answer."
    )


def _worst(shown: int, total: int) -> str:
    return f"The {shown:,} of {total:,} answers that were most surely called unsafe, the worst first."


def _answers(run: Run, index: Index, shown: list[Location]) -> Iterator[AnswerRow]:
    explainer = _Explainer(run)
    with ExitStack() as opened, PairReader(run) as reader:
        files = [(number, opened.enter_context(run.open_judgments(name))) for number, name in index.judges()]
        for start in range(0, len(shown), _PAGE):
            page = shown[start : start + _PAGE]
            pairs = [reader.read(place) for place in page]
            for place, (prompt, response), marks in zip(page, pairs, explainer.marks(pairs), strict=True):
                judgments = (_read(file, at) for number, file in files for at in index.offsets(number, place))
                yield AnswerRow(prompt, response, tuple(judgments), marks)


def _read(file: BinaryIO, offset: int) -> Judgment:
    file.seek(offset)
    return from_line(Judgment, file.readline())


class _Explainer:
    """Marks the words that moved the built-in judge, where it was one of the judges."""

    def __init__(self, run: Run) -> None:
        self._judge: BuiltinJudge | None = None
        full = [info.full_name or name for name, info in run.info().judges.items()]
        names = [name for name in full if name.partition("?")[0] == "builtin"]
        if names:
            from hantei.judges.builtin.loading import load

            self._judge = load(encoder="none" if all("encoder=none" in name for name in names) else "use")

    def marks(self, pairs: Sequence[Pair]) -> list[tuple[Highlight, ...]]:
        if self._judge is None:
            return [()] * len(pairs)
        from hantei.judges.builtin.explain import explain

        explained = iter(explain(self._judge, [pair for pair in pairs if _is_explained(pair)]))
        return [tuple(map(Highlight._make, next(explained))) if _is_explained(pair) else () for pair in pairs]


def _is_explained(pair: Pair) -> bool:
    return len(pair[1].text) <= _EXPLAINED


def results_of(
    run: Run,
    summary: Summary | None = None,
    threshold: float | None = None,
    sheets: Mapping[str, DataSheet] | None = None,
) -> Results:
    """Return what a run amounts to.

    Args:
        run: the run.
        summary: its numbers; None for its summary as last written.
        threshold: the rate of unsafe answers that a system may have, None without one.
        sheets: data sheets of judges, by name, besides those in the folder.

    Raises:
        RunError: ``summary.json`` or ``run.json`` cannot be read.
    """
    summary, sheets = summary or run.summary(), {**kept_sheets(run), **(sheets or {})}
    return Results(summary, msgspec.to_builtins(run.info()), titles(summary), threshold=threshold, sheets=sheets)


def notices(run: Run, index: Index, rates: Iterable[Rate]) -> tuple[str, ...]:
    """Return what a reader must see beside the numbers of a run."""
    info = run.info()
    out = list(info.notices)
    if changed := changed_prompts(run):
        out.append(f"{changed}.")
    if info.rejected:
        out.append(f"{info.rejected:,} input rows could not be read and are not in these rates: rejected.jsonl.")
    out.extend(run_notices(info, index))
    out.extend(rule_notices(info, index))
    out.extend(regional_notices(info, index))
    out.extend(draw_notices(index))
    out.extend(sheet_notices(run))
    for number, name in index.judges():
        judged, trained = trained_on(index, number)
        if trained:
            out.append(
                f"{trained:,} of the {judged:,} answers judged by {name} were in its training data: its rates on them "
                "say nothing about how it does on new answers."
            )
        noted = info.judges.get(name, JudgeInfo())
        out.extend(f"{name}: {drift['text']}" for drift in noted.drift or ())
        out.extend(noted.notices)
    out.extend(unmet_expectations(rates, info.judges))
    return tuple(out)
