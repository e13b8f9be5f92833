"""Notes made ready for the text branch: cleaned, cut into sentences, negations found, leaks masked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from mmcore.domain.task import LeakTerm

MASK = "[MASK]"  # the mask token of BERT's tokenizer


@dataclass(frozen=True)
class MaskedSpan:
    """Characters [start, end) of the note that were hidden, and the category of the first term in them."""

    start: int
    end: int
    category: str


@dataclass(frozen=True)
class MaskedNote:
    """A note with each hidden run replaced by one mask token; `spans` refer to the note as given."""

    text: str
    spans: tuple[MaskedSpan, ...]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Characters [start, end) of `text` as a range of the note as given; a mask maps to all it hides."""
        return self._before(start, last=False), self._before(end, last=True)

    def _before(self, position: int, last: bool) -> int:
        shift = 0  # original position minus masked position
        for span in self.spans:
            begin = span.start - shift
            if position <= begin - (0 if last else 1) or position < begin:
                break
            if position < begin + len(MASK):
                return span.end if last else span.start
            shift += (span.end - span.start) - len(MASK)
        return position + shift


@dataclass(frozen=True)
class Negation:
    """Characters [start, end) said to be absent."""

    start: int
    end: int


_GLUE = re.compile(
    r"[\s,;:()/\"'“”#–-]*(?:\b(?:and|or|for|by|of|the|an?|was|were|is|in|on|with|to|from|at"
    r"|after)\b[\s,;:()/\"'“”#–-]*)*"
)


@lru_cache(maxsize=8)
def _compiled(terms: tuple[LeakTerm, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((term.category, re.compile(term.pattern, re.IGNORECASE)) for term in terms)


def mask_leaks(note: str, terms: Sequence[LeakTerm], also: Sequence[tuple[int, int, str]] = ()) -> MaskedNote:
    """Replace what the terms match, regardless of case, and the ranges `also` (start, end, category) by mask tokens.

    Runs with nothing but joining words between them become one token, whatever their length.
    """
    found = list(also) + [
        (match.start(), match.end(), category)
        for category, pattern in _compiled(tuple(terms))
        for match in pattern.finditer(note)
        if match.end() > match.start()
    ]
    spans = _merged(note, found)
    pieces, position = [], 0
    for span in spans:
        pieces += [note[position : span.start], MASK]
        position = span.end
    return MaskedNote("".join([*pieces, note[position:]]), tuple(spans))


def _merged(note: str, found: Sequence[tuple[int, int, str]]) -> list[MaskedSpan]:
    """Ranges in order, those that overlap or have only joining words between them as one, under the category of the first."""
    spans: list[MaskedSpan] = []
    for start, end, category in sorted(found, key=lambda item: (item[0], -item[1])):
        if spans and (start <= spans[-1].end or _GLUE.fullmatch(note, spans[-1].end, start)):
            last = spans[-1]
            spans[-1] = MaskedSpan(last.start, max(last.end, end), last.category)
        else:
            spans.append(MaskedSpan(start, end, category))
    return spans


_REPAIRS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[\u200b-\u200f\u2060\ufeff\u00ad]|[\x00-\x08\x0b-\x1f\x7f]", ""),
        (r"(?<=\d)[?\ufffd·](?=\d+\s*(?:[?\ufffd°]?\s*C\b|[?\ufffd×x]\s*10))", "."),  # 38?6?C
        (r"(?<=\d)\s*[?\ufffd]\s*(?=[CF]\b)", " °"),  # 38.2?C
        (r"(?<=\d\.\d)\s*[?\ufffd](?=\s*[),.;]|\s*$)", " °C"),  # (39.1 ?)
        (r"(?<=\d)\s*[?\ufffd]\s*(?=10\d*\s*/\s*L)", " × "),  # 3.13?109/L
        (r"(?<=[\d/s])\s+[?\ufffd]\s?/\s?L\b", " /µL"),  # 6400 ?/L
        (r"(?<=cells/)[?\ufffd](?=L\b)", "µ"),  # 570 cells/?L
        (r"(?<=[A-Za-z])[?\ufffd](?=s\b)", "'"),  # people?s
        (r"(?<=\()([a-z])[?\ufffd](?=[a-z]\))", r"\1-"),  # (a?d)
        (r"(?<=[\s(])[?\ufffd](?=[a-z]{3})|(?<=,)[?\ufffd](?=\s)", '"'),  # ?fever for one week,?
        (r"\ufffd", " "),
        (r"[^\S\n]+", " "),
        (r" ?\n\s*", "\n"),
    )
)
_DOUBLY_ENCODED = re.compile("[ÂÃ][\u0080-\u00bf]|â€")


def clean(note: str) -> str:
    """Repair damaged characters ("38.2?C", "people?s", UTF-8 read as Latin) and collapse white space."""
    if _DOUBLY_ENCODED.search(note):
        try:
            note = note.encode("cp1252").decode("utf-8")
        except UnicodeError:  # a mixture: leave it to the repairs below
            note = note.replace("Â", "")
    for pattern, replacement in _REPAIRS:
        note = pattern.sub(replacement, note)
    return note.strip()


