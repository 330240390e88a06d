"""Conditions as JUnit XML, which every system of continuous integration reads: a test each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from hantei.files import write_atomic
from hantei.reports.text import visible


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked of a run: what it was, and what it failed on; nothing where it passed."""

    name: str
    failed_on: Sequence[str] = ()


def write_junit(path: Path, suite: str, checks: Sequence[Check]) -> None:
    """Write checks as one suite of tests; each that failed says on what.

    Raises:
        OSError: the file cannot be written.
    """
    failures = sum(bool(check.failed_on) for check in checks)
    top = ET.Element("testsuites")
    counts = {"tests": str(len(checks)), "failures": str(failures), "errors": "0", "skipped": "0"}
    one = ET.SubElement(top, "testsuite", {"name": visible(suite), **counts})
    for check in checks:
        case = ET.SubElement(one, "testcase", {"classname": visible(suite), "name": visible(check.name)})
        if check.failed_on:
            lines = [visible(line) for line in check.failed_on]
            ET.SubElement(case, "failure", {"message": lines[0]}).text = "\n".join(lines)
    write_atomic(path, [ET.tostring(top, encoding="utf-8", xml_declaration=True)])
