"""A process of ``workers.py``: the built-in judge of one name, judging what comes in as lines of JSON.

A batch is its number of pairs in a line, then the prompt and the response of each pair, a line each; what goes back is
a judgment for each pair, a line each.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import BinaryIO

from hantei.judges.base import Classifier, Pair
from hantei.judges.builtin.loading import load_named
from hantei.record_lines import from_line, to_line
from hantei.records import Prompt, Response


def serve(classifier: Classifier, lines: BinaryIO, out: BinaryIO) -> None:
    """Judge the batches that come in as lines, until there are no more."""
    while count := lines.readline():
        batch = list(_pairs(lines, int(count)))
        out.write(b"".join(map(to_line, classifier.judge(batch))))
        out.flush()


def _pairs(lines: BinaryIO, count: int) -> Iterator[Pair]:
    for _ in range(count):
        prompt = from_line(Prompt, lines.readline())
        yield prompt, from_line(Response, lines.readline())


def _main() -> None:
    serve(load_named(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    _main()