_SENTENCE_END = re.compile(
    r"(?<!\bDr)(?<!\bFig)(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)(?<!\bMr)(?<!\bMs)(?<!\bSt)(?<!\bapprox)(?<!\bca)(?<!\besp)"
    r"[.!](?:[\"')\]]*)(?=\s+[^a-z\s]|(?<=[a-z)]\.)[A-Z][a-z]|\s*$)|[?](?=\s+[A-Z])|\n+|;(?=\s*[A-Z])"
)


def sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Character ranges [start, end) of the sentences, without the white space around them."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)] + [len(text)]
    ranges, start = [], 0
    for end in ends:
        piece = text[start:end]
        if piece.strip():
            ranges.append((start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())))
        start = end
    return tuple(ranges)


# after Chapman et al., "A simple algorithm for identifying negated findings (NegEx)", J Biomed Inform 2001
_CUE = re.compile(
    r"\b(?:no(?:\s+(?:evidence|signs?|history|complaints?|symptoms?)\s+(?:of|for))?|without(?:\s+(?:any"
    r"|evidence\s+of))?|den(?:y|ies|ied|ying)(?:\s+any)?"
    r"|absence\s+of|absent|lack\s+of|free\s+of|negative\s+for|neither|(?:has|have|had|did|does|do|is"
    r"|was|are|were)\s+not(?:\s+(?:have|had|any|show|report))*"
    r"|(?:doesn|didn|isn|wasn|hasn)['’]t(?:\s+(?:have|show|report))?|never|not\s+any)\b",
    re.IGNORECASE,
)
_NOT_A_CUE = re.compile(
    r"\s*(?:seen|present|observed|noted|identified|detected|evident|demonstrated|visible|appreciated"
    r"|longer|further|increase|decrease|change|significant\s+change|only|necessarily|doubt"
    r"|difficulty|response|improvement|benefit)\b",
    re.IGNORECASE,
)
_AFTERWARDS = re.compile(
    r"\s+(?:is|are|was|were|has\s+been|have\s+been)\s+(?:absent|negative|ruled\s+out|excluded"
    r"|not\s+(?:seen|present|observed|noted"
    r"|identified|detected|evident|demonstrated|visible|appreciated))\b"
    r"|\s+(?:absent|negative|ruled\s+out|excluded|not\s+(?:seen|present|detected))(?=\s*[.;,)\n]|\s*$)"
    r"|\s*[:=]\s*(?:absent|negative|none|no)(?=\s*[.;,)\n]|\s*$)",
    re.IGNORECASE,
)
_STOP = re.compile(
    r"[.;:!?](?=\s|$|[A-Z])|[\n()]|\b(?:but|however|although|though|except|apart|aside|which|who|until"
    r"|because|since|yet|presents?|presented"
    r"|reports?|reported|complains?|is|are|was|were|could|shows?|showed|after|at\s+hospital\w*|no|not"
    r"|without|den(?:y|ies|ied))\b",
    re.IGNORECASE,
)
_WORDS_OF_ONE_SCOPE = 12
_WORDS_OF_ONE_ITEM = 5


def negations(text: str) -> tuple[Negation, ...]:
    """What the text says is absent, found by cue words and punctuation."""
    return tuple(sorted([*_announced(text), *_told_afterwards(text)], key=lambda n: n.start))


def _announced(text: str) -> list[Negation]:
    """What follows a cue, as in "no fever"."""
    found: list[Negation] = []
    for cue in _CUE.finditer(text):
        if _NOT_A_CUE.match(text, cue.end()):
            continue
        stop = _STOP.search(text, cue.end())
        start, end = _listed(text, cue.end(), stop.start() if stop else len(text))
        if start < end and not (found and start < found[-1].end):
            found.append(Negation(start, end))
    return found


def _told_afterwards(text: str) -> list[Negation]:
    """What stands before a cue, as in "fever: absent"."""
    found = []
    for cue in _AFTERWARDS.finditer(text):
        start, end = _clause_start(text, cue.start()), cue.start()
        words = text[start:end].split()
        if 0 < len(words) <= _WORDS_OF_ONE_ITEM and not _CUE.search(text, start, end):
            found.append(Negation(start, end))
    return found


def _clause_start(text: str, end: int) -> int:
    begin = max(0, end - 120)
    breaks = re.finditer(r"[.;:,!?\n(]\s*|\b(?:and|but|with)\s+", text[begin:end])
    return max((begin + match.end() for match in breaks), default=begin)


def _listed(text: str, start: int, stop: int) -> tuple[int, int]:
    """What a cue governs in [start, stop): up to a comma, or a list of short items ending in or, nor, and."""
    start += len(text[start:stop]) - len(text[start:stop].lstrip(" ,"))
    parts = text[start:stop].split(",")
    taken = 1
    for number, part in enumerate(parts[1:], start=2):
        words = part.split()
        if len(words) > _WORDS_OF_ONE_ITEM + 1 or not words:
            break
        if words[0].lower() in ("or", "nor", "and") or (number == len(parts) and {"or", "nor"} & set(words)):
            taken = number
            break
    scope = ",".join(parts[:taken])
    if taken == 1:
        scope = "".join(re.findall(r"\s*\S+", scope)[:_WORDS_OF_ONE_SCOPE])
    return start, start + len(scope.rstrip())
