"""What goes out: only what was accepted, whole families on one side, under the terms of its sources."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from hantei.annotation.guideline import REVIEW, load_guideline
from hantei.annotation.review import Reviewed, review_of
from hantei.benchmarks.build.folder import BuildFolder
from hantei.benchmarks.build.lineage import Lineage, draft
from hantei.benchmarks.build.sources import NOT_STATED, DraftSource
from hantei.benchmarks.build.terms import licence_of
from hantei.benchmarks.named import find, identity, load_benchmark
from hantei.errors import FetchError, RunError, UsageError
from hantei.records import Prompt
from hantei.runs.info import now
from hantei.runs.label_lines import Review
from hantei.tasks.releasing import Released, ReleaseOptions, release_benchmark
from hantei.tasks.reviewing import opened_reviews
from tests.commands import hantei

SPAM = "do-not-answer/malicious-uses/disinformation/spam"
FRAUD = "do-not-answer/malicious-uses/illegal-activities/financial-crimes"
OURS = DraftSource(name="ours", kind="templates", terms="Ours.", licence="Apache-2.0")
PEOPLE = ("human:anna", "human:ben")
Said = tuple[Reviewed | None, Reviewed | None]


def made(text: str, harm: str = SPAM, source: str = "ours", template: str | None = None, **fields: Any) -> Prompt:
    lineage = Lineage(harm=harm, source=source, template=template)
    return draft(text, lineage, **{"language": "en", "intent": "harmful", "variant": "template", **fields})


def reviewed(path: Path, said: Sequence[tuple[Prompt, Said]], *sources: DraftSource) -> BuildFolder:
    """Return a folder in which anna and ben said this of each draft."""
    folder = BuildFolder(path)
    folder.begin(folder.begun(None), sources or [OURS])
    folder.add([one for one, _ in said])
    folder.write_filtered([one for one, _ in said], [])
    with opened_reviews(folder, PEOPLE, load_guideline(REVIEW)) as store:
        for number, (one, words) in enumerate(said):
            for judge, word in zip(PEOPLE, words, strict=True):
                if word is not None:
                    label = f"{number:06x}{PEOPLE.index(judge):02x}"
                    known = {"judge": judge, "label_id": label, "created": now(), "guideline": REVIEW}
                    store.people[judge].put(review_of(word, one, **known), None)
    return folder


YES, NO = Reviewed(decision="accept"), Reviewed(decision="reject")


def released(folder: BuildFolder, **options: Any) -> Released:
    return release_benchmark(folder.path, ReleaseOptions(**{"name": "mine", "dev": 0.0, **options}))


def test_only_what_both_accepted_goes_out_and_as_they_left_it(tmp_path: Path) -> None:
    texts = ["one prompt", "two prompts", "three prompts", "four prompts", "five prompts"]
    drafts = [made(text) for text in texts]
    said = [
        (Reviewed(decision="accept", text="one mended prompt", harm=FRAUD), Reviewed(decision="accept", harm=FRAUD)),
        (NO, NO),
        (YES, NO),
        (YES, None),
        (YES, Reviewed(decision="accept", reference="Better not.", comment="ben's remark")),
    ]
    folder = reviewed(tmp_path / "b", list(zip(drafts, said, strict=True)))
    done = released(folder)
    first, last = load_benchmark(str(done.path))
    assert (done.counts, done.rejected, done.open) == ({"dev": 0, "test": 2}, 1, 2)
    assert (first.id, first.text, first.harm) == (drafts[0].id, "one mended prompt", FRAUD)
    assert (last.text, last.reference) == ("five prompts", "Better not.")
    assert first.meta["review"] == {"reviewers": 2, "mended": ["text", "harm"]}
    assert first.meta["lineage"]["harm"] == SPAM
    assert set(first.meta) == {"lineage", "review"}
    everything = b"".join(path.read_bytes() for path in done.path.iterdir())
    assert b"anna" not in everything
    assert b"ben's remark" not in everything


def test_what_people_mended_into_a_repeat_or_personal_data_stays_out_and_is_told(tmp_path: Path) -> None:
    drafts = [made("one prompt"), made("two prompts"), made("three prompts")]
    same = Reviewed(decision="accept", text="ONE prompt")
    mail = Reviewed(decision="accept", text="write to bob@mail.co.jp")
    folder = reviewed(tmp_path / "b", list(zip(drafts, [(YES, YES), (same, YES), (mail, YES)], strict=True)))
    done = released(folder)
    assert {one.id: one.filter for one in done.left_out} == {drafts[1].id: "duplicate", drafts[2].id: "personal"}
    assert done.counts == {"dev": 0, "test": 1}


def test_checksums_card_and_folder_agree_and_a_change_is_noticed(tmp_path: Path) -> None:
    folder = reviewed(tmp_path / "b", [(made(f"prompt number {n}", template=f"t{n}"), (YES, YES)) for n in range(10)])
    done = released(folder, dev=0.3, version="1.2")
    assert done.path == folder.path / "releases" / "mine-1.2"
    assert done.counts == {"dev": 3, "test": 7}
    sums = (done.path / "SHA256SUMS").read_text(encoding="utf-8")
    assert hashlib.sha256(sums.encode()).hexdigest() == done.checksum
    for line in sums.splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((done.path / name).read_bytes()).hexdigest() == digest
    card = tomllib.loads((done.path / "card.toml").read_text(encoding="utf-8"))
    assert {one["split"]: one["count"] for one in card["files"]} == done.counts
    assert [one.name for one in find(str(done.path)).files] == ["test.jsonl"]
    assert identity(f"{done.path}:dev")["split"] == "dev"
    with pytest.raises(UsageError, match="no such split"):
        find(f"{done.path}:train")
    with (done.path / "test.jsonl").open("ab") as file:
        file.write(b"\n")
    with pytest.raises(FetchError, match="SHA-256"):
        find(str(done.path))
    (done.path / "test.jsonl").unlink()
    with pytest.raises(UsageError, match="test split is not on this machine"):
        find(str(done.path))
    with pytest.raises(UsageError, match=r"card\.toml"):
        find(str(tmp_path))


def test_a_release_is_never_overwritten_and_a_failed_one_leaves_nothing(tmp_path: Path) -> None:
    folder = reviewed(tmp_path / "b", [(made("one prompt"), (YES, YES))])
    released(folder)
    with pytest.raises(UsageError, match="--version"):
        released(folder)
    blocked = tmp_path / "file"
    blocked.write_text("x", encoding="utf-8")
    with pytest.raises(RunError, match="cannot be written"):
        released(folder, out=blocked / "set")
    assert sorted(one.name for one in (folder.path / "releases").iterdir()) == ["mine-1.0"]


def test_nobody_releases_while_people_review(tmp_path: Path) -> None:
    folder = reviewed(tmp_path / "b", [(made("one prompt"), (YES, YES))])
    with (
        opened_reviews(folder, PEOPLE, load_guideline(REVIEW)),
        pytest.raises(RunError, match="hantei benchmarks review"),
    ):
        released(folder)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"name": "Mine!"}, "--name"),
        ({"name": "starter"}, "of hantei has that name"),
        ({"version": "../1"}, "--version"),
        ({"dev": 1.0}, "--dev"),
        ({"reviewers": 3}, "accepted by 3"),
        ({"without": ("ours",)}, "no draft"),
    ],
)
def test_what_cannot_be_released_is_one_line(tmp_path: Path, options: dict[str, Any], told: str) -> None:
    folder = reviewed(tmp_path / "b", [(made("one prompt"), (YES, YES))])
    with pytest.raises(UsageError, match=told) as said:
        released(folder, **options)
    assert "\n" not in str(said.value)


def test_an_unreviewed_folder_says_what_comes_first(tmp_path: Path) -> None:
    folder = BuildFolder(tmp_path / "b")
    folder.begin(folder.begun(None), [OURS])
    folder.add([made("one prompt")])
    told = hantei("benchmarks", "release", str(folder.path), "--name", "mine")
    assert (told.exit_code, "hantei benchmarks review" in told.output) == (2, True)


def bound(licence: str | None, name: str = "theirs") -> DraftSource:
    return DraftSource(name=name, kind="benchmark", terms="Theirs.", licence=licence)


@pytest.mark.parametrize(
    ("sources", "wanted", "licence"),
    [
        ([OURS], None, "Apache-2.0"),
        ([OURS], "CC-BY-4.0", "CC-BY-4.0"),
        ([OURS, bound("MIT")], None, "Apache-2.0 AND MIT"),
        ([OURS, bound("CC-BY-NC-SA-4.0")], None, "CC-BY-NC-SA-4.0"),
        ([OURS, bound("CC BY-NC-SA 4.0")], "cc-by-nc-sa-4.0", "CC BY-NC-SA 4.0"),
        ([bound(None)], "MIT", "MIT"),
    ],
)
def test_a_set_inherits_the_licence_of_its_sources(
    sources: list[DraftSource], wanted: str | None, licence: str
) -> None:
    assert licence_of(sources, wanted) == licence


@pytest.mark.parametrize(
    ("sources", "wanted", "told"),
    [
        ([bound(NOT_STATED)], "MIT", "states no licence"),
        ([bound(None)], None, "--licence: name"),
        ([bound("CC-BY-NC-SA-4.0")], "MIT", "binds"),
        ([bound("CC-BY-NC-SA-4.0"), bound("their own", "others")], None, "different licences"),
    ],
)
def test_a_licence_that_the_sources_forbid_is_refused(
    sources: list[DraftSource], wanted: str | None, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        licence_of(sources, wanted)


def test_terms_of_every_source_stand_in_card_and_dataset_card(tmp_path: Path) -> None:
    theirs = bound("CC-BY-NC-SA-4.0")
    drafts = [made("one prompt"), made("two prompts", source="theirs")]
    folder = reviewed(tmp_path / "b", [(one, (YES, YES)) for one in drafts], OURS, theirs)
    done = released(folder, terms="Be kind.")
    card = find(str(done.path)).card
    assert (card.licence, card.terms) == ("CC-BY-NC-SA-4.0", "Be kind. From ours: Ours. From theirs: Theirs.")
    assert "From theirs: Theirs." in (done.path / "README.md").read_text(encoding="utf-8")
    only = released(folder, version="2", without=("theirs",))
    assert (only.licence, only.counts["test"]) == ("Apache-2.0", 1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a library of mlcroissant's
def test_croissant_metadata_are_valid_and_read_the_prompts(tmp_path: Path) -> None:
    croissant = pytest.importorskip("mlcroissant")
    texts = ["one prompt", "二つ目の質問", "<b>three</b> | four"]
    folder = reviewed(tmp_path / "b", [(made(text, template=text), (YES, YES)) for text in texts])
    done = released(folder, title="Mine | <b>", author="us", url="https://example.org/mine")
    found = croissant.Dataset(jsonld=str(done.path / "croissant.json"))
    assert found.metadata.ctx.issues.errors == set()
    assert {row["test/text"].decode() for row in found.records("test")} == set(texts)


def test_the_dataset_card_has_a_head_for_the_hub_and_nothing_of_a_title_is_markup(tmp_path: Path) -> None:
    folder = reviewed(tmp_path / "b", [(made("one prompt"), (YES, YES))])
    done = released(folder, title="A | <script>", description="x\n\n# not a heading")
    card = (done.path / "README.md").read_text(encoding="utf-8")
    head = dict(line.split(": ", 1) for line in card.split("---\n")[1].splitlines())
    assert json.loads(head["license"]) == "apache-2.0"
    assert json.loads(head["configs"])[0]["data_files"] == [{"split": "test", "path": "test.jsonl"}]
    assert "<script>" not in card.split("---\n", 2)[2]
    assert "\n# not a heading" not in card


def test_a_damaged_review_file_is_told_by_line(tmp_path: Path) -> None:
    folder = reviewed(tmp_path / "b", [(made("one prompt"), (YES, YES))])
    path = next(folder.reviews_path.glob("*.jsonl"))
    with path.open("ab") as file:
        file.write(b'{"response_id": 3}\n')
    told = hantei("benchmarks", "release", str(folder.path), "--name", "mine")
    assert told.exit_code != 0
    assert ", line 2" in told.output
    assert "Traceback" not in told.output


def test_a_ruling_stands_over_what_people_said(tmp_path: Path) -> None:
    one = made("one prompt")
    folder = reviewed(tmp_path / "b", [(one, (YES, NO))])
    ruling = replace(review_of(YES, one, judge="human:dora+ruling", label_id="f" * 8))
    with opened_reviews(folder, ["human:dora+ruling"], load_guideline(REVIEW)) as store:
        store.people["human:dora+ruling"].put(ruling, None)
    assert released(folder).counts["test"] == 1
    assert isinstance(msgspec.json.decode(msgspec.json.encode(ruling), type=Review), Review)
