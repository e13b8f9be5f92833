"""Sentences for people: looks a code up in assets/text/<language>.json and fills in its values."""

import json
import re
from collections.abc import Mapping
from functools import cache

from mmcore.domain.errors import MmcoreError
from mmcore.domain.notice import Notice
from mmcore.paths import SENTENCES

LANGUAGES = ("en", "zh")
TOLD_IN = ("notice", "error")  # sections that hold what notices and errors say, in this order
NAMED = {  # name within a sentence -> section in which its value has a name of its own
    "field": "field",
    "label": "label",
    "against": "label",
    "modality": "modality",
    "task": "task",
    "unit": "unit",
    "place": "place",
    "view": "view",
    "dicom_modality": "dicom_modality",
    "method": "method",
    "one": "modality",
    "other": "modality",
    "sex": "choice.sex",
    "other_sex": "choice.sex",
    "gap_unit": "duration",
    "limit_unit": "duration",
    "lobe": "choice.location",
    "named_side": "side",
    "marked_side": "side",
}


@cache
def table(language: str) -> Mapping[str, str]:
    """Dotted code -> sentence, of one language. Raises ValueError for a language without a table."""
    if language not in LANGUAGES:
        raise ValueError(f"no words in language {language!r}; there are {', '.join(LANGUAGES)}")
    return _flat(json.loads((SENTENCES / f"{language}.json").read_text(encoding="utf-8")))


def known(code: str, language: str = "en") -> bool:
    """Whether the table has a sentence for the code."""
    return code in table(language)


def say(code: str, language: str = "en", **values: object) -> str:
    """The sentence of a dotted code. An unknown code gives its last part with blanks, so a new task needs no entry.

    Values named in NAMED (field, label, modality ...) are put into words first.
    """
    sentence = table(language).get(code)
    if sentence is None:
        return code.rpartition(".")[2].replace("_", " ")
    named = {
        k: say(f"{NAMED[k]}.{v}", language) if k in NAMED and isinstance(v, str) else v
        for k, v in values.items()
    }
    return sentence.format(**named)


def tell(what: Notice | MmcoreError, language: str = "en") -> str:
    """A notice or an error in words."""
    code = next((f"{s}.{what.code}" for s in TOLD_IN if known(f"{s}.{what.code}", language)), what.code)
    return re.sub(
        r" +(?=[.;,?](?:\s|$)| )", "", say(code, language, **what.values)
    )  # a value without a unit leaves a gap


def _flat(node: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in node.items():
        flat |= (
            _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": str(value)}
        )
    return flat
