"""What no judge can judge, said alike by all of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hantei.judges.base import language_not_judged, unanswered
from hantei.records import Response

JUDGE: Any = SimpleNamespace(name="j", card_hash="h")


def answer(text: str, **more: Any) -> Response:
    return Response(id="s/1/0", prompt_id="1", system="s", text=text, **more)


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (answer("yes"), None),
        (answer("yes", status="truncated"), None),
        (answer(""), ("error", "model", "there is no answer")),
        (answer(" \n\u3000"), ("error", "model", "there is no answer")),
        (answer("", status="error", error="time ran out"), ("error", "model", "time ran out")),
        (answer("yes", status="filtered"), ("filtered", "provider", "a content filter kept the answer back")),
    ],
)
def test_where_there_is_no_answer_there_is_no_verdict(response: Response, said: tuple[str, str, str] | None) -> None:
    found = unanswered(JUDGE, response)
    assert said == (found and (found.status, found.fault, found.error))
    if found:
        assert (found.response_id, found.judge, found.card_hash, found.unsafe) == ("s/1/0", "j", "h", None)


def test_a_language_is_named_where_it_is_known() -> None:
    assert language_not_judged(JUDGE, answer("oui"), "fr", "not trained on").error == "not trained on language 'fr'"
    assert language_not_judged(JUDGE, answer("?"), None, "not trained on").error == (
        "not trained on a language that was not recognised"
    )
