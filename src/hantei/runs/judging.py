"""Judging what a run folder holds: every response that the judge has not judged yet, appended as it finishes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeGuard

from hantei.engine.limits import Limits
from hantei.errors import RunError
from hantei.judges import Judge
from hantei.progress import Progress
from hantei.records import Prompt, Response, from_line, to_line
from hantei.runs.folder import Run
from hantei.runs.index import Index, Location
from hantei.runs.journal import Journal, in_order, reorder
from hantei.runs.reasoning import judges_reasoning, to_be_judged

if TYPE_CHECKING:
    from hantei.engine.asking import AskingJudge
    from hantei.engine.caller import Price

_BATCH = 512


class PairReader:
    """Reads prompts and responses where they stand; neighbours that share a prompt read it once."""

    def __init__(self, run: Run) -> None:
        self._prompts = run.prompts_path.open("rb")
        self._responses = run.responses_path.open("rb")
        self._at = -1
        self._prompt = Prompt(id="", messages=())

    def __enter__(self) -> PairReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._prompts.close()
        self._responses.close()

    def read(self, pair: Location) -> tuple[Prompt, Response]:
        """Return the prompt and the response that ``pair`` points to."""
        if pair.prompt_offset != self._at:
            self._prompts.seek(pair.prompt_offset)
            self._prompt = from_line(Prompt, self._prompts.readline())
            self._at = pair.prompt_offset
        self._responses.seek(pair.response_offset)
        return self._prompt, from_line(Response, self._responses.readline())


def add_judges(run: Run, judges: Iterable[Judge]) -> None:
    """Write into ``run.json`` what is to be known of these judges.

    Raises:
        RunError: the run was judged by another version of one of them.
    """
    info = run.info()
    for judge in judges:
        known = info["judges"].get(judge.name)
        if known and known["card_hash"] != judge.card_hash:
            raise RunError(
                f"{run.path} was judged by another version of {judge.name} (card {known['card_hash'][:12]}, now "
                f"{judge.card_hash[:12]}): name another --out, or remove {run.judgments_path(judge.name)}"
            )
        info["judges"][judge.name] = {"card_hash": judge.card_hash, **judge.outline()}
    run.write_info(info)


def judge_run(
    run: Run,
    index: Index,
    judge: Judge,
    limits: Limits | None = None,
    price: Price | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> int:
    """Judge every response of ``run`` that ``judge`` has not judged; return how many were.

    Judgments are appended in groups, so a kill loses at most the group at hand; a clean end puts the file into input
    order. A judge that asks a model is asked within ``limits``; ``say`` takes one line on its calls, tokens, cost and
    failures at the end, also where the run stops early.

    Raises:
        OSError: the disk is full or gone; what was judged is kept.
        RunError: no call to the judge's model works.
        KeyboardInterrupt: Ctrl-C.
    """
    if asks_model(judge):
        return _judge_by_asking(run, index, judge, limits or Limits(), price, say)
    return _judge_in_batches(run, index, judge)


def asks_model(judge: Judge) -> TypeGuard[AskingJudge]:
    """Whether a judge asks a model, and so goes through the engine."""
    return hasattr(judge, "calls")


def _judge_by_asking(
    run: Run, index: Index, judge: AskingJudge, limits: Limits, price: Price | None, say: Callable[[str], None]
) -> int:
    from hantei.engine.caller import no_price  # the engine needs asyncio, which judging without a model does not
    from hantei.engine.pipeline import drive

    outcome = drive(run, index, [judge], None, limits, price or no_price)
    put_in_order(run, index, judge.name)
    say(outcome.meter.line())
    if outcome.error is not None:
        raise outcome.error
    return outcome.meter.judged


def _judge_in_batches(run: Run, index: Index, judge: Judge) -> int:
    number, reasoning = index.judge_no(judge.name), judges_reasoning(run)
    done = 0
    with (
        Journal(run.judgments_path(judge.name)) as journal,
        PairReader(run) as reader,
        Progress(f"judging with {judge.name}", index.count_without(number)) as progress,
    ):
        for batch in _batches(index.pairs(without=number)):
            pairs = [reader.read(pair) for pair in batch]
            judgments = judge.judge([(prompt, to_be_judged(response, reasoning)) for prompt, response in pairs])
            offsets = journal.append([to_line(judgment) for judgment in judgments])
            for pair, judgment, offset in zip(batch, judgments, offsets, strict=True):
                index.add_facts(number, pair.response_no, judgment, offset)
            done += len(batch)
            progress.advance(len(batch))
    put_in_order(run, index, judge.name)
    return done


def put_in_order(run: Run, index: Index, judge: str) -> None:
    """Rewrite a judge's file so that it holds its last word on each response, in input order, if it does not yet."""
    path = run.judgments_path(judge)
    number = index.judge_no(judge)
    if in_order(path, index.judgment_offsets(number)):
        return
    reorder(path, index.judgment_offsets(number))
    index.move_judgments(number, path)


def _batches(pairs: Iterable[Location]) -> Iterator[list[Location]]:
    stream = iter(pairs)
    while batch := list(islice(stream, _BATCH)):
        yield batch
