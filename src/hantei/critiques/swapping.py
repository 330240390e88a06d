"""Another dialogue for each critique: what is true of that one, too, is generic."""

from __future__ import annotations

from collections.abc import Sequence

from hantei.critiques.critique import Critique


def swapped(critiques: Sequence[Critique]) -> list[Critique | None]:
    """Return for each critique one of another dialogue: that half way round the list of its judge and language.

    None where there is no other dialogue: nothing can be told to be generic there.
    """
    groups: dict[tuple[str, str | None], list[int]] = {}
    for number, one in enumerate(critiques):
        groups.setdefault((one.judge, one.language), []).append(number)
    out: list[Critique | None] = [None] * len(critiques)
    for members in groups.values():
        dialogues = list({critiques[number].dialogue: number for number in members}.values())
        place = {critiques[number].dialogue: at for at, number in enumerate(dialogues)}
        for number in members:
            if len(dialogues) > 1:
                at = place[critiques[number].dialogue]
                out[number] = critiques[dialogues[(at + len(dialogues) // 2) % len(dialogues)]]
    return out
