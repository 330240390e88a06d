"""Options that several commands have, each said once, and reading what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from hantei.cards import one_of
from hantei.cli import complete
from hantei.engine.limits import Limits
from hantei.errors import UsageError
from hantei.judges.turn_by_turn import Turns
from hantei.records import RepeatRule, TurnRule
from hantei.tasks.options import Executor

if TYPE_CHECKING:
    from hantei.inputs.label_files import LabelFiles

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
SummaryOption = Annotated[
    str,
    typer.Option(
        help="What is printed: table, or markdown for the page of a job.",
        autocompletion=complete.of(("table", "markdown")),
    ),
]
JunitOption = Annotated[Path | None, typer.Option(help="Write the conditions of --fail-if as JUnit XML, too.")]
LogToOption = Annotated[
    str | None,
    typer.Option(
        "--log-to",
        help="Log rates, settings and the report to mlflow or wandb, too.",
        autocompletion=complete.of(("mlflow", "wandb")),
    ),
]
EncodingOption = Annotated[str | None, typer.Option(help="Encoding of the files. [default: told by their bytes]")]
RowsOption = Annotated[str | None, typer.Option(help="Where the rows are in a JSON object, as in results.items.")]
RaterOption = Annotated[
    list[str] | None, typer.Option(help="A column of labels: --rater NAME=COLUMN, or --rater COLUMN.")
]
UnsafeOption = Annotated[list[str] | None, typer.Option(help="A label that means unsafe; all others mean safe.")]
FailIfOption = Annotated[
    list[str] | None, typer.Option("--fail-if", help="Exit 3 if this holds, as in 'flagged_rate.high > 0.02'.")
]
JudgesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--judge",
        help="builtin, CARD@MODEL or SHORT=CARD@MODEL, see hantei judges list; may be repeated. [default: builtin]",
        autocompletion=complete.judges,
    ),
]
TitleOption = Annotated[str | None, typer.Option(help="The report's title. [default: the folder's name]")]
SaveOption = Annotated[
    Path | None, typer.Option(help="Write this command line as a run file (TOML) and do nothing else.")
]
CardArgument = Annotated[str, typer.Argument(help="A judge, as in rubric.", autocompletion=complete.cards)]
JudgeArgument = Annotated[
    str, typer.Argument(help="A judge, as in builtin or rubric@openai/gpt-4o.", autocompletion=complete.judges)
]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", autocompletion=complete.runs)]
TurnOption = Annotated[
    str,
    typer.Option(
        help="Of a conversation judge the last answer in its context, each answer, or the last one alone.",
        autocompletion=complete.of(get_args(Turns)),
    ),
]
CountTurnsOption = Annotated[
    str,
    typer.Option(
        help="Of an answer judged turn by turn, count the last turn's verdict, or any: the gravest.",
        autocompletion=complete.of(get_args(TurnRule)),
    ),
]
CountRepeatsOption = Annotated[
    str,
    typer.Option(
        help="Of an answer judged several times, count the first verdict, or the majority's.",
        autocompletion=complete.of(get_args(RepeatRule)),
    ),
]
NoVerdictOption = Annotated[
    str,
    typer.Option(
        help="Rows without a verdict: drop, or count as unsafe.", autocompletion=complete.of(("drop", "unsafe"))
    ),
]
ParseOption = Annotated[
    str,
    typer.Option(
        help="How replies are read: robust, or paper (as published).",
        autocompletion=complete.of(("robust", "paper")),
    ),
]
MapOption = Annotated[
    list[str] | None, typer.Option("--map", help="Name a column: --map response=COLUMN or --map prompt=COLUMN.")
]
LabelsOption = Annotated[
    str | None,
    typer.Option(help="People's labels: a file, or human:NAME of the run. [default: the run's only person]"),
]
ManyLabelsOption = Annotated[
    list[str] | None,
    typer.Option("--labels", help="People's labels: a file, or human:NAME of the run. [default: all of the run's]"),
]
LabelMapOption = Annotated[
    list[str] | None, typer.Option("--map", help="Name a column of labels: --map unsafe=COLUMN or --map id=COLUMN.")
]
ConnectionsOption = Annotated[int, typer.Option(help="Calls in flight for each server.")]
MaxCostOption = Annotated[float | None, typer.Option(help="Stop before it costs more US dollars.")]
MaxRunCostOption = Annotated[float | None, typer.Option(help="Stop before the run costs more US dollars.")]
PricesOption = Annotated[Path | None, typer.Option(help="A file of prices in place of hantei's own.")]
TimeoutOption = Annotated[float, typer.Option(help="Seconds for each call.")]
RunTimeoutOption = Annotated[float | None, typer.Option(help="Seconds for the whole run.")]
CacheOption = Annotated[Path | None, typer.Option(help="A folder of replies that runs share.")]
OnOption = Annotated[
    str,
    typer.Option(
        help="Where it is carried out: here, or on ray (hantei[ray]).",
        autocompletion=complete.of(get_args(Executor)),
    ),
]
WorkersOption = Annotated[
    int | None, typer.Option(help="Processes in which the built-in judge works. [default: all cores but one]")
]
KeepGoingOption = Annotated[
    bool, typer.Option("--keep-going", help="Judge on where none of a judge's first 20 replies can be read.")
]

_LIMITS = Limits()
_SCALES = ("nominal", "ordinal", "interval")


def limits_of(
    max_connections: int,
    max_cost: float | None = None,
    timeout: float = _LIMITS.timeout_s,
    cache: Path | None = None,
    run_timeout: float | None = None,
    keep_going: bool = False,
) -> Limits:
    """Return what a command may take, from its options.

    Args:
        max_connections: ``--max-connections``.
        max_cost: ``--max-cost``.
        timeout: ``--timeout``.
        cache: ``--cache``.
        run_timeout: ``--run-timeout``.
        keep_going: ``--keep-going``.
    """
    return Limits(
        max_connections=max_connections,
        max_cost=max_cost,
        timeout_s=timeout,
        run_timeout_s=run_timeout,
        cache=cache,
        keep_going=keep_going,
    )


def mapping_of(items: list[str]) -> dict[str, str]:
    """Return what ``--map FIELD=COLUMN`` says, field to column.

    Raises:
        UsageError: an item is not FIELD=COLUMN.
    """
    mapping = {}
    for item in items:
        field, sign, column = item.partition("=")
        if not sign or not field or not column:
            raise UsageError(f"--map {item}: expected FIELD=COLUMN, as in --map response=answer_text")
        mapping[field] = column
    return mapping


def _raters(items: list[str]) -> dict[str, str]:
    """Return judge to column of ``--rater``; a column alone is a person's, named like it."""
    raters = {}
    for item in items:
        name, sign, column = item.partition("=")
        if not name or (sign and not column):
            raise UsageError(f"--rater {item}: expected NAME=COLUMN or COLUMN, as in --rater alice=label_1")
        raters[name if sign else f"human:{item}"] = column or item
    return raters


def label_files(
    rater: list[str] | None = None,
    unsafe: list[str] | None = None,
    scale: str | None = None,
    encoding: str | None = None,
    rows: str | None = None,
    map_: list[str] | None = None,
) -> LabelFiles:
    """Return how tables of labels are read, from the options of a command.

    Args:
        rater: what ``--rater`` says.
        unsafe: what ``--unsafe`` says.
        scale: what ``--scale`` says.
        encoding: what ``--encoding`` says.
        rows: what ``--rows`` says.
        map_: what ``--map`` says.
    """
    from hantei.inputs.label_files import LabelFiles

    if scale not in (None, *_SCALES):
        raise UsageError(f"--scale {scale}: {one_of(scale, _SCALES)}")
    return LabelFiles(
        mapping=mapping_of(map_ or []),
        raters=_raters(rater or []),
        unsafe=frozenset(one.strip().lower() for one in unsafe or []),
        scale=scale,  # type: ignore[arg-type]  # checked above
        encoding=encoding,
        rows=rows,
    )
