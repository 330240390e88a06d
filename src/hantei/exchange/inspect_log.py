"""A run as Inspect AI's logs, one a system, for ``inspect view`` and for whatever reads Inspect's logs.

Prompts, responses and judgments stand in the log's metadata too, so that ``hantei import --from inspect`` gives back
what was exported.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hantei.exchange.inspect_read import require_inspect
from hantei.exchange.inspect_scores import KEY, kept, to_score
from hantei.record_lines import from_line
from hantei.records import Judgment, Prompt, Rate, Response
from hantei.runs.folder import Run
from hantei.runs.index import Index, Location
from hantei.runs.judging import PairReader
from hantei.turns import with_earlier_answers

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalResults, EvalSample, EvalSpec
    from inspect_ai.model import ChatMessage, ModelOutput, StopReason

_STOPS: dict[str, StopReason] = {"ok": "stop", "truncated": "max_tokens", "filtered": "content_filter"}


def export_inspect(run: Run, out: Path) -> list[Path]:
    """Write one ``.eval`` log a system into the folder ``out``; return their paths.

    A log is built in memory before it is written, as Inspect's own writer needs it.

    Raises:
        UsageError: Inspect AI is not installed.
        RunError, RecordError: the run folder is damaged.
    """
    require_inspect("--to inspect")
    from inspect_ai.log import write_eval_log

    out.mkdir(parents=True, exist_ok=True)
    written = []
    with run.index() as index, PairReader(run) as reader, _JudgmentReader(run, index) as verdicts:
        for system, pairs in _by_system(index, reader).items():
            log = _Log(run, system, verdicts).build(index, reader, pairs)
            path = out / _file_name(log)
            write_eval_log(log, path.as_posix(), format="eval")
            written.append(path)
    return written


def _by_system(index: Index, reader: PairReader) -> dict[str, list[tuple[int, Location]]]:
    """Return each system's answers with their position in the run."""
    found: dict[str, list[tuple[int, Location]]] = defaultdict(list)
    for position, pair in enumerate(index.pairs()):
        found[reader.read(pair)[1].system].append((position, pair))
    return found


class _JudgmentReader:
    """Reads what every judge said of a response, where it stands."""

    def __init__(self, run: Run, index: Index) -> None:
        self._index = index
        self._stack = ExitStack()
        self.judges = dict(index.judges())
        opened = {number: run.open_judgments(name) for number, name in self.judges.items()}
        self._files = {number: self._stack.enter_context(file) for number, file in opened.items()}

    def __enter__(self) -> _JudgmentReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def of(self, pair: Location) -> Iterator[tuple[str, list[Judgment]]]:
        """Yield each judge's name and its judgments of one response, where it has any."""
        for number, name in self.judges.items():
            judgments = []
            for offset in self._index.offsets(number, pair):
                self._files[number].seek(offset)
                judgments.append(from_line(Judgment, self._files[number].readline()))
            if judgments:
                yield name, judgments


