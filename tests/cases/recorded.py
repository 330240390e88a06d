"""The recorded cases that a checkout may have beside it, and how the tests of them ask and judge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import hantei
from hantei.engine.limits import Limits
from hantei.records import Judgment, Response
from tests import servers
from tests.servers import Answer, FaultServer

CASES = Path(__file__).parents[3] / "shared" / "cases"
INPUTS = CASES / "inputs"

needs_cases = pytest.mark.skipif(not CASES.exists(), reason="the recorded cases are not here")
QUICK = Limits(backoff_s=0.01, longest_backoff_s=0.02, tries=3, patience_s=0.2)


def cases() -> dict[int, dict[str, Any]]:
    """Every recorded case by its number; none where they are not here."""
    if not CASES.exists():
        return {}
    rows = [json.loads(line) for line in (CASES / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    return {row["nr"]: row for row in rows}


def what_is_sent(name: str) -> Any:
    """The JSON that a case's file holds."""
    return json.loads((INPUTS / name).read_text(encoding="utf-8"))


def answer_of(recorded: Any) -> Answer:
    """What a server sends by a recorded file: a whole body, one message's content, or an error with its status."""
    if "status" in recorded:
        return servers.reply({key: value for key, value in recorded.items() if key != "status"}, recorded["status"])
    if "choices" in recorded:
        return servers.reply(recorded)
    if "message" in recorded:
        return servers.reply({"choices": [recorded]})
    return servers.ok(message={"content": recorded["content"]})


def asked(server: FaultServer, prompts: Path, out: Path, **options: Any) -> list[Response]:
    """The answers of a run that asked a server for them."""
    settings = hantei.Options(limits=QUICK, **options)
    return list(hantei.run(f"openai/m?base_url={server.url}", str(prompts), [], out, settings).responses())


def judged(server: FaultServer, card: str, out: Path, answers: Path) -> list[Judgment]:
    """The verdicts of a judge whose model is a server."""
    judge = f"{card}@openai/m?base_url={server.url}"
    run = hantei.judge(str(answers), judge, out, hantei.Options(limits=QUICK))
    return list(run.judgments(judge))
