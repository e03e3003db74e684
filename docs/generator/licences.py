"""The tables of `docs/licences.md`: what wenbao depends on, and under which licence, from installed metadata.

The prose around them is written by hand; the tables stand between two comments. What is not installed here keeps the
row that the page has, for nobody has every extra at once.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from docs.generator.writing import Language, Say, table

DOCS = Path(__file__).parents[1]
BEGIN, END = "<!-- dependencies: written by `make reference` -->", "<!-- end of dependencies -->"
OURS = "wenbao"

_SPDX = {
    "Apache Software License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache2.0": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD License": "BSD",
    "3-Clause BSD License": "BSD-3-Clause",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0",
    "ISC License (ISCL)": "ISC",
    "ISC license": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Ways in which packages name their licences, and the short names of SPDX."""


def declared() -> dict[str, list[str]]:
    """By package, what it is needed for: nothing for wenbao itself, else the extras."""
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    needed: dict[str, list[str]] = defaultdict(list)
    for extra, requirements in groups.items():
        for requirement in requirements:
            needed[canonicalize_name(Requirement(requirement).name)].append(extra)
    return {name: extras for name, extras in sorted(needed.items()) if name != OURS}


def licence_of(name: str) -> str | None:
    """What an installed package says of its licence, in SPDX's names where that can be; None: it is not installed."""
    try:
        return _stated(distribution(name))
    except PackageNotFoundError:
        return None


def _stated(package: Distribution) -> str:
    said = package.metadata
    if "License-Expression" in said:
        return said["License-Expression"]
    classified = [one.split(" :: ")[-1] for one in said.get_all("Classifier", []) if one.startswith("License :: ")]
    # A whole licence may stand in this field; a name has no room for more than a line.
    line = said["License"].strip() if "License" in said else ""
    written = "" if "\n" in line or len(line) > 60 else line
    named = _SPDX.get(written, written) if "BSD" in "".join(classified) or not classified else ""
    return named or " AND ".join(_SPDX.get(one, one) for one in classified) or "see the package"


def brought_along(names: Iterable[str]) -> dict[str, str]:
    """The packages that others need, and what those need, that are installed, with their licences."""
    found: dict[str, str] = {}
    waiting = [(name, frozenset[str]()) for name in names]
    seen = set(waiting)
    while waiting:
        for needed in _requirements(*waiting.pop()):
            if needed not in seen:
                seen.add(needed)
                waiting.append(needed)
                if (licence := licence_of(needed[0])) is not None:
                    found[needed[0]] = licence
    return found


def _requirements(name: str, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """What a package needs here, with the extras that it needs of that."""
    try:
        stated = distribution(name).requires or []
    except PackageNotFoundError:
        return
    for requirement in map(Requirement, stated):
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in extras | {""}):
            yield canonicalize_name(requirement.name), frozenset(requirement.extras)


def rendered(language: Language) -> str:
    """The whole page, its tables anew.

    Raises:
        ValueError: the page lacks the comments between which they stand.
    """
    page = DOCS / ("licences.md" if language == "en" else "licences.zh.md")
    text = page.read_text(encoding="utf-8")
    before, opened, rest = text.partition(BEGIN)
    old, closed, after = rest.partition(END)
    if not opened or not closed:
        raise ValueError(f"{page} lacks {BEGIN!r} or {END!r}")
    return f"{before}{BEGIN}\n\n{tables(rows_of(old), Say(language))}\n\n{END}{after}"


def rows_of(text: str) -> dict[str, str]:
    """The licences that a page tells, by package."""
    return dict(re.findall(r"^\| ([a-z0-9-]+) \| ([^|]+?) \|", text, re.MULTILINE))


def tables(known: dict[str, str], say: Say) -> str:
    """Both tables.

    Args:
        known: the licences of what is not installed here.
        say: the page's language.
    """
    needed = declared()
    rows = [
        [name, licence_of(name) or known.get(name, say("not installed")), _for(extras, say)]
        for name, extras in needed.items()
    ]
    base = [name for name, extras in needed.items() if "" in extras]
    others = {name: said for name, said in brought_along(base).items() if name not in needed and name != OURS}
    headings = [say("package"), say("licence")]
    return "\n\n".join(
        [
            table([*headings, say("needed for")], rows),
            say("What those that wenbao always needs bring along:"),
            table(headings, sorted(others.items())),
        ]
    )


def _for(extras: list[str], say: Say) -> str:
    return say("always") if "" in extras else ", ".join(f"`{extra}`" for extra in extras)
