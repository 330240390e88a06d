"""``hantei benchmarks attacks`` and ``hantei benchmarks wrap``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hantei.cli import complete
from hantei.cli.options import (
    CacheOption,
    ConnectionsOption,
    JsonOption,
    MaxCostOption,
    PricesOption,
    TimeoutOption,
    limits_of,
    mapping_of,
)
from hantei.cli.output import print_json, print_table, say
from hantei.cli.summary import interruptible
from hantei.engine.limits import Limits

_LIMITS = Limits()


def register(app: typer.Typer) -> None:
    """Add both commands to ``hantei benchmarks``."""
    app.command(short_help="List the attacks and plain variations that prompts can be wrapped in.")(attacks)
    app.command(short_help="Wrap prompts in attacks, the plain ones beside them.")(wrap)


def attacks(
    name: Annotated[
        str | None, typer.Argument(help="Print this attack's card.", autocompletion=complete.attacks)
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the attacks and plain variations that prompts can be wrapped in, or print the card of one.

    Example: hantei benchmarks attacks role-play
    """
    from hantei.benchmarks.attacks import attack_names, load_attack

    cards = [load_attack(one) for one in ([name] if name else attack_names())]
    if json:
        print_json([msgspec.to_builtins(card) for card in cards])
        return
    if name is None:
        rows = [[card.name, card.kind, ", ".join(card.languages), card.title] for card in cards]
        print_table(["name", "kind", "languages", "what it does"], rows)
        return
    for card in cards:
        say(f"{card.name}: {card.title}\n{card.description}\nsource: {card.source}")
        for wording in card.wordings:
            say("")
            for turn in wording.turns:
                say(f"[{wording.language}, {turn.role}] {turn.content}")


def wrap(
    source: Annotated[
        str,
        typer.Argument(
            metavar="BENCHMARK-or-FILE", help="Whose prompts are wrapped.", autocompletion=complete.benchmarks
        ),
    ],
    attack: Annotated[
        list[str],
        typer.Option(
            help="Wrap in this one; may be repeated. A+B puts B around A; all is every attack.",
            autocompletion=complete.attacks,
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file of prompts to write, which --benchmark then takes.")],
    plain: Annotated[bool, typer.Option(help="Whether the plain prompts are in the file, too.")] = True,
    seed: Annotated[int, typer.Option(help="Which wording is taken where an attack has several.")] = 0,
    pairs: Annotated[
        list[Path] | None, typer.Option(help="A table of translations with columns en, ja, zh; may be repeated.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Who paraphrases, and translates what no pair holds.")] = None,
    map_: Annotated[list[str] | None, typer.Option("--map", help="Name a column: --map prompt=COLUMN.")] = None,
    max_connections: ConnectionsOption = _LIMITS.max_connections,
    max_cost: MaxCostOption = None,
    prices: PricesOption = None,
    timeout: TimeoutOption = _LIMITS.timeout_s,
    cache: CacheOption = None,
    json: JsonOption = False,
) -> None:
    """Wrap the prompts of a benchmark or a file in attacks; each stays linked to its plain prompt.

    Example: hantei benchmarks wrap starter --attack role-play --attack fiction+base64 --out wrapped.jsonl
    """
    from hantei.tasks.wrapping import WrapOptions, wrap_file

    options = WrapOptions(
        attacks=tuple(attack),
        seed=seed,
        plain=plain,
        pairs=tuple(pairs or ()),
        model=model,
        limits=limits_of(max_connections, max_cost, timeout, cache),
        prices=prices,
        mapping=mapping_of(map_ or []),
    )
    with interruptible():
        found = wrap_file(source, out, options)
    if json:
        print_json({"out": str(out), "plain": found.plain, "made": found.made, "left_out": found.left_out})
        return
    rows = [[name, f"{found.made.get(name, 0):,}", f"{found.left_out.get(name, 0):,}"] for name in found.attacks]
    print_table(["attack", "prompts", "left out"], rows)
    for line in found.notes:
        say(line)
    say(f"{out}: {found.plain:,} plain prompts and {sum(found.made.values()):,} made of them; --benchmark {out}")
