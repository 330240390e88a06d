"""``hantei benchmarks wrap``: the prompts of a benchmark or a file, and what attacks make of them, as one file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from hantei import benchmarks
from hantei.benchmarks import PromptReading
from hantei.benchmarks.attacks.card import AttackCard
from hantei.benchmarks.attacks.chain import AttackChain, chains
from hantei.benchmarks.attacks.pairs import PromptPairs, folded, read_pairs
from hantei.benchmarks.attacks.rewording import reworded
from hantei.benchmarks.attacks.wrapping import wrap
from hantei.benchmarks.build.asking import DraftingModel, limits_in
from hantei.engine.limits import Limits
from hantei.errors import InputError, UsageError
from hantei.files import write_atomic
from hantei.language import detect
from hantei.record_lines import to_line
from hantei.records import Prompt

CACHE = Path("runs") / "wrap"
"""Where the replies of a model are kept, from which the same command goes on."""

PairedWords = Mapping[tuple[str, str], str]
"""What a model or a pair says in place of a prompt, by the name of a card and the prompt's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapOptions:
    """How prompts are wrapped.

    Args:
        attacks: names of attacks, each made of every prompt; ``A+B`` puts B around A, ``all`` is all of them.
        seed: which wording is taken where an attack has several.
        plain: whether the plain prompts are in the file too, to compare with.
        pairs: tables of translations that exist.
        model: the model that paraphrases, and translates what no pair holds; None for none.
        limits: connections, money, time, and the folder of its replies.
        prices: a file of prices in place of hantei's own.
        mapping: field to column of a file of prompts.
    """

    attacks: tuple[str, ...]
    seed: int = 0
    plain: bool = True
    pairs: tuple[Path, ...] = ()
    model: str | None = None
    limits: Limits = field(default_factory=Limits)
    prices: Path | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What came of it: ``made`` and ``left_out`` count prompts by attack; ``plain`` is how many stand beside them."""

    attacks: tuple[str, ...]
    plain: int
    made: Mapping[str, int]
    left_out: Mapping[str, int]
    notes: tuple[str, ...] = ()


def wrap_file(source: str, out: Path, options: WrapOptions) -> Wrapped:
    """Write a file of prompts that any command takes as ``--benchmark``, and return what is in it.

    Args:
        source: a benchmark, one split of it, or a file of prompts.
        out: the JSON-lines file.
        options: how they are wrapped.

    Raises:
        UsageError: no such benchmark or attack, or nothing to say a prompt in other words with.
        InputError: a file cannot be read, or two prompts have one id.
        RunError: the model's calls ended early; what was answered is kept.
    """
    wanted = chains(options.attacks, options.model is not None)
    _check(wanted, options)
    reading = PromptReading(mapping=options.mapping)
    prompts = [_with_language(prompt) for prompt in _distinct(benchmarks.load_benchmark(source, reading))]
    words = _words(prompts, wanted, options)
    made: Counter[str] = Counter()
    write_atomic(out, (to_line(prompt) for prompt in _all(prompts, wanted, words, options, made)))
    left_out = {chain.name: len(prompts) - made[chain.name] for chain in wanted}
    return Wrapped(
        attacks=tuple(chain.name for chain in wanted),
        plain=len(prompts) if options.plain else 0,
        made=dict(made),
        left_out={name: count for name, count in left_out.items() if count},
        notes=tuple(_notes(left_out)),
    )


def _notes(left_out: Mapping[str, int]) -> Iterator[str]:
    if any(left_out.values()):
        yield "Left out: no words for their language, none that came, made before, or far too long in encodings."


def _check(wanted: Sequence[AttackChain], options: WrapOptions) -> None:
    if not wanted:
        raise UsageError("expected --attack NAME; 'hantei benchmarks attacks' names them all")
    card = next((chain.cards[0] for chain in wanted if chain.by_model), None)
    if card is not None and options.model is None and not (options.pairs and card.target):
        pairs = ", or --pairs FILE for translations that exist" if card.target else ""
        raise UsageError(f"--attack {card.name}: other words come from a model: expected --model NAME{pairs}")
    if options.model is not None and card is not None:
        _asked(options.model, options).check()


def _distinct(prompts: Iterator[Prompt]) -> Iterator[Prompt]:
    seen: set[str] = set()
    for number, prompt in enumerate(prompts, 1):
        if prompt.id in seen:
            raise InputError(f"prompt {number}: the id '{prompt.id[:80]}' was there before")
        seen.add(prompt.id)
        yield prompt


def _with_language(prompt: Prompt) -> Prompt:
    return prompt if prompt.language else replace(prompt, language=detect(prompt.text))


def _all(
    prompts: Sequence[Prompt],
    wanted: Sequence[AttackChain],
    words: PairedWords,
    options: WrapOptions,
    made: Counter[str],
) -> Iterator[Prompt]:
    """Yield each prompt and what is made of it; ``made`` counts the latter by attack.

    What the prompts hold already, having been wrapped before, is not made again.
    """
    there = {prompt.id for prompt in prompts}
    for prompt in prompts:
        if options.plain:
            yield prompt
        for chain in wanted:
            wrapped = wrap(prompt, chain, options.seed, words.get((chain.cards[0].name, prompt.id)))
            if wrapped is not None and wrapped.id not in there:
                made[chain.name] += 1
                yield wrapped


def _words(prompts: Sequence[Prompt], wanted: Sequence[AttackChain], options: WrapOptions) -> PairedWords:
    """Return what is said in place of prompts, by pairs where they have it and else by the model."""
    found: dict[tuple[str, str], str] = {}
    cards = {chain.cards[0].name: chain.cards[0] for chain in wanted if chain.by_model}
    pairs = read_pairs(options.pairs)
    for card in cards.values():
        asked = [prompt for prompt in prompts if (prompt.language or "").partition("-")[0] in card.languages]
        said = _from_pairs(asked, card, pairs)
        if options.model is not None:
            said |= reworded(
                [prompt for prompt in asked if prompt.id not in said], card, _asked(options.model, options)
            )
        found |= {(card.name, prompt_id): text for prompt_id, text in said.items()}
    return found


def _from_pairs(prompts: Sequence[Prompt], card: AttackCard, pairs: PromptPairs) -> dict[str, str]:
    said = ((prompt.id, pairs.get(folded(prompt.text), {}).get(card.target or "")) for prompt in prompts)
    return {prompt_id: text for prompt_id, text in said if text}


def _asked(model: str, options: WrapOptions) -> DraftingModel:
    return DraftingModel(
        name=model, limits=limits_in(options.limits, CACHE), prices=options.prices, temperature=0.7, seed=options.seed
    )
