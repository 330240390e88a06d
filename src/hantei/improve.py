"""What makes answers safer, as functions with the names of the commands: once, or in front of a live model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hantei.progress import Say
from hantei.runs.folder import Run
from hantei.tasks.carrying_out import carry_out
from hantei.tasks.correcting import Correction, correcting
from hantei.tasks.options import Options
from hantei.tasks.sources import Source
from hantei.tasks.task import Judging

if TYPE_CHECKING:
    from hantei.tasks.serving import ServeOptions


def correct(
    source: Source | Sequence[str | Path],
    model: str,
    judge: Judging = "builtin",
    check_with: Sequence[Judging] = (),
    out: str | Path | None = None,
    options: Options | None = None,
    correction: Correction | None = None,
    say: Say = lambda _line: None,
) -> Run:
    """Have unsafe answers written again from their critiques, and return the run of all versions.

    Two baselines stand in the same run: asking again without a critique, and refusing. The same call again goes on
    where it ended.

    Args:
        source: one file of answers or several, rows as dictionaries, or a run folder, which stays as it is.
        model: the name of the model that writes the answers again.
        judge: says which answers are unsafe, and why; it decides when to stop.
        check_with: judges that judge every version, too, and decide nothing.
        out: the run folder; default as for ``judge``, ``runs/<date>-corrected-<what>``.
        options: how answers are read and the model is asked, and the limits.
        correction: rounds, rules, wording.
        say: takes lines for people.

    Raises:
        UsageError: no such file, model or judge, or ``max_cost`` without a price.
        InputError: a file lacks the columns, or the rules cannot be read.
        RunError: the folder belongs to another plan or is in use, or no call to a model works: what there is is kept.
        KeyboardInterrupt: Ctrl-C; the report of what there is has been written.
    """
    task = correcting(source, model, judge, check_with, options or Options(), correction or Correction(), say)
    return carry_out(task, out, say)


def serve(judge: Judging, options: ServeOptions, say: Say = lambda _line: None) -> None:
    """Serve an OpenAI-compatible endpoint in front of a model, until it is stopped.

    Args:
        judge: judges every answer before it leaves.
        options: the model's server, the policy, who may come in.
        say: takes lines for people.

    Raises:
        UsageError: the extra is not installed, no such judge, or an option that cannot be.
        RunError: the address is taken.
    """
    from hantei.tasks.serving import serve as run_server

    run_server(judge, options, say)
