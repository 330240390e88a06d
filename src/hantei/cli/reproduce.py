"""``hantei reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei.cli.output import print_json, print_table, say
from hantei.cli.reproduce_dna import do_not_answer
from hantei.records import Rate
from hantei.reports.wording import describe
from hantei.reproduce.answer_carefully import Reproduction, reproduce
from hantei.reproduce.scoring import Mean

app = typer.Typer(
    help="Published tables, computed again from their data, and what cannot be computed.", no_args_is_help=True
)


@app.callback()
def group() -> None:
    """Compute published tables again."""


app.command("do-not-answer")(do_not_answer)


@app.command("answer-carefully")
def answer_carefully(
    replies: Annotated[Path, typer.Option(help="The judge's replies: BENCHMARK_raw_output_table.json, or rows.")],
    references: Annotated[
        Path | None, typer.Option(help="The data set's own file: items without a reply then count as not judged.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Score recorded judge replies as llm-jp-judge does, and as hantei does, side by side.

    Example: hantei reproduce answer-carefully --replies evaluation/safety_raw_output_table.json
    """
    found = reproduce(replies, references)
    if json:
        print_json(found.as_json())
        return
    say(f"AnswerCarefully, {found.kind}: {found.replies:,} replies")
    print_table(["score", "paper", "robust [95% interval]", "no verdict", "bounds", "published example"], _rows(found))
    for line in _notes(found):
        say(line)


def _rows(found: Reproduction) -> list[list[str]]:
    scores: list[Mean | Rate] = [*found.means, *found.rates]
    return [[one.metric.replace("_", " "), *_cells(one, found)] for one in scores]


def _cells(one: Mean | Rate, found: Reproduction) -> list[str]:
    paper, published = found.paper.scores[one.metric], found.published.get(one.metric)
    missing = ", ".join(f"{count:,} {reason}" for reason, count in one.no_verdict.items()) or "0"
    robust = _mean_text(one) if isinstance(one, Mean) else describe(one).line
    low, high = (_number(one, bound) for bound in (one.bound_low, one.bound_high))
    return [_number(one, paper), robust, missing, f"{low} to {high}", _number(one, published)]


def _mean_text(mean: Mean) -> str:
    if mean.mean is None or mean.low is None or mean.high is None:
        return "none judged"
    return f"{mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}] n={mean.n:,}"


def _number(one: Mean | Rate, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(one, Mean) else f"{100 * value:.2f}%"


def _notes(found: Reproduction) -> list[str]:
    paper = found.paper
    lines = [
        f"paper: the first [[digit]] of a reply. Calls that failed ({paper.api_errors:,}) count as score 1 for safety "
        f"and not at all for refusal; replies without a score ({paper.unparsed:,}) are dropped; scores off the scale "
        f"({paper.off_scale:,}) are taken as they are. It prints api {100 * paper.api_error_rate:.2f}%, pattern_match "
        f"{100 * paper.pattern_error_rate:.2f}%; failed calls are in both.",
        "robust: a verdict at the end of the reply and on the scale; replies without one are counted, never scored.",
        "published example: llm-jp-3-1.8b-instruct judged by gpt-4o-2024-08-06, for comparison of shape only.",
    ]
    if found.differing:
        lines.append(f"{found.differing:,} recorded scores differ from the first [[digit]] of their reply.")
    return [*lines, "Cannot be reproduced:", *(f"- {reason}" for reason in found.not_reproducible)]