class _Log:
    """One system's log."""

    def __init__(self, run: Run, system: str, verdicts: _JudgmentReader) -> None:
        self._run, self._system, self._verdicts = run, system, verdicts
        self._info = run.info()
        self._epochs: Counter[str] = Counter()

    def build(self, index: Index, reader: PairReader, pairs: list[tuple[int, Location]]) -> EvalLog:
        from inspect_ai.log import EvalLog

        samples = [
            self._sample(position, pair, reader.prompt(pair.prompt_offset), reader.response(pair.response_offset))
            for position, pair in pairs
        ]
        benchmarks = {group.benchmark for group in index.groups().values()}
        return EvalLog(
            status="success",
            eval=self._spec(next(iter(benchmarks)) if len(benchmarks) == 1 else None, samples),
            results=self._results(samples),
            samples=samples,
        )

    def _spec(self, benchmark: str | None, samples: list[EvalSample]) -> EvalSpec:
        from inspect_ai.log import EvalConfig, EvalDataset, EvalSpec

        name = benchmark or self._run.path.resolve().name
        created = self._info.created
        identity = hashlib.sha256(f"{created}\0{name}\0{self._system}".encode("utf-8", "surrogatepass")).hexdigest()
        ids = list(self._epochs)
        return EvalSpec(
            eval_id=identity[:22],
            run_id=identity[22:44],
            task_id=identity[:22],
            created=created,
            task=f"hantei/{name}",
            dataset=EvalDataset(name=name, samples=len(ids), sample_ids=ids),
            model=self._system,
            config=EvalConfig(epochs=max(self._epochs.values(), default=1)),
            packages={"hantei": self._info.hantei},
            metadata={KEY: msgspec.to_builtins({"judges": self._info.judges, "plan": self._info.plan})},
        )

    def _sample(self, position: int, pair: Location, prompt: Prompt, response: Response) -> EvalSample:
        from inspect_ai.log import EvalError, EvalSample

        sample_id = _sample_id(prompt.id)
        self._epochs[sample_id] += 1
        asked, output = _messages(with_earlier_answers(prompt, response), sample_id), _output(response)
        failed = response.error or "the call failed"
        known = {"language": prompt.language, "intent": prompt.intent, "harm": prompt.harm, "region": prompt.region}
        return EvalSample(
            id=sample_id,
            epoch=self._epochs[sample_id],
            input=prompt.text if len(asked) == 1 else asked,
            target=prompt.reference or "",
            messages=[*asked, output.message] if output.choices else asked,
            output=output,
            scores={name: to_score(judgments) for name, judgments in self._verdicts.of(pair)},
            metadata={name: value for name, value in known.items() if value is not None}
            | {KEY: {"position": position, "prompt": kept(prompt), "response": kept(response)}},
            error=EvalError(message=failed, traceback="", traceback_ansi="") if response.status == "error" else None,
            total_time=response.latency_s,
        )

    def _results(self, samples: list[EvalSample]) -> EvalResults:
        from inspect_ai.log import EvalMetric, EvalResults, EvalScore

        scores = []
        for judge in self._verdicts.judges.values():
            rates = [rate for rate in _rates(self._run) if rate.by == {"judge": judge, "system": self._system}]
            metrics = {
                rate.metric: EvalMetric(name=rate.metric, value=rate.rate, metadata=_interval(rate))
                for rate in rates
                if rate.rate is not None
            }
            scores.append(EvalScore(name=judge, scorer=judge, metrics=metrics))
        done = sum(sample.error is None for sample in samples)
        return EvalResults(total_samples=len(samples), completed_samples=done, scores=scores)


def _rates(run: Run) -> tuple[Rate, ...]:
    return run.summary().rates if run.summary_path.exists() else ()


def _interval(rate: Rate) -> dict[str, Any]:
    names = ("numerator", "denominator", "low", "high", "method", "bound_low", "bound_high")
    return {name: getattr(rate, name) for name in names} | {"no_verdict": dict(rate.no_verdict)}


def _messages(prompt: Prompt, sample_id: str) -> list[ChatMessage]:
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser

    kinds = {
        "system": ChatMessageSystem,
        "user": ChatMessageUser,
        "assistant": ChatMessageAssistant,
        "tool": ChatMessageTool,
    }
    # Inspect draws ids at random where there are none; these keep two exports of one run the same.
    return [
        kinds[message.role](id=f"{sample_id}-{number}", content=message.shown)
        for number, message in enumerate(prompt.messages, 1)
    ]


def _output(response: Response) -> ModelOutput:
    from inspect_ai.model import (
        ChatCompletionChoice,
        ChatMessageAssistant,
        ContentReasoning,
        ContentText,
        ModelOutput,
        ModelUsage,
    )

    model = response.served_model or response.system
    usage = _usage(response.usage)
    if response.status == "error":
        return ModelOutput(model=model, error=response.error, usage=ModelUsage(**usage) if usage else None)
    content: Any = response.text
    if response.reasoning:
        content = [ContentReasoning(reasoning=response.reasoning), ContentText(text=response.text)]
    message = ChatMessageAssistant(id=f"{response.id}-answer", content=content, model=model, source="generate")
    return ModelOutput(
        model=model,
        choices=[ChatCompletionChoice(message=message, stop_reason=_STOPS[response.status])],
        completion=response.text,
        usage=ModelUsage(**usage, total_cost=response.cost) if usage else None,
        time=response.latency_s,
    )


def _usage(usage: Mapping[str, int]) -> dict[str, int]:
    if not usage:
        return {}
    asked, answered = usage.get("input", 0), usage.get("output", 0)
    return {"input_tokens": asked, "output_tokens": answered, "total_tokens": asked + answered}


def _sample_id(prompt_id: str) -> str:
    """Return an id that is safe as a name inside the log's archive; the true one is kept in the metadata."""
    return re.sub(r"[^\w.@-]+", "_", prompt_id).lstrip(".")[:120] or "_"


def _file_name(log: EvalLog) -> str:
    """Return a name as Inspect's log listing expects it: time, task and id, joined by underscores."""
    time = re.sub(r"[:+]", "-", log.eval.created)
    system = re.sub(r"[^A-Za-z0-9.]+", "-", log.eval.model).strip("-")[:60]
    task = re.sub(r"[^A-Za-z0-9.]+", "-", log.eval.task).strip("-")[:60]
    return f"{time}_{task}-{system}_{log.eval.eval_id}.eval"
