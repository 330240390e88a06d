"""Dev and test: whole families on one side, whatever became of the drafts that tie them."""

from __future__ import annotations

from pathlib import Path

from hantei.benchmarks.build.lineage import families
from hantei.benchmarks.build.splitting import split
from hantei.benchmarks.named import load_benchmark
from hantei.records import Prompt
from tests.benchmarks.build.test_release import FRAUD, NO, SPAM, YES, Said, made, released, reviewed


def kin() -> list[Prompt]:
    """Return prompts of 40 families: each a template filled twice, a twin, and its translation and adaptation."""
    found: list[Prompt] = []
    for n in range(40):
        harm = (SPAM, FRAUD)[n % 2]
        first = made(f"prompt {n} a", harm, template=f"t{n}")
        twin = made(f"prompt {n} twin", harm, parent=first.id, variant="twin")
        found += [first, made(f"prompt {n} b", harm, template=f"t{n}"), twin]
        found += [made(f"文{n}", harm, parent=first.id, variant="translation", language="ja")]
        found += [made(f"別の文{n}", harm, parent=twin.id, variant="adaptation", language="ja")]
    return found


def test_no_relative_stands_across_the_split_and_each_harm_has_its_share() -> None:
    prompts = kin()
    sides = split(prompts, 0.3)
    family = families(prompts)
    assert len(set(family.values())) == 40
    for one in prompts:
        assert sides[one.id] == sides[family[one.id]]
        assert one.parent is None or sides[one.id] == sides[one.parent]
    for harm in (SPAM, FRAUD):  # 20 families of 5 prompts: 6 of them are dev
        assert sum(sides[one.id] == "dev" for one in prompts if one.harm == harm) == 30
    assert split(prompts, 0.3) == sides
    assert split(list(reversed(prompts)), 0.3) == sides
    assert split(prompts, 0.3, seed=1) != sides


def test_relatives_through_a_seed_that_is_not_there_stay_together() -> None:
    ones = [made(f"variation {n}", parent="seed-1", variant="variation") for n in range(4)]
    others = [made(f"unrelated {n}") for n in range(4)]
    sides = split([*ones, *others], 0.5)
    assert len({sides[one.id] for one in ones}) == 1


def test_relatives_through_a_draft_that_was_rejected_stay_on_one_side(tmp_path: Path) -> None:
    said: list[tuple[Prompt, Said]] = []
    for n in range(12):  # a's twin is kept, and the fill a that ties it to the template is not
        a, b = (made(f"prompt {n} {fill}", template=f"t{n}") for fill in "ab")
        twin = made(f"prompt {n} twin", parent=a.id, variant="twin")
        said += [(a, (NO, NO)), (b, (YES, YES)), (twin, (YES, YES))]
    done = released(reviewed(tmp_path / "b", said), dev=0.5)
    dev, test = (
        {one.text.split()[1] for one in load_benchmark(f"{done.path}:{name}") if one.text} for name in ("dev", "test")
    )
    assert (done.counts, len(dev), len(test), dev & test) == ({"dev": 12, "test": 12}, 6, 6, set())
