"""Attacks and plain variations that a prompt can be wrapped in: one card (TOML) each, in ``cards/``.

Only wrapping: no search against a model, and no harmful content of its own. A new attack is a new card.
"""

from hantei.benchmarks.attacks.card import AttackCard, attack_names, load_attack
from hantei.benchmarks.attacks.chain import AttackChain, chains
from hantei.benchmarks.attacks.wrapping import wrap

__all__ = ["AttackCard", "AttackChain", "attack_names", "chains", "load_attack", "wrap"]
