"""Is a note in the language that the text encoder was made for?"""

import re

# frequent in one language and rare in the others: shared words such as "in" and "die" are left out
_ENGLISH = frozenset(
    """
    the of and with for is was were are has had have on at by from to which this that there without after
    before day days old year patient shows showed man woman male female he she his her no not or but in as
    an both pain
    """.split()
)
_CLINICAL = frozenset(
    """
    fever cough chest lung lungs bilateral consolidation opacity opacities opacification effusion effusions
    pleural infiltrate infiltrates dyspnea dyspnoea breath breathlessness shortness radiograph x-ray xray
    film patchy lobe lobar lower upper right left zone ground-glass ground glass distribution peripheral
    perihilar normal clear heart size admission history sputum sore throat fatigue chills oxygen saturation
    temperature hospital intensive care study appearances improvement worsening thickening interstitial
    productive dry nausea vomiting headache swelling edema oedema chest-pain smoker diabetes hypertension
    nodule nodules nodular lesion pulmonary intrapulmonary focal solid subsolid part-solid non-solid attenuation spiculation
    spiculated spicules lobulation lobulated margin border contour calcification calcified diameter measuring sharp ill-defined
    ovoid oval spherical visible subtle conspicuous obvious shape mm cm ct
    asthma findings acute intubated ventilated unremarkable
    """.split()
)
_OTHERS = frozenset(
    """
    der das und mit ist nicht ein eine einer bei wurde seit ohne auf den dem im zur beidseits patientin
    husten fieber el los las una con para por sin desde fue paciente años tos fiebre ambos del y derrame
    pulmonar il lo gli che di della delle con nel nella sono senza febbre tosse paziente anni dispnea giorni
    polmonare le les des et avec pour sans dans est une du au aux fièvre toux depuis patiente poumon ans o
    os com não uma dos das tosse febre sem de het een van met en voor zonder koorts hoest ve bir ile bu
    öksürük ateş i z w na nie jest się
    """.split()
)
_KNOWN, _FOREIGN = _ENGLISH | _CLINICAL, _OTHERS - _CLINICAL
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def language_of(note: str) -> str:
    """en, other or too_short (nothing to tell by): script and common words among the first 2,000 words."""
    words = [match.group().lower() for match, _ in zip(_WORD.finditer(note), range(2000), strict=False)]
    letters = "".join(words)
    if not letters:
        return "too_short"
    if sum(letter > "\u024f" for letter in letters) > 0.2 * len(letters):  # beyond Latin
        return "other"
    return _by_words(words)


def _by_words(words: list[str]) -> str:
    english = sum(word in _KNOWN for word in words)
    foreign = sum(word in _FOREIGN for word in words)
    if english > foreign and english >= 0.15 * len(words):
        return "en"
    return "too_short" if len(words) < 4 and not foreign else "other"
