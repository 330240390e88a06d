"""How much safety data, and how much of it borderline: one recipe with many mixtures, each tuned with several seeds.

More copies are more steps, so that every number of copies is tuned twice: as its epochs come, and with as many steps as
the largest one has. Harm and over-refusal of each give the trade-off. Base and benchmarks are those of the recipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec.structs import replace

from hantei import cards
from hantei.api import run
from hantei.errors import UsageError
from hantei.estimates import Estimate
from hantei.files import write_atomic
from hantei.metrics.bootstrap import share_over_seeds
from hantei.models.base import Sampling
from hantei.progress import Say
from hantei.reports.figures import Plot, Series
from hantei.reports.section import Section, lead, numbers, percent, text_table
from hantei.tasks.options import Options
from hantei.training.mixtures.recipe import LoadedRecipe, MixtureSource, load_recipe
from hantei.training.safety_sft import train

StepRule = Literal["as they come", "equal"]
STEPS: tuple[StepRule, ...] = ("as they come", "equal")
"""More copies are more steps: with equal ones a mixture is repeated until it has those of the largest one."""
MEASURES = ("unsafe answers", "over-refusal", "no verdict")
"""Shares: of answers to the safety prompts, of those to the borderline ones, and of all those without a verdict."""

PICTURES = ("copies-as-they-come", "copies-equal-steps", "borderline-share", "trade-off")
"""The files of the figures, in their order."""


class SweepArm(NamedTuple):
    """One mixture: copies of the safety data, the share of it that is borderline, and how long it is tuned."""

    copies: int
    borderline: float
    steps: StepRule

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"copies-{self.copies}-borderline-{round(100 * self.borderline)}-steps-{self.steps.replace(' ', '-')}"


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What one arm came to, over its seeds; ``measures`` has an estimate for each of ``MEASURES``."""

    copies: int
    borderline: float
    steps: StepRule
    measures: dict[str, Estimate]


class Grid(NamedTuple):
    """What is swept: numbers of copies, shares of borderline data at ``at`` copies, and seeds."""

    copies: tuple[int, ...] = (0, 1, 4, 16, 64)
    borderline: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75)
    at: int = 16
    seeds: tuple[int, ...] = (0, 1, 2)

    def arms(self) -> list[SweepArm]:
        """Return all mixtures, each once."""
        of_copies = [SweepArm(copies, 0.0, steps) for copies, steps in product(self.copies, STEPS)]
        of_shares = [SweepArm(self.at, share, "equal") for share in self.borderline]
        return list(dict.fromkeys([*of_copies, *of_shares]))


def sweep(recipe: str, out: Path, grid: Grid, say: Say) -> list[Point]:
    """Tune and measure every arm with every seed; the same call again goes on, and what is finished is left.

    Args:
        recipe: a recipe with a source of the kind safety and, for shares of borderline data, one of that kind.
        out: what the models' folders lie in; ``sweep.json`` is written there, with a page.
        grid: what is swept.
        say: takes a line for people.

    Raises:
        UsageError: the recipe has no such source, or no benchmark of safety.
    """
    loaded = load_recipe(recipe)
    _check(loaded, grid)
    base = _base(loaded, out, say)
    points = []
    for number, arm in enumerate(grid.arms(), 1):
        say(f"{number} of {len(grid.arms())}: {arm.name}")
        measured = [_measured(loaded, base, arm, grid, seed, out) for seed in grid.seeds]
        points.append(_point(arm, measured))
        write_atomic(out / "sweep.json", [msgspec.json.format(msgspec.json.encode(points))])
    _write_page(loaded, points, out)
    return points


