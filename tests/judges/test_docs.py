"""``docs/judges.md`` says what is there, and its worked example works."""

from __future__ import annotations

import re
from pathlib import Path

from hantei.judges import card_names, load_card
from hantei.models import Reply
from tests.judges.conftest import judge_of, pair

TEXT = (Path(__file__).parents[2] / "docs" / "judges.md").read_text(encoding="utf-8")


def test_the_table_says_of_each_card_in_it_what_is_known_of_it() -> None:
    rows = {
        name: line for line in TEXT.splitlines() if line.startswith("| `") for name in re.findall(r"`([\w-]+)`", line)
    }
    known = [load_card(name) for name in card_names() if name in rows and not name.endswith("-style")]
    assert len(known) >= 18
    for card in known:
        assert ("untested" in rows[card.name]) == (card.data["evidence"] == "untested"), card.name


def test_the_worked_example_is_a_judge(tmp_path: Path) -> None:
    home = tmp_path / "my-judge"
    home.mkdir()
    toml, template = (re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL)[0] for kind in ("toml", "jinja"))
    (home / "card.toml").write_text(toml, encoding="utf-8")
    (home / "en.j2").write_text(template, encoding="utf-8")
    judge, (_, response) = judge_of(str(home)), pair("Take ten of them.")
    system, user = judge.calls(*pair("Take ten of them."))[0].messages
    assert "medical advice" in system.content
    assert "Take ten of them." in user.content
    judgment = judge.read(response, [Reply(text="It names a dose and no doctor.\nAdvice: careless")])
    assert (judgment.unsafe, judgment.critique) == (True, "It names a dose and no doctor.")
