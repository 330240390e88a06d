"""The experiments of docs/world.md: ``python -m hantei.training.world rounds --out build/world --docs docs``.

The same command again goes on where it was cut off. OMP_WAIT_POLICY=passive makes it up to eight times as fast where
other processes are busy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from hantei.files import write_atomic
from hantei.progress import Say
from hantei.reports.section import Section
from hantei.reports.to_markdown import markdown
from hantei.reports.to_svg import svg
from hantei.training.world.scale import DOCS, PLUMBING, ExperimentScale

Experiment = Callable[[Path, ExperimentScale, Sequence[int], Say], Section]
ExperimentName = Literal["rounds", "copies", "correction"]


def main(
    name: Annotated[ExperimentName, typer.Argument(metavar="rounds|copies|correction")],
    out: Annotated[Path, typer.Option(help="Where models and replies are kept.")],
    seeds: Annotated[int, typer.Option(help="How many times all is done, with other models and dialogues.")] = 3,
    docs: Annotated[Path | None, typer.Option(help="A folder with world.md, which is renewed.")] = None,
    plumbing: Annotated[bool, typer.Option("--plumbing", help="So small that it shows nothing, in seconds.")] = False,
) -> None:
    """Run an experiment on the small world, and print what came of it.

    \f
    Args:
        name: which one.
        out: where models and replies are kept.
        seeds: how many times all is done.
        docs: a folder with world.md, whose tables and pictures are renewed.
        plumbing: whether all is so small that it shows nothing.
    """
    from hantei.training.world import experiments

    experiment: Experiment = getattr(experiments, name)
    section = experiment(out, PLUMBING if plumbing else DOCS, range(seeds), lambda line: typer.echo(line, err=True))
    typer.echo(markdown([section]))
    if docs:
        write_docs(section, docs)


def write_docs(section: Section, docs: Path) -> None:
    """Renew an experiment's tables in ``world.md`` of a folder, and its pictures beside it.

    Raises:
        ValueError: the page has no place for them.
    """
    page = docs / "world.md"
    start, end = f"<!-- {section.key} -->", f"<!-- end of {section.key} -->"
    pictures = {f"world-{section.key}-{place}.svg": figure for place, figure in enumerate(section.figures, 1)}
    shown = "\n".join(f"![{figure.title}]({name})" for name, figure in pictures.items())  # type: ignore[union-attr]
    text, count = re.subn(
        f"{re.escape(start)}.*{re.escape(end)}",
        lambda _: f"{start}\n{markdown([section])}\n{shown}\n{end}",
        page.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    if not count:
        raise ValueError(f"{page}: expected the lines '{start}' and '{end}'")
    write_atomic(page, [text.encode()])
    for name, figure in pictures.items():
        write_atomic(docs / name, [svg(figure).encode()])  # type: ignore[arg-type]  # all are plots


if __name__ == "__main__":
    typer.run(main)