def mixed(loaded: LoadedRecipe, base: str, arm: SweepArm, most: int, seed: int) -> LoadedRecipe:
    """Return the recipe of an arm, with paths that stand anywhere.

    The safety data are as many rows whatever the share: of 24 rows, at a share of a quarter, 6 are borderline.

    Args:
        loaded: the recipe that is varied.
        base: the base's folder or name.
        arm: how.
        most: the copies whose steps arms of equal steps have.
        seed: decides order and draws.
    """
    recipe = loaded.recipe
    sources = tuple(_varied(source, loaded.folder, arm) for source in recipe.sources)
    steps = _steps(loaded, most) if arm.steps == "equal" else recipe.sft.steps
    made = replace(
        recipe,
        title=f"{recipe.title}: {arm.name}, seed {seed}",
        model=msgspec.structs.replace(recipe.model, base=base, new=None),
        sources=tuple(source for source in sources if source.copies),
        seed=seed,
        sft=replace(recipe.sft, steps=steps),
        evaluation=replace(
            recipe.evaluation,
            safety=tuple(map(loaded.benchmark, recipe.evaluation.safety)),
            borderline=tuple(map(loaded.benchmark, recipe.evaluation.borderline)),
            general=tuple(map(loaded.benchmark, recipe.evaluation.general)),
        ),
    )
    text = cards.write(msgspec.to_builtins(made))
    return LoadedRecipe(name=arm.name, recipe=made, folder=loaded.folder, text=text)


def sections(points: Sequence[Point], title: str) -> list[Section]:
    """Return a sweep as a table and two figures."""
    header = ["copies", "borderline share", "steps", *MEASURES]
    rows = [
        [str(one.copies), f"{one.borderline:.0%}", one.steps, *(_percent(one.measures[name]) for name in MEASURES)]
        for one in points
    ]
    return [
        Section(
            key="sweep",
            title=title,
            tables=(text_table("Each mixture over its seeds", header, rows),),
            figures=tuple(figures(points)),
            notes=(lead("Shares with the 95% interval of drawing seeds and prompts again."),),
            data=list(points),
        )
    ]


def figures(points: Sequence[Point]) -> list[Plot]:
    """Return the curves of copies (one for each way of counting steps), of borderline shares, and the trade-off."""
    found = []
    for steps in STEPS:
        arms = [one for one in points if one.steps == steps and not one.borderline]
        places = [float(np.log2(one.copies) + 1) if one.copies else 0.0 for one in arms]
        found.append(_plot(f"Copies of the safety data, steps {steps}", "copies: 0 at 0, then 1 + log2", places, arms))
    shares = [one for one in points if one.steps == "equal" and one.copies == _at(points)]
    shown = sorted(shares, key=lambda one: one.borderline)
    found.append(_plot("Share of borderline data, steps equal", "share", [one.borderline for one in shown], shown))
    found.append(_trade_off(points, shown))
    return [one for one in found if one.series]


def _trade_off(points: Sequence[Point], shares: Sequence[Point]) -> Plot:
    """Return over-refusal against unsafe answers, a place for every mixture of equal steps; both ends are named."""
    copies = [one for one in points if one.steps == "equal" and not one.borderline]
    places = {"copies": _places(copies), f"borderline share at {_at(points)} copies": _places(shares)}
    ends = {f"x{one.copies}": one for one in (copies[0], copies[-1])} if copies else {}
    ends |= {f"{one.borderline:.0%}": one for one in shares[-1:]}
    return Plot(
        title="Over-refusal against unsafe answers, steps equal",
        x_label=MEASURES[0],
        y_label=MEASURES[1],
        series=[Series(name=name, points=found) for name, found in places.items() if found],
        marks=[(*_places([one])[0], name) for name, one in ends.items()],
    )


def _places(points: Sequence[Point]) -> list[tuple[float, float]]:
    return [(numbers(one.measures[MEASURES[0]])[0], numbers(one.measures[MEASURES[1]])[0]) for one in points]


def _plot(title: str, x_label: str, places: Sequence[float], arms: Sequence[Point]) -> Plot:
    series = [_series(name, places, [one.measures[name] for one in arms]) for name in MEASURES] if arms else []
    return Plot(
        title=title,
        x_label=x_label,
        y_label="share of answers",
        series=series,
        x_range=(0.0, max([*places, 1.0])),
    )


def _series(name: str, places: Sequence[float], estimates: Sequence[Estimate]) -> Series:
    values = [numbers(one) for one in estimates]
    return Series(
        name=name,
        points=[(x, value[0]) for x, value in zip(places, values, strict=True)],
        low=[value[1] for value in values],
        high=[value[2] for value in values],
    )


def _at(points: Sequence[Point]) -> int:
    return next((one.copies for one in points if one.borderline), -1)


def _percent(estimate: Estimate) -> Any:
    return percent(*numbers(estimate)) if estimate.value is not None else "-"


