"""The page's server: who may ask it what, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hantei.annotation.access import Member, cross_site, host_allowed, is_loopback, members
from hantei.annotation.desk import Desk
from hantei.annotation.guideline import load_guideline
from hantei.annotation.items import Items
from hantei.annotation.overview import Overview
from hantei.annotation.panel import Panel
from hantei.annotation.replies import words
from hantei.annotation.server import application
from hantei.annotation.store import opened

from .room import Reply, made_run, request

ANNA, BEN = "human:anna", "human:ben"
HOSTILE = "<script>alert(1)</script> {n}"


class Room:
    """Two people at the page of a run with three answers."""

    def __init__(self, app: Any, people: dict[str, Member], items: Items) -> None:
        self.app, self.people, self.items = app, people, items
        self.keys = list(items.by_key)

    def ask(self, judge: str, method: str, path: str, body: Any = None, **headers: str | None) -> Reply:
        cookie = {"cookie": f"hantei-8137={self.people[judge].token}"}
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        return request(self.app, method, f"{self.people[judge].path}api/{path}", body, {**cookie, **own})

    def label(self, judge: str, key: str, label_id: str, **more: Any) -> Reply:
        body = {"id": label_id, "item": key, "said": {"unsafe": True}, **more}
        return self.ask(judge, "POST", "label", body)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setenv("HANTEI_CACHE", str(tmp_path / "cache"))
    run, guideline = made_run(tmp_path / "run", text=HOSTILE), load_guideline()
    items = Items(run, {})
    with opened(run, [ANNA, BEN], guideline) as store:
        people = {one.judge: one for one in members(run.path, [ANNA, BEN])}
        panel = Panel(items, store.people, guideline)
        desks = [
            (member, Desk(store.people[judge], items, guideline, lambda: list(items.by_key), panel.follow))
            for judge, member in people.items()
        ]
        (steering,) = members(run.path, ["overview"])
        app = application(desks, (steering, Overview(panel, desks)), store, "127.0.0.1", 8137)
        yield Room(app, {**people, "overview": steering}, items)


def test_a_person_labels_three_answers_one_after_the_other(room: Room) -> None:
    for number, key in enumerate(room.keys):
        shown = room.ask(ANNA, "GET", "next").json
        assert (shown["item"], shown["progress"]["done"]) == (key, number)
        assert room.label(ANNA, key, f"{number:08x}", seconds=10).status == 200
    end = room.ask(ANNA, "GET", "next").json
    assert (end["item"], end["progress"]) == (None, {"done": 3, "total": 3, "per_hour": 360, "seconds_left": 0})


def test_an_answer_is_shown_without_its_system_its_verdicts_and_what_others_said(room: Room) -> None:
    room.label(BEN, room.keys[0], "a" * 8, said={"unsafe": True, "comment": "ben's comment"})
    reply = room.ask(ANNA, "GET", "next")
    shown = reply.json
    assert shown["response"] == "<script>alert(1)</script> 0"
    assert shown["others"] == []
    assert (shown["label"], shown["said"]) == (
        None,
        {"skip": False} | dict.fromkeys(("unsafe", "action", "score", "refusal", "harm", "comment", "units")),
    )
    assert b"m/q0/0" not in reply.body
    assert b"ben" not in reply.body


def test_a_retry_is_confirmed_and_a_stale_tab_is_told(room: Room) -> None:
    key = room.keys[0]
    assert room.label(ANNA, key, "a" * 8).json["label"] == "a" * 8
    assert room.label(ANNA, key, "a" * 8).status == 200
    stale = room.label(ANNA, key, "b" * 8, said={"unsafe": False})
    assert (stale.status, stale.json["error"], stale.json["said"]["unsafe"]) == (409, "stale", True)
    assert room.label(ANNA, key, "b" * 8, said={"unsafe": False}, based_on="a" * 8).status == 200
    assert room.ask(ANNA, "GET", f"item/{key}").json["said"]["unsafe"] is False


def test_undo_gives_the_answer_back(room: Room) -> None:
    room.label(ANNA, room.keys[0], "a" * 8)
    undone = room.ask(ANNA, "POST", "undo", {"id": "c" * 8, "of": "a" * 8}).json
    assert (undone["item"], undone["last"], undone["progress"]["done"]) == (room.keys[0], None, 0)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"action": 3}, "missing: ['unsafe']"),
        ({"unsafe": True, "score": 6}, "score"),
        ({"unsafe": True, "harm": "no/such"}, "no harm type"),
        ({"unsafe": True, "verdict": 1}, "unknown field"),
        ({"unsafe": "yes"}, "bool"),
    ],
)
def test_what_the_guideline_does_not_take_is_refused_in_words(room: Room, said: dict[str, Any], why: str) -> None:
    reply = room.label(ANNA, room.keys[0], "a" * 8, said=said)
    assert reply.status == 400
    assert why in reply.json["why"]
    assert room.ask(ANNA, "GET", "next").json["progress"]["done"] == 0


def test_a_full_disk_is_said(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from hantei.runs.journal import Journal

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", full)
        reply = room.label(ANNA, room.keys[0], "a" * 8)
    assert (reply.status, reply.json["error"]) == (507, "full")
    assert room.label(ANNA, room.keys[0], "a" * 8).status == 200


def test_nobody_comes_in_without_a_link_and_nobody_into_anothers_page(room: Room) -> None:
    anna, ben = room.people[ANNA], room.people[BEN]
    assert request(room.app, "GET", "/").status == 403
    assert request(room.app, "GET", anna.path).status == 403
    assert request(room.app, "GET", f"{anna.path}{ben.token}").status == 403
    assert (
        request(room.app, "GET", f"{anna.path}api/next", headers={"cookie": f"hantei-8137={ben.token}"}).status == 403
    )
    entered = request(room.app, "GET", anna.link, headers={"sec-fetch-site": "cross-site"})
    assert entered.status == 200
    cookie = entered.headers["set-cookie"]
    assert {"HttpOnly", f"Path={anna.path}"} <= set(cookie.split("; "))
    assert "samesite=strict" in cookie.lower()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": None},
        {"origin": "http://127.0.0.1:9999"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"content_type": "text/plain"},
        {"content_type": "application/x-www-form-urlencoded"},
    ],
)
def test_no_other_site_can_label(room: Room, headers: dict[str, str | None]) -> None:
    body = {"id": "a" * 8, "item": room.keys[0], "said": {"unsafe": True}}
    assert room.ask(ANNA, "POST", "label", body, **headers).status == 403
    assert room.ask(ANNA, "GET", "next").json["progress"]["done"] == 0


def test_a_name_that_was_made_to_lead_here_is_turned_away(room: Room) -> None:
    for path in ("next", "start"):
        assert room.ask(ANNA, "GET", path, host="evil.example:8137").status == 421
    assert request(room.app, "GET", room.people[ANNA].link, headers={"host": "evil.example"}).status == 421


@pytest.mark.parametrize(
    ("name", "listening", "allowed"),
    [
        ("127.0.0.1:8137", "127.0.0.1", True),
        ("localhost:9000", "127.0.0.1", True),
        ("[::1]:8137", "::1", True),
        ("192.168.1.5:8137", "127.0.0.1", False),
        ("192.168.1.5:8137", "0.0.0.0", True),  # noqa: S104
        ("rebound.example:8137", "0.0.0.0", False),  # noqa: S104
        ("lab.example", "lab.example", True),
        ("", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
    ],
)
def test_names_by_which_the_server_is_meant(name: str, listening: str, allowed: bool) -> None:
    assert host_allowed(name, listening) is allowed


def test_loopback() -> None:
    assert [is_loopback(one) for one in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "lab.example")] == [  # noqa: S104
        *(True, True, True, False, False)
    ]
    assert not cross_site("GET", {})


def test_every_reply_has_the_policy_that_runs_no_text(room: Room) -> None:
    replies = [
        request(room.app, "GET", room.people[ANNA].link),
        request(room.app, "GET", "/static/main.js"),
        request(room.app, "GET", "/nothing"),
        room.ask(ANNA, "GET", "next"),
        room.ask(ANNA, "GET", "next", host="evil.example"),
    ]
    for reply in replies:
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'" in policy
        assert "unsafe" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
    assert replies[3].headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", ["../server.py", "%2e%2e/server.py", "index.html/../../server.py", "__init__.py"])
def test_only_the_pages_files_are_served(room: Room, name: str) -> None:
    assert request(room.app, "GET", f"/static/{name}").status in (403, 404)


def test_what_is_too_long_is_not_read(room: Room) -> None:
    assert room.label(ANNA, room.keys[0], "a" * 8, said={"unsafe": True, "comment": "x" * 200_000}).status == 413


def test_links_stay_the_same_on_this_machine_and_are_no_file_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANTEI_CACHE", str(tmp_path / "cache"))
    run = made_run(tmp_path / "run")
    first = members(run.path, [ANNA])
    assert members(run.path, [ANNA]) == first
    assert members(tmp_path / "other", [ANNA])[0].token != first[0].token
    assert sorted(path.name for path in run.path.iterdir()) == ["prompts.jsonl", "responses.jsonl", "run.json"]
    (secret, _) = (tmp_path / "cache" / "annotate").iterdir()
    assert secret.stat().st_mode & 0o77 == 0


def test_the_three_languages_say_the_same_things() -> None:
    def shape(table: Any) -> Any:
        if isinstance(table, dict):
            return {name: shape(value) for name, value in table.items()}
        return len(table) if isinstance(table, list) else sorted(part.split("}")[0] for part in table.split("{")[1:])

    tables = words()
    assert shape(tables["ja"]) == shape(tables["en"]) == shape(tables["zh"])
    assert {language: load_guideline().text.keys() for language in ("x",)} == {"x": {"en", "ja", "zh"}}
