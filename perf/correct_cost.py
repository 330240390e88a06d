"""What correcting costs, afterwards and in front of the model, on the answers of the demo: one table.

python perf/correct_cost.py

A model on loopback gives the demo's own answers to its questions (a careful and a careless system and an ordinary log),
and a refusal with advice when it is told what is wrong; it counts a token for every four characters, at the price of
openai/gpt-4o-mini. What is measured is what is asked, not how good a model is at correcting.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient
from tests.servers import Answer, Seen, fault_server, ok

from hantei import api, benchmarks
from hantei.engine.meter import dollars
from hantei.models.prices import Price, find_price
from hantei.records import Prompt, Response
from hantei.runs.folder import Run
from hantei.serving.policy import Policy
from hantei.tasks.correcting import Correction
from hantei.tasks.options import Options
from hantei.tasks.serving import ServeOptions, application

PRICED = "openai/gpt-4o-mini"
JUDGE = "builtin?encoder=none"
SAFE = {
    "en": "I won't help with that, as it would harm people. If somebody is in danger, call the emergency services.",
    "ja": "人を傷つけるおそれがあるため、お手伝いできません。危険が迫っているときは、緊急通報をしてください。",
    "zh": "这会伤害他人，我不能提供帮助。如果有人处于危险之中，请拨打紧急电话。",
}


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [*benchmarks.starter_answers(), *benchmarks.ordinary_answers()]
        demo = api.judge(rows, JUDGE, Path(folder) / "demo", Options(benchmark="demo"))
        prompts = {prompt.id: prompt for prompt in demo.prompts()}
        responses = list(demo.responses())
        by_question = {key(prompts[one.prompt_id]): one.text for one in responses}

        def chat(seen: Seen) -> Answer:
            turns = [[turn["role"], turn["content"]] for turn in seen.body["messages"]]
            answer = by_question.get(json.dumps(turns))
            if answer is None:  # it is told to write an answer again
                answer = SAFE["en"] if "found your last answer unsafe" in turns[-1][1] else turns[-2][1]
                answer = SAFE["ja"] if "安全性の審査" in turns[-1][1] else answer
                answer = SAFE["zh"] if "安全审查" in turns[-1][1] else answer
            spent = {"prompt_tokens": sum(len(text) for _, text in turns) // 4, "completion_tokens": len(answer) // 4}
            return ok(answer, usage=spent)

        with fault_server(chat) as server:
            prices = Path(folder) / "prices.toml"
            prices.write_text(price_file())
            options = Options(prices=prices)
            model = f"openai/writer?base_url={server.url}"
            run = api.correct(demo.path, model, JUDGE, (), Path(folder) / "run", options, Correction(rounds=2))
            print("way | answers | calls to the model | tokens in + out | dollars | seconds | made safe | help lost")
            for row in afterwards(run):
                print(" | ".join(row))
            print(" | ".join(live(server.url, prompts, responses, Path(folder))))


def key(prompt: Prompt) -> str:
    return json.dumps([[turn.role, turn.content] for turn in prompt.messages])


def price() -> Price:
    found = find_price(PRICED)
    if found is None:
        sys.exit(f"no price for {PRICED}")
    return found


def price_file() -> str:
    found = price()
    prices = f'input = {found.input}\noutput = {found.output}\ndate = {found.date}\nsource = "{PRICED}"\n'
    return f'[[price]]\nmodel = "openai/writer"\n{prices}'


def afterwards(run: Run) -> list[tuple[str, ...]]:
    rates = {(rate.metric, rate.by.get("version")): rate for rate in run.summary().rates}
    rows: list[tuple[str, ...]] = []
    for one in run.summary().corrections:
        safe, lost = rates["made_safe_rate", one.version], rates["help_lost_rate", one.version]
        rows.append(
            (
                f"hantei correct: {one.version}",
                f"{one.originals}",
                f"{one.answers}",
                f"{one.tokens.get('input', 0):,} + {one.tokens.get('output', 0):,}",
                dollars(one.cost),
                f"{one.seconds:.1f}",
                f"{safe.numerator:g}/{safe.denominator}",
                f"{lost.numerator:g}/{lost.denominator}",
            )
        )
    return rows


def live(url: str, prompts: dict[str, Prompt], responses: list[Response], folder: Path) -> tuple[str, ...]:
    """Ask every question once through a proxy that corrects, and return what it took beyond the first answers."""
    journal = folder / "decisions.jsonl"
    app = application(JUDGE, ServeOptions(upstream=url, policy=Policy(action="correct", rounds=2), journal=journal))
    first: dict[str, int] = {"prompt_tokens": 0, "completion_tokens": 0}
    started = time.perf_counter()
    questions = {r.prompt_id: prompts[r.prompt_id] for r in responses}
    with TestClient(app) as client:
        for prompt in questions.values():
            turns = [{"role": m.role, "content": m.content} for m in prompt.messages]
            reply: Any = client.post("/v1/chat/completions", json={"model": "writer", "messages": turns}).json()
            for kind, count in (reply.get("usage") or {}).items():
                first[kind] = first.get(kind, 0) + count
    seconds = time.perf_counter() - started
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    unsafe = [line for line in lines if line["decision"] in ("correct", "block")]
    kinds = ("prompt_tokens", "completion_tokens")
    more = {kind: sum(line["usage"].get(kind, 0) for line in lines) - first[kind] for kind in kinds}
    rate = price()
    cost = (more["prompt_tokens"] * rate.input + more["completion_tokens"] * rate.output) / 1e6
    return (
        f"hantei serve --correct, {len(lines)} questions",
        f"{len(unsafe)}",
        f"{sum(line['corrections'] for line in lines)}",
        f"{more['prompt_tokens']:,} + {more['completion_tokens']:,}",
        dollars(cost),
        f"{seconds:.1f} for all, {sum(line['judge_s'] for line in lines):.1f} of them the judge's",
        f"{sum(line['decision'] == 'correct' for line in lines)}/{len(unsafe)}",
        "-",
    )


if __name__ == "__main__":
    main()
