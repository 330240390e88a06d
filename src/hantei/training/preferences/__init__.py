"""Preference rounds: judges that write critiques, improved by their own better critiques (SAFETY-J, arXiv 2407.17075).

    from hantei.training.preferences import RoundOptions, Setting
    from hantei.training.preferences.rounds import run_rounds

    run_rounds(Setting(judges=(m1, m2), train=..., validation=..., form=..., checker=...), out, RoundOptions(rounds=3))

What a round needs to know of the world that it is in is a ``Setting``: real dialogues and a card's prompt, or a small
world whose facts are known.
"""

from __future__ import annotations

from hantei.training.preferences.options import RoundOptions
from hantei.training.preferences.setting import CritiqueReading, Dialogue, JudgeForm, Setting

__all__ = ["CritiqueReading", "Dialogue", "JudgeForm", "RoundOptions", "Setting"]
