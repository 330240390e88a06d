"""Which packages are there, and in a version that hantei takes: what it requires, and each extra."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement

from hantei.doctor.finding import Finding
from hantei.extras import EXTRAS, install
from hantei.version import __version__


def requirements() -> Iterator[Finding]:
    """Yield what hantei itself requires."""
    yield Finding(
        room="requirements", name="hantei", state="ok", says=f"{__version__} on Python {platform.python_version()}"
    )
    needed = _required()
    if not needed:
        says = "is not installed as a package, so what it requires is not known"
        yield Finding(room="requirements", name="packages", state="problem", says=says, cure="pip install hantei")
    for requirement in needed:
        if _wanted(requirement, ""):
            version, lacks = _look_at(requirement)
            yield Finding(
                room="requirements",
                name=requirement.name,
                state="problem" if lacks else "ok",
                says=lacks or version,
                cure="pip install --upgrade hantei" if lacks else None,
            )


def extras() -> Iterator[Finding]:
    """Yield each extra: there, with its versions, or what it lacks and the line that installs it."""
    needed = _required()
    for extra, use in EXTRAS.items():
        own = [one for one in needed if _wanted(one, extra) and not _wanted(one, "")]
        found = [(one.name, *_look_at(one)) for one in own]
        lacking = [lacks for _name, _version, lacks in found if lacks]
        if own and not lacking:
            says = ", ".join(f"{name} {version}" for name, version, _lacks in found)
            yield Finding(room="extras", name=extra, state="ok", says=says)
        else:
            says = f"{'; '.join(lacking) or 'not known to the installed version'} (for {use})"
            yield Finding(room="extras", name=extra, state="missing", says=says, cure=install(extra))


def installed(name: str) -> str | None:
    """Return the version of an installed package, None where there is none."""
    try:
        return metadata.version(name) or None
    except (metadata.PackageNotFoundError, KeyError, ValueError):  # a broken record of it says nothing, either
        return None


def _required() -> list[Requirement]:
    try:
        lines: Iterable[str] = metadata.requires("hantei") or ()
    except metadata.PackageNotFoundError:
        return []
    return list(_parsed(lines))


def _parsed(lines: Iterable[str]) -> Iterator[Requirement]:
    for line in lines:
        try:
            yield Requirement(line)
        except InvalidRequirement:
            continue  # of a damaged installation


def _wanted(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _look_at(requirement: Requirement) -> tuple[str, str | None]:
    """Return the version that is there, and what is wrong, None where nothing is."""
    version = installed(requirement.name)
    if version is None:
        return "", f"{requirement.name} is not installed"
    if not requirement.specifier.contains(version, prereleases=True):
        return version, f"{requirement.name} {version} is here, {requirement.specifier} is needed"
    return version, None
