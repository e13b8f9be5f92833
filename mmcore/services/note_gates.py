"""What speaks against a note: another language, no clinical note at all, nothing in it, orders to the reader."""

from mmcore.domain.case import Notice
from mmcore.preprocess.language import language_of
from mmcore.preprocess.note_kind import ENOUGH_WORDS, FEWEST_WORDS, clinical_share, looks_clinical, words_in
from mmcore.services.scan_gates import Verdict


def judge_note(note: str) -> Verdict:
    """The verdict on a note. Orders in it ("ignore the above") are masked before it is read and only told here."""
    words = words_in(note)
    if language_of(note) == "other":
        return Verdict(gate=Notice("note_language", {}, "text"))
    if words < FEWEST_WORDS:
        return Verdict(gate=Notice("note_says_nothing", {"words": words, "limit": FEWEST_WORDS}, "text"))
    if not looks_clinical(note):
        share = round(100 * clinical_share(note)[0])
        return Verdict(gate=Notice("note_not_clinical", {"percent": share}, "text"))
    short = (Notice("note_says_little", {"words": words}, "text"),) if words < ENOUGH_WORDS else ()
    return Verdict(warnings=short)
