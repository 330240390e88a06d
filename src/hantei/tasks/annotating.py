"""Putting people in front of the labelling page: what they label, by which guideline, and the server that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.annotation.access import Member, is_loopback, members
from hantei.annotation.critiques import WrittenCritiques
from hantei.annotation.desk import Desk
from hantei.annotation.guideline import CRITIQUES, DEFAULT, OF_DRAFTS, REVIEW, Guideline, load_guideline
from hantei.annotation.items import Items, item_key
from hantei.annotation.overview import Overview
from hantei.annotation.panel import Panel
from hantei.annotation.second_look import SecondLook, half_shown
from hantei.annotation.server import application
from hantei.annotation.store import LabelJournal, opened
from hantei.errors import RunError, UsageError
from hantei.files import AnyPath
from hantei.inputs.label_files import LabelFiles
from hantei.progress import Say
from hantei.runs.folder import Run, load_run
from hantei.runs.labels import labels_of
from hantei.runs.people import RULING, SECOND, SETTLED, derived

HOST, PORT = "127.0.0.1", 8137
ALONE = "me"
"""The person's name where none is given."""
PANEL = "panel"
"""Stands for all of them: ``human:panel+settled`` is what stands in the end."""
STEERING = "overview"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationOptions:
    """Who labels what.

    Args:
        people: their names; one person, ``me``, where none is given.
        each: how many of them label an answer; default all.
        adjudicator: who decides where they are divided.
        guideline: a guideline card, or ``default``.
        rows: a sheet of ``--choose``: its answers come first, in its order, with their chances.
        limit: how many answers in all; default those of ``rows``, else all of the run.
        system: only this system's answers.
        show_critiques: ``half``: after each first label a second look, half of them with the judge's critique.
        critiques: the judge whose critiques are labelled instead of answers.
        judge: whose critiques are shown; default the run's only judge.
        host: the address to listen on.
        port: the port to listen on.
    """

    people: tuple[str, ...] = ()
    each: int | None = None
    adjudicator: str | None = None
    guideline: str | Path = DEFAULT
    rows: Path | None = None
    limit: int | None = None
    system: str | None = None
    show_critiques: str | None = None
    critiques: str | None = None
    judge: str | None = None
    host: str = HOST
    port: int = PORT


def annotate(path: AnyPath, options: AnnotationOptions | None = None, say: Say = lambda _line: None) -> None:
    """Serve the labelling page of a run until it is interrupted; ``say`` gets each person's link, a line each.

    Raises:
        UsageError: no such run, answers, sheet or guideline, a name that is none, or the page's extra is missing.
        RunError: another process serves this run, its labels are of another version of the guideline, or the port is
            taken.
    """
    check_installed()
    run, options = load_run(path), options or AnnotationOptions()
    critiques = WrittenCritiques(run, options.critiques) if options.critiques else None
    guideline = load_guideline(CRITIQUES if critiques and options.guideline == DEFAULT else options.guideline)
    _check_fits(options, guideline)
    judges = judge_names(options.people, guideline.name)
    deciding = _deciding_judges(options.adjudicator, judges, guideline.name) if options.adjudicator else []
    items = Items(run, _first_ones(run, options, critiques), options.limit, options.system)
    again = [derived(judge, SECOND) for judge in judges] if options.show_critiques else []
    with opened(run, [*judges, *deciding, *again], guideline, critiques.critic if critiques else None) as store:
        people = {judge: store.people[judge] for judge in judges}
        panel = Panel(items, people, guideline, options.each, *(store.people[one] for one in deciding))
        halves = _halves(run, items, options) if again else {}
        looks = {judge: SecondLook(store.people[one], halves) for judge, one in zip(judges, again, strict=False)}
        desks = [
            (one, _desk(panel, people[one.judge], looks.get(one.judge), critiques)) for one in members(run.path, judges)
        ]
        desks += [(member, _deciding(panel, store.people[member.judge])) for member in members(run.path, deciding[:1])]
        (steering,) = members(run.path, [STEERING])
        say(f"{run.path}: {len(items.by_key):,} answers to label, by the guideline {guideline.name}")
        for line in links(
            [*(member for member, _ in desks), *([steering] if len(desks) > 1 else [])], options.host, options.port
        ):
            say(line)
        say("Ctrl-C ends it; every label that a page has confirmed is on the disk.")
        app = application(desks, (steering, Overview(panel, desks)), store, options.host, options.port)
        serve(app, options.host, options.port)


