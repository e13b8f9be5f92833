"""Is a text a clinical note at all, does it say enough, and does it try to give orders? By vocabulary and sentence patterns."""

import re

ENOUGH_WORDS = 6  # below, a note says little: the reader is told
FEWEST_WORDS = 2  # below, it says nothing that could be weighed
CLINICAL_SHARE = 0.08  # of the words; set so that hardly a note of two packs' training patients falls below
CLINICAL_LEAST = 2  # words of a text of more than ENOUGH_WORDS
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# beginnings of words that notes of chest, heart and lung are made of, and everyday text is not
_STEMS = tuple(
    """
    abdom abscess acute afebrile air-space airspace alveol anaemi anemi aneurysm angina antibiot aort apex apical
    arrhythm arter artery asthm atelect atri auscult axill axis-dev bacter basal base basilar beats bigemin bilateral biops
    blood block bpm brady breath bronch bundle calcif cancer carcin cardi catheter cavit cell chest chill cirrho clinic
    comorbid confluent congest consolid copd cough crackl creatin crp cxr cyanos cyst death d-dimer deviation diabet
    diagnos diaphragm diarrh diastol discharg disease dose dyspn ecg echo ecmo edema effus ejection ekg electrocard
    embol emphys endotrach enlarg erythem exacerb exam expirat extrasyst fatigue febrile fever fibril fibro film finding flutter
    focal follow-up ground-glass ground haemopt haz headache heart hemi hemoglob hemopt hepat hilar hilum histor hiv
    hospital hyper hypo icu ill imag immun infarct infect inferior infiltrat inflam inject insuffic intens interstit intub
    ischaem ischem kerley kidney laborat lateral left leuk lesion lobe lobar lobul lower lung lymph malais
    mass meal mediast medic mellitus metast middle mild mitral moder mottl murmur muscle myalg myocard nausea neck necro nodul nodal
    normal nsr obese oedema opac oral organ oxygen pace pain palp parietal patchy pathol patient peripher pleur pneum
    portable post-op prednis present pressure previous productiv prolong pulm pulse pvc qrs qt radiog radiol rales ras rash
    renal repol respir reticul rhin rhythm rib right scan saturat sec semi sepsis septal serum severe shadow shortness sign
    sinus smok sore spo2 spicul sputum st-segment st-dep st-elev stenos stern steroid stroke subpleural suspicio swell swollen symptom syncop
    syndrom systol t-wave tachy temperat therap thick thorac thorax thorough throat thrombo tissue tomogr trache
    treat tube tumor tumour ultraso unilateral unremark upper urine vascul vein venous ventil ventric vital vomit
    voltage wall wave wbc weak wheez white x-ray xray yo year-old zone symptomat asymptomat male female woman man lad
    hypertroph anterior posterior septum qrs-complex premature borderline abnormal nonspecific non-specific unspecif
    lad rad lvh rvh rbbb lbbb pr-interval
    """.split()
)
_CLINICAL = re.compile(
    r"(?:" + "|".join(sorted(map(re.escape, _STEMS), key=len, reverse=True)) + r")", re.IGNORECASE
)
_CODE = re.compile(r"[{}\\|$]|[\w)\]]\(|==|\+=|\bdef |\breturn |::|->|https?://")

_ORDERS = (
    r"(?:ignore|disregard|forget|override|bypass)\b(?:\W+\w+){0,5}?\W+(?:above|below|previous|prior|earlier|preceding|foregoing"
    r"|instructions?|prompts?|rules|scan|image|picture|x-?ray|vitals|evidence|everything|model|system)\b",
    r"(?:report|output|print|return|answer|respond|reply|predict|say|state|set|give|write|assign|classify|label|mark)\b(?:\W+\w+){0,8}?\W+"
    r"(?:(?:0|1|100|zero|no|full)\s*(?:%|per\s?cent\b|risk\b|probability\b)|(?:risk|probability|likelihood|score|chance|label|class|prediction)\b"
    r"(?:\W+\w+){0,4}?\W+(?:(?:to|as|of|is|=)\W*)?(?:0|1|100|zero|[01]\.\d+)\b)",
    r"you\s+are\s+(?:now\s+)?(?:an?\s+)?(?:ai|assistant|language\s+model|chat\s?bot|gpt|classifier|model)\b",
    r"(?:system|developer|assistant)\s*(?:prompt|message|instructions?)\b|\bas\s+an?\s+(?:ai|language\s+model)\b|\bnew\s+instructions?\b",
    r"(?:do\s+not|don['’]t|never)\s+(?:report|predict|use|consider|look\s+at|read)\b(?:\W+\w+){0,4}?\W+(?:model|scan|image|x-?ray|vitals|evidence|risk|prediction)\b",
)
ORDER = "instruction"  # the category under which they are masked
_ORDER = re.compile("|".join(rf"\b(?:{order})" for order in _ORDERS), re.IGNORECASE)
_ENDS = re.compile(r"[.!?;\n]")
FIRST_CHARACTERS = 20_000  # searched; the model reads far less
_REACH = 120  # characters to either side at most: a text without full stops is not hidden as a whole


def orders_in(note: str) -> tuple[tuple[int, int, str], ...]:
    """(start, end, ORDER) of the sentences that tell a program what to do; a note is data and is never obeyed."""
    found = []
    for match in _ORDER.finditer(note, 0, FIRST_CHARACTERS):
        before = [m.end() for m in _ENDS.finditer(note, max(0, match.start() - _REACH), match.start())]
        after = _ENDS.search(note, match.end() - 1, min(len(note), match.end() + _REACH))
        start = before[-1] if before else max(0, match.start() - _REACH)
        end = (
            min(len(note), match.end() + _REACH)
            if after is None
            else after.start() + (note[after.start()] != "\n")
        )
        start += len(note[start : match.start()]) - len(note[start : match.start()].lstrip())
        found.append((start, max(end, match.end()), ORDER))
    return tuple(found)


def words_in(note: str) -> int:
    """How many words of letters a text has."""
    return len(_WORD.findall(note))


def clinical_share(note: str) -> tuple[float, int]:
    """(share of the words that a clinical note would hold, their number), among the first 2,000 words."""
    words = _WORD.findall(note)[:2000]
    found = sum(_CLINICAL.match(word) is not None for word in words)
    return (found / len(words) if words else 0.0), found


def looks_clinical(note: str) -> bool:
    """False for a recipe, a letter or source code; true where there are too few words to tell."""
    words = words_in(note)
    if words <= ENOUGH_WORDS:
        return True
    share, found = clinical_share(note)
    if len(_CODE.findall(note)) > 0.15 * words:  # brackets and operators of a programming language
        return False
    return share >= CLINICAL_SHARE and found >= CLINICAL_LEAST
