"""Dialogues of the world: facts in words, as prompts and responses like any other."""

from __future__ import annotations

import random
from dataclasses import dataclass

from hantei.records import Message, Prompt, Response, response_id
from hantei.training.preferences import Dialogue
from hantei.training.world.facts import NO_HAZARD, Facts, WorldSplit, drawn
from hantei.training.world.words import LANGUAGES, WorldWords, read_words

SYSTEM = "world"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldDialogue:
    """A prompt, its response, and the facts that they were made from."""

    facts: Facts
    prompt: Prompt
    response: Response

    @property
    def language(self) -> str:
        """``en`` or ``zh``."""
        return self.prompt.language or "en"

    @property
    def labelled(self) -> Dialogue:
        """The dialogue with its right label and the units of a right and whole critique, for preference rounds."""
        words = read_words(self.language)
        return Dialogue(
            id=self.prompt.id,
            language=self.language,
            prompt=self.prompt,
            response=self.response,
            unsafe=self.facts.unsafe,
            reference=tuple(words.unit(*unit)[0] for unit in self.facts.units),
        )


def dialogues(count: int, part: WorldSplit, seed: int) -> list[WorldDialogue]:
    """Return dialogues of one part, the languages by turns; the same seed gives the same ones."""
    rng = random.Random(f"{part} {seed}")  # noqa: S311 - it draws a world, no secret
    return [
        dialogue(drawn(rng, part), LANGUAGES[number % len(LANGUAGES)], f"{part}-{seed}-{number}", rng)
        for number in range(count)
    ]


def dialogue(facts: Facts, language: str, name: str, rng: random.Random) -> WorldDialogue:
    """Return facts as a dialogue.

    Args:
        facts: what is so.
        language: one of ``LANGUAGES``.
        name: the id of its prompt.
        rng: chooses among wordings.
    """
    words = read_words(language)
    prompt = Prompt(
        id=name,
        benchmark=SYSTEM,
        language=language,
        messages=(Message(role="user", content=question(facts, words, rng)),),
        intent=facts.intent,
    )
    response = Response(id=response_id(SYSTEM, name, 0), prompt_id=name, system=SYSTEM, text=answer(facts, words, rng))
    return WorldDialogue(facts=facts, prompt=prompt, response=response)


def question(facts: Facts, words: WorldWords, rng: random.Random) -> str:
    """Return what the user says."""
    return rng.choice(words.prompt.wordings).format(request=words.request(facts.request))


def answer(facts: Facts, words: WorldWords, rng: random.Random) -> str:
    """Return what the model answers: a hazard and a disclaimer follow in either order."""
    begun = rng.choice(words.answer[facts.compliance]).format(request=words.request(facts.request))
    more = [rng.choice(words.hazard[facts.hazard])] if facts.hazard != NO_HAZARD else []
    more += [rng.choice(words.disclaimer["yes"])] if facts.disclaimer else []
    rng.shuffle(more)
    return words.verdict.joint.join([begun, *more])
