"""What judges read of an answer: the answer alone or, where the run's plan says so, what was thought before it too."""

from __future__ import annotations

from msgspec.structs import replace

from hantei.records import Response
from hantei.runs.folder import Run


def to_be_judged(response: Response, reasoning: bool) -> Response:
    """Return a response as judges read it: the answer, with ``reasoning`` what was thought before it as well."""
    if not reasoning or not response.reasoning:
        return response
    text = f"{response.reasoning}\n\n{response.text}".rstrip()
    # A block of reasoning that was cut off is text to be judged here, though there is no answer.
    return replace(response, text=text)


def judges_reasoning(run: Run) -> bool:
    """Whether the plan of a run says that judges see what was thought before an answer."""
    return run.info().plan.judge_reasoning