def _deciding_judges(adjudicator: str, labelling: Sequence[str], guideline: str) -> list[str]:
    """Return the judges of what an adjudicator says and of what stands in the end.

    Raises:
        UsageError: the adjudicator labels, too.
    """
    own, panel = judge_names((adjudicator, PANEL), guideline)
    if {own, panel} & {*labelling}:
        raise UsageError(f"--adjudicator {adjudicator}: expected somebody else than --people, and nobody '{PANEL}'")
    return [derived(own, RULING), derived(panel, SETTLED)]


def _desk(panel: Panel, person: LabelJournal, second: SecondLook | None, critiques: WrittenCritiques | None) -> Desk:
    mine, follow = panel.assigned[person.judge], panel.follow
    return Desk(person, panel.items, panel.guideline, lambda: mine, follow, second=second, critiques=critiques)


def _deciding(panel: Panel, rulings: LabelJournal) -> Desk:
    return Desk(rulings, panel.items, panel.guideline, panel.divided, panel.follow, panel.said)


def _halves(run: Run, items: Items, options: AnnotationOptions) -> dict[str, str | None]:
    """Return the critiques of a judge by answer, half of them None.

    Raises:
        UsageError: the run has no such judge, or it wrote none.
    """
    if options.show_critiques != "half":
        raise UsageError(f"--show-critiques {options.show_critiques}: expected half")
    judge = run.one_judge(options.judge)
    written = {item_key(one.response_id): one.critique for one in run.judgments(judge) if one.critique}
    found = half_shown(list(items.by_key), written)
    if not found:
        raise UsageError(f"--judge {judge}: wrote no critique of these answers; expected one that gives reasons")
    return found


def _check_fits(options: AnnotationOptions, guideline: Guideline) -> None:
    """Look whether a guideline asks of what is labelled.

    Raises:
        UsageError: it does not, or critiques are to be labelled in a way that only answers are.
    """
    if {*guideline.asks} & {*OF_DRAFTS}:
        raise UsageError(f"--guideline {options.guideline}: it is for drafts, see hantei benchmarks review")
    of_critiques = options.critiques is not None
    if ("units" in guideline.asks) != of_critiques or (of_critiques and {*guideline.asks} - {"units", "score"}):
        what = "of critiques, units and score" if of_critiques else "of answers, and no units"
        raise UsageError(f"--guideline {options.guideline}: expected one that asks {what}")
    if of_critiques and (options.adjudicator or options.show_critiques or options.rows):
        raise UsageError("--critiques: goes without --adjudicator, --show-critiques and --rows")


def _first_ones(run: Run, options: AnnotationOptions, critiques: WrittenCritiques | None) -> Mapping[str, float | None]:
    """Return the answers that come first, with the chance with which each was drawn."""
    if critiques:
        return critiques.answers()
    if options.rows is None:
        return {}
    return {identity: row.sampling_p for identity, row in labels_of(run, options.rows, LabelFiles()).rows.items()}


def serve(app: Any, host: str, port: int) -> None:
    """Serve a page until it is interrupted.

    Raises:
        RunError: the port is taken.
    """
    import uvicorn

    config = uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False, server_header=False)
    try:
        uvicorn.Server(config).run()
    except SystemExit:
        raise RunError(f"--port {port}: cannot listen on {host}: name another port") from None


def judge_names(people: Sequence[str], guideline: str) -> list[str]:
    """Return the judges that people are: ``human:NAME``, or ``human:NAME@GUIDELINE`` by a guideline of one's own.

    Raises:
        UsageError: a name is empty, stands twice, or has a character with a meaning.
    """
    names = [name.strip() for name in people] or [ALONE]
    wrong = next((name for name in names if not name or set(name) & set("@:*?[],/+") or not name.isprintable()), None)
    if wrong is not None or len({name.casefold() for name in names}) < len(names):
        raise UsageError(f"--people {','.join(names)}: expected names, each once, without @ : * ? [ ] / +")
    return [f"human:{name}" + ("" if guideline in (DEFAULT, CRITIQUES, REVIEW) else f"@{guideline}") for name in names]


def links(people: Sequence[Member], host: str, port: int) -> list[str]:
    """Return the link of each person, a line each."""
    shown = f"[{host}]" if ":" in host else host
    lines = [f"{one.name}: http://{shown}:{port}{one.link}" for one in people]
    if not is_loopback(host):
        lines.append("Anybody who has a link can label in that person's name, and reads without encryption on the way.")
    return lines


def check_installed() -> None:
    """Look whether the page can be served.

    Raises:
        UsageError: a library is not installed.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError:
        raise UsageError("the labelling page needs Starlette and uvicorn: pip install 'hantei[annotate]'") from None
