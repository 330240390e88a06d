"""What preference rounds need to know of the world: how its judges are asked and read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hantei.records import Message
from hantei.training.preferences import CritiqueReading, Dialogue
from hantei.training.world.critiques import verdict
from hantei.training.world.rows import judge_prompt
from hantei.training.world.words import read_words


class WorldForm:
    """How the world's judges are asked and how they answer, label first."""

    def messages(self, dialogue: Dialogue) -> Sequence[Message]:
        """Return what is asked."""
        return judge_prompt(dialogue.prompt, dialogue.response)

    def completion(self, dialogue: Dialogue, unsafe: bool, critique: str) -> str:
        """Return the reply that gives this verdict and critique."""
        return verdict(unsafe, critique, dialogue.language)

    def read(self, dialogue: Dialogue, reply: str) -> CritiqueReading:
        """Return what a reply says; a verdict or a critique that is not in its place is not read."""
        words = read_words(dialogue.language).verdict
        labels = {words.unsafe: True, words.safe: False}
        pattern = re.escape(words.form).replace(r"\{label\}", "(.*?)").replace(r"\{critique\}", "(.+)")
        found = re.fullmatch(pattern, reply.strip())
        return CritiqueReading(labels.get(found[1]), found[2].strip()) if found else CritiqueReading(None, None)
