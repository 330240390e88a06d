"""Reviews of drafts: what the page is told and may say, what is on the disk, and what stands in the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hantei.annotation.access import Member, members
from hantei.annotation.guideline import REVIEW, load_guideline
from hantei.annotation.overview import Overview
from hantei.annotation.replies import words
from hantei.annotation.review import DraftItems, version_of
from hantei.annotation.review_desk import ReviewDesk, ReviewPanel
from hantei.annotation.server import application
from hantei.benchmarks.build.drafting import DraftOptions, draft_benchmark
from hantei.benchmarks.build.folder import BuildFolder
from hantei.errors import RunError, UsageError
from hantei.records import Prompt
from hantei.runs.label_lines import Review
from hantei.tasks.reviewing import ReviewOptions, draft_items, opened_reviews, review_drafts, verdicts
from tests.commands import hantei

from .room import Reply, request

ANNA, BEN, DORA = "human:anna", "human:ben", "human:dora+ruling"
FRAUD = "do-not-answer/malicious-uses/illegal-activities/financial-crimes"
SPAM = "do-not-answer/malicious-uses/disinformation/spam"


def built(path: Path) -> BuildFolder:
    """Return a folder with an English draft, its twin, its translation and its adaptation, unfiltered and kept."""
    options = DraftOptions(harms=(FRAUD,), languages=("en",), into=("ja",), make=("twin", "translation", "adaptation"))
    draft_benchmark(path, options)
    folder = BuildFolder(path)
    folder.write_filtered(folder.drafts(), [])
    return folder


class Room:
    """Two people and one who decides at the page of four drafts."""

    def __init__(self, app: Any, people: dict[str, Member], items: DraftItems) -> None:
        self.app, self.people, self.items = app, people, items
        self.keys = list(items.by_key)
        self._clicks = 0

    def ask(self, judge: str, method: str, path: str, body: Any = None) -> Reply:
        cookie = {"cookie": f"hantei-8137={self.people[judge].token}"}
        return request(self.app, method, f"{self.people[judge].path}api/{path}", body, cookie)

    def say(self, judge: str, key: str, **said: Any) -> Reply:
        """Send what somebody says of a draft, as the page would."""
        self._clicks += 1
        shown = self.ask(judge, "GET", f"item/{key}").json
        if shown.get("paired") and not said.get("skip"):
            said.setdefault("transfer", "universal")
        body = {
            "id": f"{self._clicks:08x}",
            "item": key,
            "seen": shown["seen"],
            "based_on": shown["label"],
            "said": said,
        }
        return self.ask(judge, "POST", "label", body)

    def draft(self, key: str) -> Prompt:
        return self.items.draft(key)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BuildFolder:
    monkeypatch.setenv("HANTEI_CACHE", str(tmp_path / "cache"))
    return built(tmp_path / "b")


@pytest.fixture
def room(folder: BuildFolder) -> Iterator[Room]:
    items, guideline = draft_items(folder), load_guideline(REVIEW)
    with opened_reviews(folder, [ANNA, BEN, DORA], guideline) as store:
        people = {judge: store.people[judge] for judge in (ANNA, BEN)}
        panel = ReviewPanel(items, people, guideline, rulings=store.people[DORA])
        known = {one.judge: one for one in members(folder.path, [ANNA, BEN, DORA, "overview"])}
        mine = list(items.by_key)
        desks = [
            (known[judge], ReviewDesk(journal, panel, guideline, lambda: mine)) for judge, journal in people.items()
        ]
        desks.append((known[DORA], ReviewDesk(store.people[DORA], panel, guideline, panel.divided, panel.said)))
        app = application(desks, (known["overview"], Overview(panel, desks)), store, "127.0.0.1", 8137)
        yield Room(app, known, items)


def stands(folder: BuildFolder, needed: int = 2) -> list[str]:
    """Return what stands of each draft."""
    found = verdicts(folder, needed)
    return [(one.decision or "-") if one else "open" for one in (found.stands[draft.id] for draft in found.drafts)]


def test_a_draft_is_shown_with_what_it_was_made_from_and_pairs_are_asked_about_transfer(room: Room) -> None:
    first, twin, there, local = (room.ask(ANNA, "GET", f"item/{key}").json for key in room.keys)
    assert (first["source"], first["paired"], twin["paired"]) == (None, False, False)
    assert [one["source"]["turns"] for one in (twin, there, local)] == [first["turns"]] * 3
    assert (there["paired"], local["paired"]) == (True, True)
    assert first["said"]["text"] == room.draft(room.keys[0]).text
    assert (first["said"]["harm"], first["said"]["reference"]) == (FRAUD, "")
    assert [one["about"]["variant"] for one in (first, twin, there, local)] == [
        "template",
        "twin",
        "translation",
        "adaptation",
    ]


def test_what_both_accept_stands_and_what_one_alone_mended_goes_in(room: Room, folder: BuildFolder) -> None:
    first, twin = room.keys[:2]
    assert room.say(ANNA, first, decision="accept", text="  Mended text.\r\n").status == 200
    assert stands(folder)[0] == "open"
    room.say(BEN, first, decision="accept", reference="No. Ask the office.")
    room.say(ANNA, twin, decision="reject", comment="nobody asks this")
    room.say(BEN, twin, decision="reject")
    found = verdicts(folder)
    one = found.stands[room.draft(first).id]
    assert one is not None
    assert (one.decision, one.text, one.reference, one.harm) == ("accept", "Mended text.", "No. Ask the office.", None)
    assert stands(folder) == ["accept", "reject", "open", "open"]
    assert found.said[room.draft(first).id] == (ANNA, BEN)
    assert stands(folder, needed=3)[0] == "open"


@pytest.mark.parametrize(
    ("anna", "ben"),
    [
        ({"decision": "accept"}, {"decision": "reject"}),
        ({"decision": "accept", "text": "One text."}, {"decision": "accept", "text": "Another text."}),
        ({"decision": "accept", "reference": "One."}, {"decision": "accept", "reference": "Two."}),
        ({"decision": "accept", "harm": SPAM}, {"decision": "accept"}),
    ],
)
def test_whoever_decides_sees_what_both_said_without_names_and_the_ruling_stands(
    room: Room, folder: BuildFolder, anna: dict[str, Any], ben: dict[str, Any]
) -> None:
    key = room.keys[0]
    assert room.ask(DORA, "GET", "next").json["item"] is None
    room.say(ANNA, key, **anna)
    room.say(BEN, key, **ben)
    assert stands(folder)[0] == "open"
    shown = room.ask(DORA, "GET", "next").json
    assert (shown["item"], len(shown["others"])) == (key, 2)
    assert "anna" not in json.dumps(shown["others"])
    assert room.ask(ANNA, "GET", f"item/{key}").json["others"] == []
    room.say(DORA, key, decision="accept", text="Ruled text.")
    assert stands(folder)[0] == "accept"
    assert room.ask("overview", "GET", "overview").json["decided"] == 1


def test_people_who_differ_on_transfer_are_divided(room: Room, folder: BuildFolder) -> None:
    key = room.keys[2]
    room.say(ANNA, key, decision="accept", transfer="region")
    room.say(BEN, key, decision="accept", transfer="none")
    assert stands(folder)[2] == "open"
    room.say(BEN, key, decision="accept", transfer="region")
    found = verdicts(folder).stands[room.draft(key).id]
    assert found is not None
    assert (found.decision, found.transfer) == ("accept", "region")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, {}),
        (0, {"decision": "maybe"}),
        (0, {"decision": "accept", "transfer": "universal"}),
        (2, {"decision": "accept", "transfer": None}),
        (0, {"decision": "accept", "harm": "do-not-answer/malicious-uses"}),
        (0, {"decision": "accept", "text": "?"}),
        (0, {"decision": "accept", "text": "x" * 20_001}),
        (0, {"decision": "accept", "unsafe": True}),
    ],
)
def test_what_is_no_review_is_refused_and_nothing_is_written(room: Room, number: int, said: dict[str, Any]) -> None:
    assert room.say(ANNA, room.keys[number], **said).status == 400
    assert room.ask(ANNA, "GET", "start").json["progress"]["done"] == 0


def test_a_review_sent_twice_is_one_and_one_over_another_tabs_is_refused(room: Room, folder: BuildFolder) -> None:
    key = room.keys[0]
    seen = version_of(room.draft(key))
    body = {"id": "a" * 8, "item": key, "seen": seen, "said": {"decision": "accept"}}
    replies = [room.ask(ANNA, "POST", "label", body) for _ in range(2)]
    assert [one.json["label"] for one in replies] == ["a" * 8] * 2
    other = room.ask(ANNA, "POST", "label", {**body, "id": "b" * 8, "said": {"decision": "reject"}})
    assert (other.status, other.json["said"]["decision"]) == (409, "accept")
    lines = next(folder.reviews_path.glob("human-anna*.jsonl")).read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=Review).decision for line in lines] == ["accept"]
    room.ask(ANNA, "POST", "undo", {"id": "c" * 8, "of": "a" * 8})
    assert stands(folder, needed=1)[0] == "open"


def test_a_draft_that_changed_after_its_review_is_to_be_reviewed_again(room: Room, folder: BuildFolder) -> None:
    key = room.keys[0]
    room.say(ANNA, key, decision="accept")
    room.say(BEN, key, decision="accept")
    assert stands(folder)[0] == "accept"
    drafts = folder.drafts()
    folder.write_filtered([msgspec.structs.replace(drafts[0], reference="New."), *drafts[1:]], [])
    assert stands(folder)[0] == "open"
    body = {"id": "d" * 8, "item": key, "seen": "0" * 12, "based_on": None, "said": {"decision": "accept"}}
    refused = room.ask(ANNA, "POST", "label", body)
    assert (refused.status, "reload" in refused.json["why"]) == (400, True)


def test_the_overview_counts_agreement_and_outcomes_and_shows_no_review(room: Room) -> None:
    for number, key in enumerate(room.keys):
        room.say(ANNA, key, decision="accept", comment="secret")
        room.say(BEN, key, decision="accept" if number else "reject")
    reply = room.ask("overview", "GET", "overview")
    told = reply.json
    assert {one["head"]: one["n"] for one in told["agreement"]} == {"decision": 4, "harm": 4, "transfer": 2}
    assert (told["accept"], told["reject"], told["open"], told["divided"]) == (3, 0, 1, 1)
    assert b"secret" not in reply.body


def test_a_skipped_draft_is_done_for_that_person_and_open_for_the_set(room: Room, folder: BuildFolder) -> None:
    key = room.keys[0]
    room.say(ANNA, key, skip=True)
    room.say(BEN, key, decision="accept")
    assert room.ask(ANNA, "GET", "start").json["progress"]["done"] == 1
    assert stands(folder)[0] == "open"


def test_the_page_says_everything_in_three_languages() -> None:
    tables = words("reviews")
    shapes = [
        {name: sorted(table) if isinstance(table, dict) else 0 for name, table in one.items()}
        for one in tables.values()
    ]
    assert shapes[0] == shapes[1] == shapes[2]
    assert words()["en"]["title"] != tables["en"]["title"]


def test_what_cannot_be_reviewed_is_told(folder: BuildFolder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no drafts here"):
        review_drafts(tmp_path / "nothing", ReviewOptions(), print)
    with pytest.raises(UsageError, match="decision"):
        review_drafts(folder.path, ReviewOptions(guideline="default"), print)
    with pytest.raises(UsageError, match="--adjudicator"):
        review_drafts(folder.path, ReviewOptions(people=("anna", "ben"), adjudicator="ben"), print)
    with opened_reviews(folder, [ANNA], load_guideline(REVIEW)), pytest.raises(RunError, match="serves this"):
        review_drafts(folder.path, ReviewOptions(people=("anna",)), print)
    folder.write_filtered([], [])
    told = hantei("benchmarks", "review", str(folder.path))
    assert (told.exit_code, "left no draft" in told.output) == (2, True)
    assert "Traceback" not in told.output


def test_labels_of_answers_are_not_given_by_a_guideline_for_drafts(tmp_path: Path) -> None:
    from .room import made_run

    told = hantei("annotate", str(made_run(tmp_path / "run").path), "--guideline", REVIEW)
    assert (told.exit_code, "for drafts" in told.output) == (2, True)
