"""The terms of the built-in judge's weights, as the file that lies beside them says them."""

from __future__ import annotations

from collections.abc import Sequence

from hantei.training.builtin.row import Licences
from hantei.training.builtin.sources import SOURCES

TERMS = {
    "all": "Apache-2.0 AND CC-BY-NC-SA-4.0",
    "permissive": "Apache-2.0 AND MIT AND CC-BY-4.0 AND ODC-By-1.0",
}


_LINKS = {
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "CC-BY-NC-SA-4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "ODC-By-1.0": "https://opendatacommons.org/licenses/by/1-0/",
    "MIT": "https://opensource.org/license/mit",
}


def licence_text(licences: Licences, used: Sequence[str]) -> str:
    """Return the terms of weights that were fitted to these sources."""
    terms = TERMS[licences]
    reason = (
        "Some of the sources below allow no commercial use, and one asks that adaptations stay under its own terms. "
        "Whether trained numbers are an adaptation of the texts they were trained on is not settled; we treat these as "
        "one, so that nobody is caught out: use the weights without commercial purpose, name the sources, and share "
        "changed weights under the same terms. The three sets labelled for SAFETY-J come from a repository that states "
        "no terms; their texts come from sets that do. For weights free of these conditions, train from the permissive "
        "sources alone:\n\n"
        "    hantei train builtin --data DIR --licences permissive --out DIR\n\n"
        "Training again, with or without that option, writes this file anew.\n"
        if licences == "all"
        else "All sources below allow every use as long as they are named.\n"
    )
    lines = [
        "Terms of the weights of hantei's built-in judge (weights.npz, and semantic.npz and profile.npz beside it)",
        "",
        f"SPDX-License-Identifier: {terms}",
        "",
        "The program is under Apache-2.0. The weights are numbers fitted to labelled texts of other people, and they",
        "carry the strictest of the terms of those texts.",
        "",
        *_wrap(reason),
        "Sources:",
        "",
    ]
    for name in used:
        source = SOURCES[name]
        lines += [f"- {source.title}", f"  {source.link}", f"  licence: {source.licence}; terms: {source.terms}"]
    lines += ["", "Licences:", ""]
    lines += [f"- {name}: {_LINKS[name]}" for name in terms.split(" AND ")]
    return "\n".join(lines) + "\n"


def _wrap(text: str) -> list[str]:
    import textwrap

    out: list[str] = []
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("    "):
            out.append(paragraph)
        else:
            out += textwrap.wrap(paragraph, 110)
        out.append("")
    return out
