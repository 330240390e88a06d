"""What was decided of every exchange: a line in a journal, without text unless asked for, and Prometheus metrics."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from hantei.errors import UsageError
from hantei.runs.info import now
from hantei.serving.errors import ProxyError
from hantei.serving.exchange import ChatRequest
from hantei.serving.live_judge import LiveVerdict

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(slots=True)
class RequestRecord:
    """One exchange on its way; times are in seconds."""

    path: str
    stream: bool = False
    model: str | None = None
    language: str | None = None
    decision: str = "error"
    verdicts: list[LiveVerdict] = field(default_factory=list)
    error: ProxyError | None = None
    judge_s: float = 0.0
    judged: int = 0
    corrections: int = 0
    asks_for_harm: float | None = None
    usage: dict[str, int] = field(default_factory=dict)
    texts: Sequence[str] = ()
    prompt: str | None = None
    started: float = field(default_factory=time.perf_counter)

    def of(self, request: ChatRequest) -> None:
        """Learn what was asked."""
        model = request.body.get("model")
        self.stream, self.model, self.language = request.streams, str(model)[:200] if model else None, request.language
        self.prompt = request.prompt.text

    def spent(self, usage: Any) -> None:
        """Add what a call took, as the model's server counts it."""
        for name in ("prompt_tokens", "completion_tokens"):
            count = usage.get(name) if isinstance(usage, dict) else None
            if isinstance(count, int):
                self.usage[name] = self.usage.get(name, 0) + count


class Decisions:
    """Keeps records: in a file of JSON lines, where one is given, and in metrics."""

    def __init__(self, journal: Path | None, texts: bool) -> None:
        """Open the journal.

        Raises:
            UsageError: it cannot be written.
        """
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._texts = texts
        self._file = _opened(journal) if journal else None
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "hantei_requests", "Requests by what became of them.", ("path", "decision"), registry=self.registry
        )
        self.failures = Counter("hantei_failures", "Requests that failed, by why.", ("type",), registry=self.registry)
        self.opened = Counter(
            "hantei_failed_open", "Answers that left unjudged because the policy says so.", registry=self.registry
        )
        self.tokens = Counter(
            "hantei_tokens", "Tokens by kind, corrections included.", ("kind",), registry=self.registry
        )
        self.corrections = Counter(
            "hantei_corrections", "Calls to have an answer written again.", registry=self.registry
        )
        self.seconds = Histogram(
            "hantei_request_seconds", "Whole requests.", ("path",), buckets=_SECONDS, registry=self.registry
        )
        self.judge_seconds = Histogram(
            "hantei_judge_seconds", "The judge's part of a request.", buckets=_SECONDS, registry=self.registry
        )
        self.in_flight = Gauge("hantei_in_flight", "Requests under way.", registry=self.registry)

    def keep(self, record: RequestRecord) -> None:
        """Count a request and write its line.

        Raises:
            ProxyError: the journal cannot be written, so nobody would know of the decision.
        """
        self.requests.labels(record.path, record.decision).inc()
        self.seconds.labels(record.path).observe(time.perf_counter() - record.started)
        if record.judged:
            self.judge_seconds.observe(record.judge_s)
        if record.error is not None:
            self.failures.labels(record.error.kind).inc()
        self.opened.inc(sum(verdict.open for verdict in record.verdicts))
        self.corrections.inc(record.corrections)
        for kind, count in record.usage.items():
            self.tokens.labels(kind).inc(count)
        if self._file is not None:
            self._write(self._file, json.dumps(self._line(record)).encode() + b"\n")

    def _write(self, file: BinaryIO, line: bytes) -> None:
        try:
            file.write(line)
        except OSError as error:
            raise ProxyError(500, "internal_error", f"the journal cannot be written: {error.strerror}") from None

    def page(self) -> bytes:
        """Return the metrics as Prometheus reads them."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)

    def close(self) -> None:
        """Close the journal."""
        if self._file is not None:
            self._file.close()

    def _line(self, record: RequestRecord) -> dict[str, Any]:
        line = {
            "created": now(),
            "path": record.path,
            "model": record.model,
            "language": record.language,
            "stream": record.stream,
            "decision": record.decision,
            "asks_for_harm": record.asks_for_harm,
            "verdicts": [verdict.note() for verdict in record.verdicts],
            "error": None if record.error is None else {"type": record.error.kind, "message": str(record.error)},
            "corrections": record.corrections,
            "usage": record.usage,
            "judge_s": round(record.judge_s, 4),
            "seconds": round(time.perf_counter() - record.started, 4),
            "texts_sha256": [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() for text in record.texts],
        }
        return line | ({"prompt": record.prompt, "texts": list(record.texts)} if self._texts else {})


def _opened(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("ab", buffering=0)
    except OSError as error:
        raise UsageError(f"--journal {path}: cannot be written: {error.strerror}") from None
