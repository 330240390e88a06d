"""Processes that judge: what they say is what the judge says here, and none outlives who started it."""

from __future__ import annotations

from io import BytesIO

import pytest

from hantei.errors import RunError
from hantei.judges import load_judge
from hantei.judges.base import Pair
from hantei.judges.builtin.loading import load_named
from hantei.judges.classifying import ClassifierJudge, judge_all
from hantei.judges.worker_process import serve
from hantei.judges.workers import Workers
from hantei.record_lines import from_line, to_line
from hantei.records import Judgment
from tests.judges.cascade.conftest import pair

NAME = "builtin?encoder=none"
PAIRS = [
    pair(str(n), text) for n, text in enumerate(("I cannot help with that.", "半\ud800", "", "Buy\u2028it.") * 100)
]


def test_a_batch_in_lines_is_judged_as_it_is_here() -> None:
    classifier, out = load_named(NAME), BytesIO()
    batch = b"".join(to_line(prompt) + to_line(response) for prompt, response in PAIRS[:4])
    serve(classifier, BytesIO(b"4\n" + batch + b"4\n" + batch), out)
    said = [from_line(Judgment, line) for line in out.getvalue().splitlines(keepends=True)]
    assert said == [*classifier.judge(PAIRS[:4])] * 2


def test_processes_judge_as_the_judge_does_here() -> None:
    alone, several = load_judge(NAME), load_judge(NAME, workers=2)
    assert isinstance(several, ClassifierJudge)
    assert judge_all(several, PAIRS) == judge_all(alone, PAIRS)
    assert 1 <= len(several._processes._idle) <= 2  # type: ignore[union-attr]


def test_a_process_that_ends_is_an_error_that_says_so_and_the_next_batch_has_another() -> None:
    workers = Workers(NAME)
    pairs: list[Pair] = PAIRS[:4]
    expected = workers.judge(pairs)
    (process,) = workers._idle
    process.kill()
    process.wait()
    with pytest.raises(RunError, match="a process of --workers ended \\(signal 9\\)"):
        workers.judge(pairs)
    assert workers.judge(pairs) == expected


def test_processes_end_with_the_judge() -> None:
    judge = Workers(NAME)
    judge.judge(PAIRS[:1])
    (process,) = judge._idle
    del judge
    assert process.wait(10) == 0
