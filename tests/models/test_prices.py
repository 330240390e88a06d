from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hantei.errors import InputError, UsageError
from hantei.models.prices import cost, find_price, known_prices, load_prices, no_price_for

USAGE = {"input": 2_000_000, "output": 500_000}


def test_a_known_price() -> None:
    # 2 million at 0.15 dollars a million and half a million at 0.60.
    assert cost("openai/gpt-4o-mini", USAGE) == pytest.approx(0.30 + 0.30)
    assert cost("openai/gpt-4o-mini?temperature=0&key_env=K", USAGE) == pytest.approx(0.60)
    assert cost("inspect/openai/gpt-4o-mini", USAGE) == pytest.approx(0.60)
    assert cost("openai/gpt-4o-mini", {"input": 0, "output": 0}) == 0


@pytest.mark.parametrize(
    "name",
    [
        "openai/no-such-model",
        "openai/gpt-4o-mini?base_url=http://127.0.0.1:8000/v1",
        "openai/gpt-4o-mini-2099",
        "hf/gpt-4o-mini",
        "hf/openai/gpt-4o-mini",
        "replay/openai/gpt-4o-mini",
        "inspect/vllm/m",
    ],
)
def test_an_unknown_price_is_unknown_and_not_0(name: str) -> None:
    assert find_price(name) is None
    assert cost(name, USAGE) is None


@pytest.mark.parametrize("usage", [{}, {"input": 5}, {"output": 5}])
def test_without_counts_the_cost_is_unknown(usage: dict[str, int]) -> None:
    assert cost("openai/gpt-4o-mini", usage) is None


def test_every_entry_says_when_and_where_from() -> None:
    for model, price in known_prices().items():
        assert "/" in model
        assert date(2024, 1, 1) < price.date
        assert price.source.startswith("https://")
        assert 0 < price.input <= price.output


ENTRY = '[[price]]\nmodel = "{model}"\ninput = {input}\noutput = 4\ndate = 2026-01-01\nsource = "a contract"\n'


def entry(model: str = "openai/m", dollars: str = "2") -> str:
    return ENTRY.format(model=model, input=dollars)


def test_a_file_of_ones_own_takes_the_place_of_the_table(tmp_path: Path) -> None:
    local = "openai/m?base_url=http://127.0.0.1:8000/v1"
    path = tmp_path / "prices.toml"
    path.write_text(entry() + entry(local, "0"))
    prices = load_prices(path)
    assert cost("openai/m", USAGE, prices) == 2 * 2 + 4 * 0.5
    assert cost(local, USAGE, prices) == 4 * 0.5
    assert cost("openai/gpt-4o-mini", USAGE, prices) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "price: missing"),
        ("price = 3", "price: expected a list, got a whole number"),
        ("[[price", "not TOML"),
        (entry() + entry(), r"price\[2\]: 'openai/m' stands in an earlier entry"),
        (entry(dollars="-1"), r"price\[1\]\.input: expected a number >= 0"),
        (entry(dollars="nan"), r"price\[1\]\.input: expected a number >= 0"),
        (entry(dollars="true"), r"price\[1\]\.input: expected a number, got true or false"),
        (entry(dollars='"2"'), r"price\[1\]\.input: expected a number, got a text"),
        (entry().replace("2026-01-01", '"today"'), r"price\[1\]\.date: invalid RFC3339"),
        (entry().replace('"a contract"', '""'), r"price\[1\]\.source: expected a text of length >= 1"),
        (entry().replace("output", "ouput"), r"price\[1\]\.ouput: no such field; did you mean 'output'"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        load_prices(path)


def test_an_entry_of_ones_own_holds_for_all_settings_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(entry() + entry("hf/org/tiny", "3"))
    prices = load_prices(path)
    # 2 million at 2 dollars (3 for the other) and half a million at 4.
    assert cost("openai/m?base_url=http://127.0.0.1:8000/v1&temperature=0", USAGE, prices) == 2 * 2 + 4 * 0.5
    assert cost("hf/org/tiny?dtype=bfloat16", USAGE, prices) == 2 * 3 + 4 * 0.5
    assert cost("openai/m2", USAGE, prices) is None


def test_a_price_by_half_a_name(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(entry("gpt-5"))
    with pytest.raises(
        InputError, match=r"price\[1\]\.model: expected the model's full name, as in 'openai/gpt-5', got"
    ):
        load_prices(path)


def test_what_to_do_without_a_price(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(entry("openai/gpt-5"))
    assert no_price_for("openai/gpt5?seed=1", path) == (
        f"{path} has no entry with model = 'openai/gpt5'; did you mean 'openai/gpt-5'?"
    )
    assert no_price_for("hf/tiny", None) == "give one in a file with --prices, in an entry with model = 'hf/tiny'"


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        load_prices(tmp_path / "absent.toml")
