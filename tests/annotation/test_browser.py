"""Two people at two browsers, a server that is killed in mid-click, a browser that dies, three languages, a phone."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from msgspec.structs import replace

from hantei.record_lines import read_records, to_line
from hantei.records import Judgment
from hantei.runs.folder import Run
from hantei.runs.info import JudgeInfo
from hantei.runs.label_lines import critique_labels
from tests.commands import hantei
from tests.reports.chromium import chromium, requests, screen

from .room import made_run

pytestmark = pytest.mark.browser
CHECKS = (Path(__file__).parents[1] / "reports" / "checks.js").read_text(encoding="utf-8")
ANSWERS = 30
SAYS: dict[str, Callable[[int], bool]] = {"anna": lambda n: n % 3 == 0, "ben": lambda n: n % 4 == 0}
"""What each person says of answer n: whether it is unsafe."""


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Served:
    """The labelling page of a run as a user starts it, in a process that can be killed and started again."""

    def __init__(self, run: Run, cache: Path, *arguments: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self._command = [
            sys.executable,
            "-m",
            "hantei",
            "annotate",
            str(run.path),
            "--port",
            str(self.port),
            *arguments,
        ]
        self._environment = {**os.environ, "HANTEI_CACHE": str(cache)}
        self.links: dict[str, str] = {}
        self.start()

    def start(self, *more: str) -> None:
        self._process = subprocess.Popen(
            [*self._command, *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self._environment
        )
        assert self._process.stdout is not None
        printed = ""
        for line in self._process.stdout:
            printed += line
            if found := re.match(r"(\S+): (http\S+)$", line):
                self.links[found[1]] = found[2]
            if line.startswith("Ctrl-C"):
                break
        else:
            raise AssertionError(printed)
        while True:
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", self.port)):
                    return
            assert self._process.poll() is None
            time.sleep(0.02)

    def kill(self) -> None:
        self._process.kill()
        self.end()

    def end(self) -> int:
        self._process.terminate()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return self._process.wait()


def wait(driver: Any, condition: Callable[[], bool]) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(driver, 15, 0.02).until(lambda _: condition())


def press(driver: Any, *keys: str) -> None:
    driver.find_element("tag name", "body").send_keys(*keys)


def text(driver: Any, name: str) -> str:
    return str(driver.find_element("id", name).text)


def shown(driver: Any) -> int:
    """Return the number of the answer that is on the page, -1 where there is none."""
    script = r"return (texts.checkVisibility() && texts.textContent.match(/answer (\d+)/) || [0, -1])[1]"
    return int(driver.execute_script(script))


def opened(driver: Any, link: str) -> None:
    """Open the page and lift the veil for good."""
    driver.get(link)
    wait(driver, lambda: text(driver, "progress") != "")
    box = driver.find_element("id", "veil-always")
    if box.is_selected():
        box.click()


def label_one(driver: Any, person: str, *, confirmed: bool = True) -> None:
    """Label the answer that is shown as the person would, and wait until the next one is there."""
    from selenium.webdriver.common.keys import Keys

    number = shown(driver)
    press(driver, "y" if SAYS[person](number) else "n", Keys.ENTER)
    if confirmed:
        wait_for_next(driver, number)


def wait_for_next(driver: Any, number: int) -> None:
    wait(driver, lambda: shown(driver) != number)


def settled(driver: Any) -> int:
    """Return the number of the answer on the page, ``ANSWERS`` after the last; between two answers there is none."""
    seen: list[int] = []

    def there() -> bool:
        seen.append(shown(driver))
        return seen[-1] >= 0 or text(driver, "progress").startswith(f"{ANSWERS} of {ANSWERS}")

    wait(driver, there)
    return seen[-1] if seen[-1] >= 0 else ANSWERS


def label_to(end: int) -> Callable[[str, Any], None]:
    """Return what labels the answers before number ``end``, where those after it are still to be labelled."""

    def label(person: str, driver: Any) -> None:
        while settled(driver) < end:
            label_one(driver, person)

    return label


def at_once(browsers: dict[str, Any], work: Callable[[str, Any], None]) -> None:
    """Let each person work at the own browser at the same time."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(work, browsers, browsers.values()))


def labels_of(run: Run, person: str) -> dict[str, Judgment]:
    """Return the last word on each answer; every answer stands in one line."""
    lines = list(read_records(run.judgments_path(f"human:{person}"), Judgment))
    found = {line.response_id: line for line in lines}
    assert len(found) == len(lines)
    return found


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return made_run(tmp_path / "run", ANSWERS)


