"""Every value of every format replaced by what it should never be: rows are errors, nothing else breaks."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from hantei.errors import HanteiError, RowError
from hantei.exchange import import_run
from hantei.exchange.importers import IMPORTERS
from hantei.record_lines import from_line, to_line
from hantei.records import Judgment, Prompt, Response
from tests.exchange import test_batches as batches
from tests.exchange import test_deepteam as deepteam
from tests.exchange import test_flexeval as flexeval
from tests.exchange import test_garak as garak
from tests.exchange import test_langfuse as langfuse
from tests.exchange import test_lm_eval as lm_eval
from tests.exchange import test_mt_bench as mt_bench
from tests.exchange import test_otel as otel
from tests.exchange import test_promptfoo as promptfoo
from tests.exchange import test_pyrit as pyrit
from tests.exchange.files import document, lines

ASKED = [{"role": "user", "content": "U"}]
HOSTILE: list[Any] = [
    *(None, True, -1, 10**400, float("nan"), float("inf"), "", "x", "\ud83d", "\0", "../../etc/passwd", [], {}),
    *([[]], {"role": "x"}, [None], [{"type": "text"}], {"text": 7}, [1, 2], "[" * 50_000, {"a": {"b": [None]}}),
]

FILES: dict[str, list[list[Any]]] = {
    "garak": [
        [
            garak.SETUP,
            garak.attempt(
                "a",
                garak.turns(("system", "S"), ("user", "U")),
                [{"text": "A"}, None],
                {"d": [1.0, 0.0]},
                conversations=[garak.turns(("user", "U"), ("assistant", "A"))],
            ),
        ]
    ],
    "deepteam": [
        [
            deepteam.assessment(
                deepteam.case(input="U", actual_output="A", score=0, reason="R"),
                deepteam.case(turns=[*ASKED, {"role": "assistant", "content": "A"}], score=1, error="E"),
            )
        ]
    ],
    "flexeval": [[flexeval.row(llm_score=3, llm_score_output="[[3]]", finish_reason="stop")]],
    "promptfoo": [
        [promptfoo.version3(promptfoo.row(gradingResult=promptfoo.graded(False, "promptfoo:redteam:x", "contains")))]
    ],
    "pyrit": [pyrit.PIECES[2:7]],
    "openai-batch": [
        [batches.request("a"), batches.request("b", input="U", instructions="S")],
        [batches.result("a", batches.chat("A")), batches.result("b", {"output": [{"type": "message", **ASKED[0]}]})],
    ],
    "anthropic-batch": [
        [{"custom_id": "a", "params": {"model": "c", "system": "S", "messages": ASKED}}],
        [batches.anthropic("a", "succeeded", **batches.message({"type": "text", "text": "A"}))],
    ],
    "mt-bench": [mt_bench.QUESTIONS, [mt_bench.answer(81, ["A", "B"])], [mt_bench.grade(81, 3, 1)]],
    "langfuse": [
        [langfuse.observation("a", scores=[{"name": "n", "value": 1, "comment": "c"}])],
        [{"traceId": "t", "observationId": "a", "name": "n", "value": 1}],
    ],
    "lm-eval": [[lm_eval.line()]],
    "otel": [
        [
            otel.export(otel.span("a", otel.FORMS["messages as structured values"])),
            {
                "context": {"trace_id": "t", "span_id": "s"},
                "attributes": {
                    **otel.FORMS["OpenLLMetry"],
                    "gen_ai.operation.name": "chat",
                    "gen_ai.request.model": "m",
                },
                "events": [{"name": "e", "attributes": {"gen_ai.usage.input_tokens": 3}}],
                "status": {"status_code": "OK"},
                "startTimeUnixNano": 1,
                "endTimeUnixNano": 2,
            },
        ]
    ],
    "llm-jp-judge": [[{"ID": 1, "prompt": ["U", "V"], "response": ["A", "B"], "reference": "R", "error_messages": []}]],
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside a file's rows."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        yield from places(one, (*path, key))


def changed(files: list[list[Any]]) -> Iterator[list[list[Any]]]:
    """Yield the files with one value replaced, and with one value missing."""
    for path in places(files):
        if len(path) < 3:
            continue  # a file and its rows stay
        for value in [*HOSTILE, KeyError]:
            made = copy.deepcopy(files)
            parent: Any = made
            for key in path[:-1]:
                parent = parent[key]
            if value is KeyError:
                del parent[path[-1]]
            else:
                parent[path[-1]] = value
            yield made


def written(folder: Path, source: str, files: list[list[Any]]) -> list[Path]:
    if source in ("deepteam", "promptfoo"):  # one object a file
        return [document(folder / f"{k}.json", rows[0]) for k, rows in enumerate(files)]
    return [lines(folder / f"samples_{k}.jsonl", rows) for k, rows in enumerate(files)]


def check(source: str, paths: list[Path]) -> int:
    """Read files; return how many items there are, each of which is written and read again."""
    count = 0
    with suppress(HanteiError):
        for item in IMPORTERS[source].read(paths).items:
            if isinstance(item, RowError):
                assert "\n" not in str(item)
                continue
            count += 1
            assert from_line(Prompt, to_line(item.prompt)).id == item.prompt.id
            assert from_line(Response, to_line(item.response)).status == item.response.status
            for judgment in item.judgments:
                assert from_line(Judgment, to_line(judgment)).judge == judgment.judge
    return count


def test_each_program_is_tried() -> None:
    assert FILES.keys() | {"hantei", "inspect"} == IMPORTERS.keys()


@pytest.mark.parametrize("source", FILES)
def test_a_hostile_value_anywhere_is_an_error_of_its_row(tmp_path: Path, source: str) -> None:
    assert check(source, written(tmp_path, source, FILES[source])) > 0
    for files in changed(FILES[source]):
        check(source, written(tmp_path, source, files))


@pytest.mark.parametrize("source", FILES)
def test_a_system_or_an_id_that_is_a_path_stays_inside_the_run(tmp_path: Path, source: str) -> None:
    text = json.dumps(FILES[source]).replace('"m"', '"../../up"').replace('"a"', '"../../up"').replace('"d"', '"../up"')
    files = written(tmp_path, source, json.loads(text))
    run = import_run(files, source, tmp_path / "deep" / "run")
    assert {path.name for path in tmp_path.iterdir()} == {*(file.name for file in files), "deep"}
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {"run"}
    assert sum(1 for _ in run.responses()) > 0
