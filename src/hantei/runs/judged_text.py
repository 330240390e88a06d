"""What judges read: of a question that an attack wrapped the plain one; of an answer, where the plan says so, thoughts.

A judge that is shown an encoded question cannot tell what was answered, and words such as "never refuse" are meant for
the model that is asked, not for the one that judges.
"""

from __future__ import annotations

from msgspec.structs import replace

from hantei.judges.base import Pair
from hantei.records import Prompt, Response
from hantei.runs.folder import Run
from hantei.turns import answer_positions, with_earlier_answers


def pair_to_be_judged(prompt: Prompt, response: Response, reasoning: bool = False) -> Pair:
    """Return a prompt, with the answers to its earlier turns, and a response as judges read them.

    With ``reasoning`` the response is what was thought before the answer as well.
    """
    read = _with_thoughts(response) if reasoning else response
    if prompt.plain:
        prompt = replace(prompt, messages=prompt.plain)
        read = replace(read, earlier=read.earlier[: len(answer_positions(prompt.messages))])
    return with_earlier_answers(prompt, read), read


def _with_thoughts(response: Response) -> Response:
    if not response.reasoning:
        return response
    text = f"{response.reasoning}\n\n{response.text}".rstrip()
    # A block of reasoning that was cut off is text to be judged here, though there is no answer.
    return replace(response, text=text)


def judges_reasoning(run: Run) -> bool:
    """Whether the plan of a run says that judges see what was thought before an answer."""
    return run.info().plan.judge_reasoning