@pytest.fixture
def serve(run: Run, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    with ExitStack() as stack:

        def start(*arguments: str, run: Run = run, port: int | None = None) -> Served:
            served = Served(run, tmp_path / "cache", *arguments, port=port)
            stack.callback(served.end)
            return served

        yield start


def test_two_people_label_the_same_30_answers_while_the_server_is_killed_in_mid_click(
    run: Run, serve: Callable[..., Served], tmp_path: Path
) -> None:
    with chromium(tmp_path / "a") as anna, chromium(tmp_path / "b") as ben:
        served = serve("--people", "anna,ben")
        browsers = {"anna": anna, "ben": ben}
        for person, driver in browsers.items():
            opened(driver, served.links[person])
        at_once(browsers, label_to(ANSWERS // 3))
        for pause in (0.0, 0.01):  # at the click, and about when it is confirmed
            at = {person: settled(driver) for person, driver in browsers.items()}
            killer = Timer(pause, served.kill)
            killer.start()
            label_one(anna, "anna", confirmed=False)
            killer.join()
            label_one(ben, "ben", confirmed=False)
            served.start()
            for person, driver in browsers.items():  # one who presses on an answer that is being saved labels the next
                wait_for_next(driver, at[person])
        at_once(browsers, label_to(ANSWERS))
        for driver in browsers.values():
            assert text(driver, "progress").startswith("30 of 30")
    for person, says in SAYS.items():
        found = labels_of(run, person)
        assert {one: label.unsafe for one, label in found.items()} == {f"m/q{n}/0": says(n) for n in range(ANSWERS)}
    # Both call 0, 12 and 24 unsafe; of 30 answers anna calls 10 so and ben 8, so they agree on 30 - 7 - 5 = 18.
    told = hantei("agreement", str(run.path), "--head", "unsafe")
    assert told.exit_code == 0
    assert "60" in told.output


def test_a_browser_that_dies_with_a_label_unconfirmed_sends_it_when_it_is_opened_again(
    run: Run, serve: Callable[..., Served], tmp_path: Path
) -> None:
    served = serve("--people", "anna")
    with chromium(tmp_path / "a") as anna:
        opened(anna, served.links["anna"])
        served.kill()
        label_one(anna, "anna", confirmed=False)
        wait(anna, lambda: "Not saved yet" in text(anna, "alert"))
        assert shown(anna) == 0  # the label stays on the page
        time.sleep(0.5)  # Chromium writes what a page keeps a moment later

    served.start()
    with chromium(tmp_path / "a") as anna:
        anna.get(served.links["anna"])
        wait(anna, lambda: text(anna, "progress").startswith("1 of 30"))
    assert {one: label.unsafe for one, label in labels_of(run, "anna").items()} == {"m/q0/0": True}


def test_what_was_not_confirmed_is_sent_to_the_run_that_it_is_of_alone(
    run: Run, serve: Callable[..., Served], driver: Any, tmp_path: Path
) -> None:
    served = serve("--people", "anna")
    opened(driver, served.links["anna"])
    served.kill()
    label_one(driver, "anna", confirmed=False)
    wait(driver, lambda: "Not saved yet" in text(driver, "alert"))
    driver.get("about:blank")

    other = made_run(tmp_path / "other", 2)  # the same answers in another folder, served at the same address
    instead = serve("--people", "anna", run=other, port=served.port)
    opened(driver, instead.links["anna"])
    assert text(driver, "progress") == "0 of 2"
    assert labels_of(other, "anna") == {}
    instead.kill()

    served.start("--rows", str(sheet_of(tmp_path, "m/q5/0")))  # the answer is not asked for now
    driver.get(served.links["anna"])
    wait(driver, lambda: "refused" in text(driver, "alert"))
    assert (shown(driver), labels_of(run, "anna")) == (5, {})
    served.kill()

    served.start()
    driver.get(served.links["anna"])
    wait(driver, lambda: text(driver, "progress").startswith("1 of 30"))
    assert {one: label.unsafe for one, label in labels_of(run, "anna").items()} == {"m/q0/0": True}


def sheet_of(folder: Path, *answers: str) -> Path:
    """Write a sheet that asks for these answers alone."""
    path = folder / "sheet.csv"
    path.write_text("response_id,unsafe\n" + "".join(f"{one},\n" for one in answers), encoding="utf-8")
    return path


def test_two_tabs_of_one_person_never_overwrite_each_other_unasked(
    run: Run, serve: Callable[..., Served], driver: Any
) -> None:
    from selenium.webdriver.common.keys import Keys

    served = serve("--people", "anna")
    opened(driver, served.links["anna"])
    first = driver.current_window_handle
    driver.switch_to.new_window("tab")
    opened(driver, served.links["anna"])
    label_one(driver, "anna")
    driver.switch_to.window(first)
    assert shown(driver) == 0
    press(driver, "n", Keys.ENTER)
    wait(driver, lambda: driver.find_element("id", "conflict").is_displayed())
    assert "Yes, unsafe" in text(driver, "conflict-text")
    assert labels_of(run, "anna")["m/q0/0"].unsafe is True
    driver.find_element("id", "take-mine").click()
    wait(driver, lambda: shown(driver) == 1)
    lines = list(read_records(run.judgments_path("human:anna"), Judgment))
    assert [line.unsafe for line in lines] == [True, False]


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (768, False), (390, True), (390, False)])
def test_every_screen_can_be_read_and_used_and_asks_nobody_else(
    run: Run, serve: Callable[..., Served], driver: Any, width: int, dark: bool
) -> None:
    served = serve("--people", "anna")
    driver.get("about:blank")
    requests(driver)  # those of the test before
    driver.get_log("browser")
    screen(driver, width, dark=dark)
    driver.get(served.links["anna"])
    wait(driver, lambda: text(driver, "progress") != "")
    for language in ("en", "ja", "zh"):
        driver.find_element("css selector", f"#language option[value={language}]").click()
        for veiled in (True, False):
            press_veil(driver, veiled)
            assert driver.execute_script(CHECKS) == []
            assert driver.execute_script("return document.documentElement.scrollWidth") <= width
        driver.find_element("id", "help").click()
        assert driver.find_element("id", "keys").is_displayed()
        driver.find_element("css selector", "#keys button").click()
    asked = {url for url in requests(driver) if not url.startswith(("chrome:", "data:", "about:"))}
    assert {url for url in asked if not url.startswith(f"http://127.0.0.1:{served.port}/")} == set()
    assert driver.get_log("browser") == []


def press_veil(driver: Any, veiled: bool) -> None:
    if driver.find_element("id", "veil").is_displayed() != veiled:
        press(driver, "v")
    assert driver.find_element("id", "veil").is_displayed() == veiled


def test_text_under_judgment_never_runs_and_is_not_there_while_veiled(
    serve: Callable[..., Served], driver: Any, run: Run
) -> None:
    hostile = '<img src=x onerror=\\"document.title=1\\"><script>document.title=2</script></div> answer '
    run.responses_path.write_text(run.responses_path.read_text(encoding="utf-8").replace("answer ", hostile), "utf-8")
    served = serve("--people", "anna")
    driver.get(served.links["anna"])
    wait(driver, lambda: text(driver, "progress") != "")
    assert "question 0" not in driver.page_source
    press(driver, "v")
    assert "<script>document.title=2</script>" in text(driver, "texts")
    assert driver.find_elements("css selector", "#texts img, #texts script") == []
    assert driver.title == "Label answers · hantei"


def criticised(run: Run) -> None:
    """Let a judge write a critique of every answer."""
    path = run.judgments_path("critic")
    path.parent.mkdir()
    said = (
        Judgment(response_id=f"m/q{n}/0", judge="critic", unsafe=True, critique="It names a poison. It gives a dose.")
        for n in range(ANSWERS)
    )
    path.write_bytes(b"".join(map(to_line, said)))
    run.write_info(replace(run.info(), judges={"critic": JudgeInfo()}))


def test_a_second_look_and_the_overview(run: Run, serve: Callable[..., Served], driver: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    criticised(run)
    served = serve("--people", "anna,ben", "--adjudicator", "dora", "--show-critiques", "half")
    screen(driver, 390, dark=True)
    opened(driver, served.links["anna"])
    critiques = []
    for number in range(2):
        assert "poison" not in text(driver, "texts")
        press(driver, "y", Keys.ENTER)
        wait(driver, lambda: driver.find_element("id", "second").is_displayed())
        assert shown(driver) == number
        critiques.append("poison" in text(driver, "texts"))
        assert driver.execute_script(CHECKS) == []
        press(driver, "n", Keys.ENTER)
        wait_for_next(driver, number)
    assert sorted(critiques) == [False, True]
    assert [label.unsafe for label in labels_of(run, "anna").values()] == [True, True]
    assert [label.unsafe for label in labels_of(run, "anna+second").values()] == [False, False]
    driver.get(served.links["overview"])
    wait(driver, lambda: "anna" in text(driver, "people"))
    assert "2 of 30" in text(driver, "people")
    assert driver.execute_script(CHECKS) == ["no nav"]  # there is nothing to go to
    assert driver.get_log("browser") == []


def test_critiques_are_labelled_unit_by_unit_and_veiled_like_answers(
    run: Run, serve: Callable[..., Served], driver: Any
) -> None:
    from selenium.webdriver.common.keys import Keys

    criticised(run)
    served = serve("--people", "anna", "--critiques", "critic")
    screen(driver, 1280)
    driver.get(served.links["anna"])
    wait(driver, lambda: text(driver, "progress") != "")
    box = driver.find_element("id", "veil-always")
    if not box.is_selected():
        box.click()
    assert "poison" not in driver.find_element("tag name", "body").text
    press(driver, Keys.ENTER)
    assert "Each statement" in text(driver, "needed")
    press(driver, "v", "1", "0", "4")
    press(driver, "v")
    press(driver, "v")  # what was chosen stays
    assert driver.execute_script(CHECKS) == []
    press(driver, Keys.ENTER)
    wait(driver, lambda: text(driver, "progress").startswith("1 of 30"))
    (label,) = critique_labels(run.path)
    assert [unit.verdict for unit in label.units] == ["right", "wrong"]
    assert (label.score, run.judges()) == (4.0, ["critic"])
