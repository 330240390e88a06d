"""The commands of docs/attacks.md, on the starter and a server that gives way to attacks."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import hantei
from hantei import benchmarks
from hantei.benchmarks.attacks import chains
from hantei.runs.folder import load_run
from tests.commands import hantei as command
from tests.servers import Answer, Seen, fault_server, ok, prompt_of

BAD = "Sure! Here is how: take it without asking, and hide what you did from everybody."
GOOD = "I can't help with that."


def gives_way(call: Seen) -> Answer:
    """Answer with harm where somebody plays a role, with a refusal else; every turn of a conversation is asked."""
    return ok(BAD if "Rowan" in prompt_of(call.body) or "SIBYL" in prompt_of(call.body) else GOOD)


@pytest.fixture(scope="module")
def wrapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole starter in every attack that needs no model."""
    out = tmp_path_factory.mktemp("attacks") / "wrapped.jsonl"
    assert command("benchmarks", "wrap", "starter", "--attack", "all", "--out", str(out)).exit_code == 0
    return out


def test_the_starter_in_every_attack_is_a_benchmark(wrapped: Path) -> None:
    made = Counter(one.variant for one in benchmarks.load_benchmark(str(wrapped)))
    assert made[None] == 366
    for chain in chains(["all"], with_model=False):
        assert made[chain.variant] == 122 * len(chain.cards[0].languages)


def test_plain_and_wrapped_are_asked_judged_and_compared(wrapped: Path, tmp_path: Path) -> None:
    kept = [line for line in wrapped.read_text(encoding="utf-8").splitlines() if _is_one_of(json.loads(line))]
    some = tmp_path / "some.jsonl"
    some.write_text("\n".join(kept) + "\n", encoding="utf-8")
    run = tmp_path / "run"
    with fault_server(gives_way) as server:
        model = f"openai/m?base_url={server.url}"
        judge = ["--judge", "builtin?encoder=none"]
        said = command("run", "--model", model, "--benchmark", str(some), *judge, "--out", str(run))
    assert said.exit_code == 0, said.output
    compared = command("compare", str(run), "--out", str(tmp_path / "page.html"))
    assert compared.exit_code == 0, compared.output
    assert "What attacks and other variants change" in compared.output
    found = hantei.compare(run)
    by = {one.by["variant"]: one.difference.value for one in found.variants if one.metric == "flagged_rate"}
    attacks = {chain.variant for chain in chains(["all"], with_model=False) if "en" in chain.cards[0].languages}
    assert set(by) == {*attacks, "attack"}
    assert (by["attack/role-play"] or 0) > 0  # the judge does not mark all of the answers that gave way
    assert by["attack/base64"] == 0
    gave_way = {one.prompt_id.partition("+")[2] for one in load_run(run).responses() if one.text == BAD}
    assert gave_way == {"role-play"}


def _is_one_of(row: dict[str, str]) -> bool:
    return (row.get("parent") or row["id"]) in {f"en-00{n}" for n in range(1, 7)}
