"""Benchmarks: what is asked, where it comes from, and what terms bind it.

A benchmark is a card (TOML, in ``cards/``); its files are in the package (``starter``), in the user's cache, or
wherever the user has them. ``load_benchmark`` yields the prompts of ``starter`` and those of ``prompts.jsonl``.
"""

from hantei.benchmarks.card import BenchmarkCard, card_names, load_card
from hantei.benchmarks.checking import CheckReport, check
from hantei.benchmarks.fetching import Fetched, fetch, locate, status
from hantei.benchmarks.loading import load_prompts
from hantei.benchmarks.made_up import PromptReading
from hantei.benchmarks.named import (
    find,
    identity,
    load_benchmark,
    ordinary_answers,
    prompts_by_id,
    starter_answers,
)
from hantei.benchmarks.overview import check_named, outlines, sheet

__all__ = [
    "BenchmarkCard",
    "CheckReport",
    "Fetched",
    "PromptReading",
    "card_names",
    "check",
    "check_named",
    "fetch",
    "find",
    "identity",
    "load_benchmark",
    "load_card",
    "load_prompts",
    "locate",
    "ordinary_answers",
    "outlines",
    "prompts_by_id",
    "sheet",
    "starter_answers",
    "status",
]
