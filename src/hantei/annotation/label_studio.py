"""Label Studio's JSON: tasks with their annotations, written for its import and read from its export."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hantei.annotation.label import Said, label_of, said_by
from hantei.errors import InputError
from hantei.records import ACTIONS, REFUSALS, Prompt, Response
from hantei.runs.label_lines import Label

CONFIG = """<View>
  <Text name="prompt" value="$prompt"/>
  <Text name="response" value="$response"/>
  <Choices name="unsafe" toName="response" required="true"><Choice value="safe"/><Choice value="unsafe"/></Choices>
  <Choices name="action" toName="response">{actions}</Choices>
  <Rating name="score" toName="response" maxRating="5"/>
  <Choices name="refusal" toName="response">{refusals}</Choices>
  <TextArea name="comment" toName="response"/>
</View>
""".format(
    actions="".join(f'<Choice value="{action}"/>' for action in ACTIONS),
    refusals="".join(f'<Choice value="{refusal}"/>' for refusal in REFUSALS),
)
"""The labelling interface by which Label Studio asks what hantei asks."""

_UNSAFE = ("safe", "unsafe")


def task_of(prompt: Prompt, response: Response, labels: Sequence[Label]) -> dict[str, Any]:
    """Return an answer as a task with what people said of it."""
    text = "\n\n".join(f"{turn.role}: {turn.shown}" for turn in prompt.messages)
    shown = prompt.text if len(prompt.messages) == 1 else text
    return {
        "data": {"response_id": response.id, "prompt": shown, "response": response.text},
        "annotations": [_annotation(label) for label in labels],
    }


def _annotation(label: Label) -> dict[str, Any]:
    said = said_by(label)
    return {
        "completed_by": {"email": label.judge.removeprefix("human:")},
        "lead_time": label.latency_s,
        "result": list(_results(said)),
        "meta": {"judge": label.judge, "guideline": label.guideline, "card_hash": label.card_hash, "harm": said.harm},
    }


def _results(said: Said) -> Iterator[dict[str, Any]]:
    if said.unsafe is not None:
        yield _result("unsafe", "choices", {"choices": [_UNSAFE[said.unsafe]]})
    if said.action is not None:
        yield _result("action", "choices", {"choices": [ACTIONS[said.action]]})
    if said.score is not None:
        yield _result("score", "rating", {"rating": said.score})
    if said.refusal is not None:
        yield _result("refusal", "choices", {"choices": [said.refusal]})
    if said.comment:
        yield _result("comment", "textarea", {"text": [said.comment]})


def _result(name: str, kind: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"from_name": name, "to_name": "response", "type": kind, "value": value}


def read_tasks(path: Path) -> Iterator[Label]:
    """Yield the labels of tasks as Label Studio exports them; cancelled annotations are none.

    Raises:
        InputError: it is no list of tasks with a ``response_id``, or an annotation says what no label can.
    """  # noqa: DOC501 - the errors are caught below
    try:
        tasks = json.loads(path.read_bytes())
        if not isinstance(tasks, list):
            raise TypeError("no list")
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: expected a list of tasks, as Label Studio exports JSON: {error}") from None
    for number, task in enumerate(tasks, 1):
        try:
            for annotation in task.get("annotations", ()):
                if annotation.get("result") and not annotation.get("was_cancelled"):
                    yield _label(str(task["data"]["response_id"]), annotation)
        except (AttributeError, KeyError, TypeError, ValueError, IndexError, msgspec.ValidationError) as error:
            problem = f"{type(error).__name__}: {error}"
            raise InputError(f"{path}, task {number}: expected data.response_id and annotations: {problem}") from None


def _label(response_id: str, annotation: Mapping[str, Any]) -> Label:
    said: dict[str, Any] = {"harm": (annotation.get("meta") or {}).get("harm")}
    for one in annotation["result"]:
        name, value = one["from_name"], one["value"]
        if name == "unsafe":
            said[name] = bool(_UNSAFE.index(value["choices"][0]))
        elif name == "action":
            said[name] = ACTIONS.index(value["choices"][0])
        elif name == "refusal":
            said[name] = REFUSALS[REFUSALS.index(value["choices"][0])]
        elif name == "score":
            said[name] = int(value["rating"])
        elif name == "comment":
            said[name] = "\n".join(value["text"]) if isinstance(value["text"], list) else value["text"]
    meta = annotation.get("meta") or {}
    return label_of(
        msgspec.convert(said, Said),
        response_id=response_id,
        judge=meta.get("judge") or f"human:{_person(annotation.get('completed_by'))}",
        guideline=meta.get("guideline") or "",
        card_hash=meta.get("card_hash"),
        created=annotation.get("created_at"),
    )


def _person(completed_by: Any) -> str:
    """Return a name for whoever completed an annotation: what stands before the @ of the address, else the number."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return str(completed_by).partition("@")[0] if completed_by is not None else "label-studio"
