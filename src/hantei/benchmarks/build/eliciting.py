"""Drafts by a model: in several turns from a harm or a rule, and one at a time from a prompt that is there.

harm --situations--> who asks what for --write--> questions --more--> more of them, until there are enough
prompt --twin, contrast, variation, translation, adaptation--> a draft; --reference--> its reference answer
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

import msgspec
from msgspec.structs import replace

from hantei import taxonomy
from hantei.benchmarks.build.asking import DraftingModel, Talk
from hantei.benchmarks.build.lineage import KEY, Lineage, draft, intent_of, lineage
from hantei.benchmarks.build.places import Locale, home_of, load_place, place_names
from hantei.benchmarks.build.sources import DraftSource, Passage
from hantei.benchmarks.build.wording import DraftQuestion, language_name, listed, messages, wording
from hantei.records import Message, Prompt
from hantei.taxonomy import Node

BATCH = 5
"""Questions asked for in one turn."""
_TURNS = 6
"""Turns that ask for more, at most."""
MADE = ("twin", "contrast", "variation", "translation", "adaptation", "reference")
"""What is made from a prompt."""
PAIRED = ("translation", "adaptation")


class Wish(NamedTuple):
    """So many prompts of one harm in one language, from a passage where there is one."""

    harm: Node
    language: str
    place: Locale
    each: int
    source: DraftSource
    passage: Passage | None = None


class Derived(NamedTuple):
    """One draft to make from a prompt: how, in which language, for which place (None: as the prompt)."""

    prompt: Prompt
    how: str
    language: str
    region: str | None


def elicited(asked: DraftingModel, wishes: Sequence[Wish]) -> list[Prompt]:
    """Return what a model drafts.

    Raises:
        RunError: the calls ended early.
    """
    return [one for found in asked.each(wishes, _elicit, "drafts") for one in found]


async def _elicit(talk: Talk, wish: Wish) -> list[Prompt]:
    values = _values(wish)
    first = await talk.say(messages("situations", {**values, "count": min(BATCH, wish.each)}))
    found: dict[str, Prompt] = {}
    for turn in range(1, _TURNS + 1):
        if first is None or len(found) >= wish.each:
            break
        count = min(BATCH, wish.each - len(found))
        reply = await talk.say(messages("write" if turn == 1 else "more", {**values, "count": count}))
        new = [_draft(wish, text, talk.name, turn) for text in listed(reply or "")[: 2 * count]]
        if all(one.id in found for one in new):
            break
        for one in new:
            found.setdefault(one.id, one)
    return list(found.values())[: wish.each]


def _values(wish: Wish) -> dict[str, Any]:
    area = taxonomy.risk_area(wish.harm.id)
    return {
        "harm": wish.harm.title["en"],
        "area": taxonomy.title(area) if area and area != wish.harm.id else None,
        "description": wish.harm.description,
        "place": wish.place.title.get("en", wish.place.region),
        "language": language_name(wish.language),
        "passage": wish.passage.text if wish.passage else None,
    }


def _draft(wish: Wish, text: str, model: str, turn: int) -> Prompt:
    made = Lineage(
        harm=wish.harm.id,
        source=wish.source.name,
        passage=str(wish.passage.number) if wish.passage else None,
        model=model,
        wording=wording("situations"),
        turn=turn,
    )
    variant = "rule" if wish.passage else "elicited"
    return draft(text, made, language=wish.language, region=wish.place.region, intent="harmful", variant=variant)


def derivations(prompts: Sequence[Prompt], make: Sequence[str], into: Sequence[str]) -> Iterator[Derived]:
    """Yield what is to be made from prompts.

    Twins, contrasts and variations are made from harmful prompts, each in its language; translations and adaptations
    in those of ``into``.
    """
    for prompt in prompts:
        own = prompt.language or "en"
        for how in (one for one in make if one not in ("reference", *PAIRED) and prompt.intent == "harmful"):
            yield Derived(prompt, how, own, prompt.region)
        for language in (one for one in into if one != own):
            for how in (one for one in make if one in PAIRED):
                home = home_of(language)
                region = prompt.region if how == "translation" else home.region if home else None
                yield Derived(prompt, how, language, region)


def derived(asked: DraftingModel, work: Sequence[Derived]) -> list[Prompt]:
    """Return the drafts that a model makes from prompts; one of which it says nothing is left out.

    Raises:
        RunError: the calls ended early.
    """
    return [one for one in asked.each(work, _derive, "variants") if one is not None]


async def _derive(talk: Talk, work: Derived) -> Prompt | None:
    prompt = work.prompt
    question = cast("DraftQuestion", work.how)
    reply = await talk.say(_about(question, prompt, work.language, work.region))
    texts = listed(reply or "")
    if not texts:
        return None
    own = lineage(prompt)
    made = Lineage(
        harm=prompt.harm or "", source=own.source, kin=own.kin, model=talk.name, wording=wording(question), turn=1
    )
    return draft(
        texts[0],
        made,
        language=work.language,
        region=work.region,
        intent=intent_of(work.how, prompt),
        parent=prompt.id,
        variant=work.how,
    )


def referenced(asked: DraftingModel, prompts: Sequence[Prompt]) -> list[Prompt]:
    """Return the prompts with the reference answers that a model drafts; those of which it says nothing are left out.

    Raises:
        RunError: the calls ended early.
    """
    return [one for one in asked.each(prompts, _reference, "reference answers") if one is not None]


async def _reference(talk: Talk, prompt: Prompt) -> Prompt | None:
    reply = await talk.say(_about("reference", prompt, prompt.language or "en", prompt.region))
    texts = listed(reply or "")
    if not texts:
        return None
    made = msgspec.to_builtins(replace(lineage(prompt), reference_by=talk.name))
    return replace(prompt, reference=texts[0], meta={**prompt.meta, KEY: made})


def _about(question: DraftQuestion, prompt: Prompt, language: str, region: str | None) -> tuple[Message, ...]:
    values = {
        "question": prompt.text,
        "harm": taxonomy.title(prompt.harm or ""),
        "language": language_name(language),
        "place": _place_title(region),
    }
    return messages(question, values)


def _place_title(region: str | None) -> str:
    if region in place_names():
        return load_place(region or "").title["en"]
    return region or "the place where it is asked"
