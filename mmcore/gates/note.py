"""What speaks against a note: another language, no clinical note at all, nothing in it, orders to the reader."""

from mmcore.domain.notice import Notice
from mmcore.gates.scan import Verdict
from mmcore.preprocess.language import language_of
from mmcore.preprocess.note_kind import (
    ENOUGH_WORDS,
    FEWEST_WORDS,
    clinical_share,
    looks_clinical,
    orders_in,
    words_in,
)


def judge_note(note: str) -> Verdict:
    """The verdict on what a note says beside orders to the reader ("ignore the above"), which are masked and only told."""
    said = _without_orders(note)
    words = words_in(said)
    if language_of(said) == "other":
        return Verdict(gate=Notice("note_language", {}, "text"))
    if words < FEWEST_WORDS:
        return Verdict(gate=Notice("note_says_nothing", {"words": words, "limit": FEWEST_WORDS}, "text"))
    if not looks_clinical(said):
        share = round(100 * clinical_share(said)[0])
        return Verdict(gate=Notice("note_not_clinical", {"percent": share}, "text"))
    short = (Notice("note_says_little", {"words": words}, "text"),) if words < ENOUGH_WORDS else ()
    return Verdict(warnings=short)


def _without_orders(note: str) -> str:
    kept, last = [], 0
    for start, end, _ in orders_in(note):  # several may be found in one sentence
        kept.append(note[last:start])
        last = max(last, end)
    return "".join([*kept, note[last:]])