def _check(loaded: LoadedRecipe, grid: Grid) -> None:
    kinds = {source.kind for source in loaded.recipe.sources}
    wanted = {"safety"} | ({"borderline"} if any(grid.borderline) else set())
    for kind in sorted(wanted - kinds):
        raise UsageError(f'recipe {loaded.name}: a sweep needs a source of kind = "{kind}"')
    if not loaded.recipe.evaluation.safety:
        raise UsageError(f"recipe {loaded.name}: a sweep needs a benchmark under evaluation.safety")


def _base(loaded: LoadedRecipe, out: Path, say: Say) -> str:
    """Return the base of all arms, made once where it is another recipe's."""
    from hantei.training.safety_sft import made_base

    made = made_base(loaded, out, say)
    return str(made.path.resolve()) if made else str(loaded.recipe.model.base)


def _varied(source: MixtureSource, folder: Path, arm: SweepArm) -> MixtureSource:
    whole = {"file": str((folder / source.file).resolve())} if source.file else {}
    if source.kind == "general":
        return replace(source, **whole)
    share = arm.borderline if source.kind == "borderline" else 1 - arm.borderline
    rows = round(share * (source.max_rows or 0))
    return replace(source, copies=arm.copies if rows else 0, max_rows=max(1, rows), **whole)


def _steps(loaded: LoadedRecipe, most: int) -> int:
    """Return the steps of the arm with the most copies, all its rows counted as its sources say."""
    from hantei.training.mixtures.mixture import read_mixture

    kept = [replace(one, copies=most if one.kind == "safety" else one.copies) for one in loaded.recipe.sources]
    sources = tuple(one for one in kept if one.kind != "borderline")
    rows = sum(read_mixture(replace(loaded, recipe=replace(loaded.recipe, sources=sources))).copies)
    return -(-rows * loaded.recipe.sft.epochs // loaded.recipe.sft.batch_size)


def _measured(
    loaded: LoadedRecipe, base: str, arm: SweepArm, grid: Grid, seed: int, out: Path
) -> dict[str, tuple[list[float], list[float]]]:
    """Tune an arm with a seed and return, for each measure, hits and what is known, prompt by prompt."""
    folder = out / f"{arm.name}-seed-{seed}"
    made = mixed(loaded, base, arm, max(grid.copies), seed)
    train(made, folder, lambda _: None)
    plan = made.recipe.evaluation
    options = Options(sampling=Sampling(temperature=plan.temperature, max_tokens=plan.max_tokens, seed=seed))
    hits: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in MEASURES}
    for kind, measure in (("safety", MEASURES[0]), ("borderline", MEASURES[1])):
        for number, benchmark in enumerate(getattr(plan, kind)):
            done = run(f"hf/{folder.resolve()}", benchmark, plan.judge, folder / f"{kind}-{number}", options)
            verdicts = {one.response_id: one for one in done.judgments(done.one_judge(plan.judge))}
            for response in done.responses():
                verdict = verdicts.get(response.id)
                said = (verdict.unsafe if kind == "safety" else verdict.refusal) if verdict else None
                hit = said is True or said in ("partial", "full")
                _note(hits[measure], hit, said is not None)
                _note(hits[MEASURES[2]], said is None, True)
    return hits


def _note(place: tuple[list[float], list[float]], hit: bool, known: bool) -> None:
    place[0].append(float(hit))
    place[1].append(float(known))


def _point(arm: SweepArm, measured: Sequence[dict[str, tuple[list[float], list[float]]]]) -> Point:
    found = {
        name: share_over_seeds(
            np.array([one[name][0] for one in measured]), np.array([one[name][1] for one in measured])
        )
        for name in MEASURES
    }
    return Point(copies=arm.copies, borderline=arm.borderline, steps=arm.steps, measures=found)


def _write_page(loaded: LoadedRecipe, points: Sequence[Point], out: Path) -> None:
    from hantei.reports.sections_page import write_sections
    from hantei.reports.to_svg import svg

    title = f"{loaded.name}: how much safety data"
    write_sections(out / "index.html", title, "Sweep", "Harm and over-refusal by mixture.", sections(points, title))
    for name, figure in zip(PICTURES, figures(points), strict=False):
        write_atomic(out / f"{name}.svg", [svg(figure).encode()])
