"""A refusal that a model marks as one is a full refusal to a judge that tells refusals, and to no other."""

from __future__ import annotations

from typing import Any

import pytest

from hantei.judges.base import with_own_refusal
from hantei.records import Judgment, Response


@pytest.mark.parametrize(
    ("said", "status", "finish", "refusal"),
    [
        ("none", "ok", "refusal", "full"),
        ("partial", "ok", "refusal", "full"),
        (None, "ok", "refusal", None),
        ("none", "ok", "stop", "none"),
        ("none", "filtered", "refusal", "none"),
    ],
)
def test_a_refusal_of_the_models_own(said: Any, status: Any, finish: str, refusal: str | None) -> None:
    response = Response(id="r", prompt_id="p", system="s", text="No.", status=status, finish_reason=finish)
    judgment = Judgment(response_id="r", judge="j", unsafe=False, refusal=said)
    assert with_own_refusal(judgment, response).refusal == refusal
