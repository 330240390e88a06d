"""JUnit XML as continuous integration reads it."""

from pathlib import Path
from xml.etree import ElementTree as ET

from hantei.reports.to_junit import Check, write_junit


def test_a_check_that_failed_says_on_what(tmp_path: Path) -> None:
    checks = [Check("flagged_rate.high > 2%", ["m: 0.03 > 0.02", "n\x00: ]]> 0.04"]), Check("a < 1")]
    write_junit(tmp_path / "out" / "junit.xml", "runs/<x>", checks)
    suite = ET.fromstring((tmp_path / "out" / "junit.xml").read_bytes())[0]  # noqa: S314  # just written
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("runs/<x>", "2", "1")
    assert [case.get("name") for case in suite] == ["flagged_rate.high > 2%", "a < 1"]
    failure = suite[0][0]
    assert failure.get("message") == "m: 0.03 > 0.02"
    assert failure.text == "m: 0.03 > 0.02\nn[NUL]: ]]> 0.04"
    assert not list(suite[1])
