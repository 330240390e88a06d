"""How many ordinary answers the rule of ``hantei.coherence`` marks, and how many broken ones it sees.

python perf/coherence.py ../shared/data/ordinary

Broken answers are made of the ordinary ones: each way of breaking is applied to every one of 120 characters or more.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hantei.coherence import incoherent
from hantei.language import detect

CHANCE = random.Random(0)


def shuffled(text: str) -> str:
    """Return the words, or of text without spaces the characters, in any order."""
    words = text.split(" ") if " " in text else list(text)
    return (" " if " " in text else "").join(CHANCE.sample(words, len(words)))


def mashed(text: str) -> str:
    """Return random letters in place of a text's."""
    return "".join(CHANCE.choice("bcdfghjklmnpqrstvwxz") if one.isalpha() else one for one in text)


BROKEN: dict[str, Callable[[str], str]] = {
    "its first 30 characters over and over": lambda text: text[:30] * 20,
    "UTF-8 read as Latin-1": lambda text: text.encode().decode("latin-1"),
    "random consonants": mashed,
    "Cyrillic in place of its text": lambda text: "".join(chr(0x430 + ord(one) % 32) for one in text),
    "its words in any order": shuffled,
}


def main(folder: Path) -> None:
    """Print a line a file, and one a way of breaking and language."""
    broken: Counter[tuple[str, str]] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    for file in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        said = [(row["response"], row.get("language") or detect(row["prompt"])) for row in rows]
        start = time.perf_counter()
        marked = Counter(why for text, language in said if (why := incoherent(text, language)))
        took = 1e6 * (time.perf_counter() - start) / len(said)
        share = 100 * marked.total() / len(said)
        print(
            f"{file.stem}: {marked.total()} of {len(said):,} marked ({share:.2f}%), {took:.0f} us each {dict(marked)}"
        )
        for text, language in said:
            for way, breaking in BROKEN.items() if len(text) >= 120 else ():
                broken[way, language or ""] += 1
                seen[way, language or ""] += incoherent(breaking(text), language) is not None
    for way, language in sorted(broken):
        found, of = seen[way, language], broken[way, language]
        print(f"{way}, {language}: {found:,} of {of:,} seen ({100 * found / of:.1f}%)")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
