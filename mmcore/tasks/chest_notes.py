"""Short chest notes composed from published rates of findings, to learn medicine and no site's style.

Rates are per hundred patients, rounded; where papers differ or are silent they are this project's judgement.
COVID-19: Guan et al., NEJM 2020, PMC7092819 (symptoms, blood); 468 admission radiographs in PMC7243792
(interstitial 72, alveolar 61, bilateral 65, peripheral 63). SARS of 2003: Liu et al., Chest 2004;126:509
(fever 98, cough 74, diarrhoea 66, one focus at first 63, lymphopenia 70); doi 10.1148/radiol.2283030671
(peripheral, mid and lower zones, rare pleural change). Pneumocystis: Ebner et al., PLoS ONE 2016, e0164320.
Bacterial: Metlay & Fine, Ann Intern Med 2003;138:109.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class _Finding:
    """Wordings of a finding, parted by bars, and how many of a hundred patients have it, by _PROFILES."""

    wordings: str
    rates: tuple[int, ...]


# profile -> (label, share of the notes of that label)
_PROFILES = {
    "covid": ("covid19", 1.0),
    "lobar": ("other_pneumonia", 0.35),
    "aspiration": ("other_pneumonia", 0.15),
    "pneumocystis": ("other_pneumonia", 0.20),
    "sars_2003": ("other_pneumonia", 0.15),
    "atypical": ("other_pneumonia", 0.15),
    "none": ("no_finding", 1.0),
}
_SYMPTOMS = (
    _Finding("fever|pyrexia|a raised temperature|high fever|febrile illness", (85, 75, 55, 80, 98, 85, 20)),
    _Finding(
        "dry cough|non-productive cough|cough without sputum|dry irritating cough",
        (60, 15, 10, 60, 65, 55, 15),
    ),
    _Finding(
        "productive cough|purulent sputum|cough with sputum|rusty sputum|green sputum",
        (10, 65, 60, 5, 10, 20, 5),
    ),
    _Finding("cough|coughing", (60, 80, 70, 60, 70, 75, 15)),
    _Finding(
        "dyspnoea|shortness of breath|difficulty breathing|dyspnea|breathlessness",
        (40, 60, 65, 80, 40, 35, 15),
    ),
    _Finding("chills|rigors|shaking chills|rigor", (15, 55, 25, 10, 55, 20, 3)),
    _Finding("pleuritic chest pain|chest pain on breathing in|side pain", (5, 45, 15, 8, 10, 10, 10)),
    _Finding("loss of smell and taste|anosmia|ageusia|loss of taste|reduced smell", (45, 1, 1, 1, 1, 2, 1)),
    _Finding("fatigue|malaise|asthenia|myalgia|aching muscles|tiredness", (50, 30, 20, 35, 50, 40, 10)),
    _Finding("sore throat|headache|runny nose", (20, 5, 2, 3, 20, 35, 10)),
    _Finding("diarrhoea|diarrhea|nausea|loss of appetite", (20, 8, 8, 8, 40, 15, 4)),
    _Finding(
        "weight loss|night sweats|symptoms for many weeks|slowly worsening breathlessness",
        (2, 10, 12, 55, 2, 5, 5),
    ),
    _Finding(
        "choking while eating|witnessed aspiration|swallowing difficulty|vomiting", (3, 5, 75, 2, 3, 2, 2)
    ),
    _Finding("sepsis|septic shock|confusion|hypotension", (8, 25, 30, 8, 5, 5, 1)),
    _Finding(
        "crackles|bronchial breathing|reduced breath sounds|dullness to percussion",
        (25, 70, 55, 20, 30, 30, 3),
    ),
)
_BACKGROUND = (
    _Finding(
        "hypertension|diabetes|obesity|type 2 diabetes|high blood pressure|heart disease",
        (45, 25, 30, 5, 12, 8, 28),
    ),
    _Finding("HIV infection|a low CD4 count|AIDS|untreated HIV", (2, 6, 4, 75, 1, 3, 1)),
    _Finding(
        "immunosuppression|chemotherapy for lymphoma|a transplant|long-term steroids", (4, 8, 6, 40, 1, 6, 2)
    ),
    _Finding("COPD|heavy smoking|alcohol excess|bronchiectasis", (8, 35, 30, 8, 5, 5, 12)),
    _Finding("stroke|bowel obstruction|dementia|a feeding tube|epilepsy", (5, 6, 65, 1, 2, 2, 4)),
)
_BLOOD = (
    _Finding(
        "lymphopenia|low lymphocytes|lymphocytopenia|reduced lymphocyte count", (75, 25, 20, 60, 70, 15, 2)
    ),
    _Finding(
        "leukocytosis|raised white cells with neutrophilia|high white cell count", (8, 75, 65, 15, 10, 20, 3)
    ),
    _Finding(
        "normal white cell count|leukopenia|white cells within the normal range", (65, 12, 15, 40, 60, 55, 70)
    ),
    _Finding("high procalcitonin|markedly raised procalcitonin", (6, 65, 40, 8, 5, 8, 1)),
    _Finding(
        "raised ferritin|elevated D-dimer|raised LDH|elevated lactate dehydrogenase",
        (55, 20, 15, 50, 35, 10, 2),
    ),
    _Finding("raised CRP|elevated C-reactive protein", (65, 90, 75, 50, 50, 40, 3)),
    _Finding(
        "hypoxaemia|low oxygen saturation|hypoxia|desaturation|oxygen requirement",
        (50, 40, 50, 75, 35, 20, 1),
    ),
)
_IMAGING = (
    _Finding(
        "bilateral ground-glass opacities|ground-glass opacities in both lungs|bilateral hazy opacities"
        "|patchy ground glass|ground-glass opacification",
        (55, 3, 8, 40, 15, 15, 0),
    ),
    _Finding(
        "peripheral opacities|peripheral distribution|subpleural opacities|peripheral consolidation"
        "|opacities at the lung periphery",
        (55, 6, 3, 3, 45, 8, 0),
    ),
    _Finding(
        "bilateral lower zone opacities|basal predominance|opacities in the mid and lower zones|"
        "bibasal infiltrates",
        (50, 6, 30, 5, 30, 20, 0),
    ),
    _Finding(
        "bilateral patchy consolidations|multifocal bilateral opacities|bilateral infiltrates|"
        "multilobar opacities"
        "|opacities in both lungs",
        (60, 10, 30, 12, 30, 15, 0),
    ),
    _Finding(
        "bilateral interstitial thickening|interstitial infiltrates|increased interstitial markings"
        "|interstitial opacities",
        (55, 3, 5, 45, 8, 35, 0),
    ),
    _Finding(
        "dense lobar consolidation|right lower lobe consolidation|left lower lobe consolidation|"
        "lobar airspace disease"
        "|right upper lobe consolidation|consolidation of the middle lobe",
        (4, 75, 40, 2, 8, 15, 0),
    ),
    _Finding(
        "a focal unilateral opacity|a single area of airspace disease|a focal consolidation in one lung"
        "|a unilateral opacity",
        (10, 40, 20, 3, 60, 30, 0),
    ),
    _Finding(
        "air bronchograms|loss of the hemidiaphragm|loss of the heart border|a bulging fissure",
        (8, 55, 20, 3, 8, 8, 0),
    ),
    _Finding(
        "a pleural effusion|a parapneumonic effusion|an empyema|blunting of the costophrenic angle",
        (5, 35, 20, 4, 3, 10, 1),
    ),
    _Finding("a cavity|a cavitating lesion|an abscess|a cavitating mass", (1, 10, 12, 5, 1, 2, 0)),
    _Finding(
        "perihilar reticular opacities|diffuse perihilar haze|fine reticular shadowing in both lungs"
        "|reticular markings",
        (8, 2, 4, 75, 3, 20, 0),
    ),
    _Finding("pneumatoceles|small cysts|cystic spaces|a pneumothorax", (1, 2, 1, 35, 1, 1, 1)),
    _Finding(
        "diffuse small nodules|a reticulonodular pattern|peribronchial thickening", (4, 4, 4, 10, 2, 45, 1)
    ),
    _Finding("enlarged hilar nodes|mediastinal lymphadenopathy", (2, 4, 3, 8, 1, 10, 1)),
)
_CLEAR = _Finding(
    "clear lungs|a normal heart size|clear costophrenic angles|"
    "a normal cardiomediastinal contour|no lung opacity"
    "|normal lung fields|no infiltrate|lungs without consolidation",
    (15, 6, 5, 8, 12, 10, 95),
)
# said of any patient whatever the label, so that the branch learns that it means nothing
_NEUTRAL = (
    "The patient was intubated.|An endotracheal tube is in place.|"
    "Admitted to intensive care.|Transferred to the ward.|"
    "Discharged home after {} days.|Follow-up film after {} days.|Radiograph on day {}.|"
    "AP portable film.|PA view.|"
    "Antibiotics were started.|Progressive worsening since the last film.|The opacities have increased.|"
    "Partial resolution since the previous film.|Marked improvement.|Died on day {}.|"
    "Central venous line in place.|"
    "Diagnosis: [MASK].|Appearances of [MASK].|[MASK].|Suspected [MASK].|Presented [MASK].|"
    "Seen in the emergency department.|"
    "Required mechanical ventilation.|Treated with oxygen.|Initial radiograph.|"
    "The findings (arrows) are shown.|"
    "Heart rate {} per minute.|A {}-day history.|Pacemaker noted.|Computed tomography was performed."
).split("|")
_OPENINGS = (
    "Chest radiograph shows {}.|There is {}.|{}.|CXR: {}.|Imaging demonstrates {}.|"
    "X-ray with {}.|Chest X-ray revealed {}.|"
    "Radiograph in this patient depicts {}.|{} can be seen."
).split("|")
_ABSENT = "No {}.|No evidence of {}.|Without {}.|{} not seen.|There is no {}.|Note the absence of {}.".split(
    "|"
)
_STORY = "presented with {}.|admitted with {}.|has had {}.|with {}.|complains of {}.|, symptoms: {}.".split(
    "|"
)
_PEOPLE = (
    "Man|Woman|{}-year-old man|{}-year-old woman|Patient|{} year old|Male aged {}|Adult female|Adult".split(
        "|"
    )
)


def knowledge_notes(count: int, seed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ""
    """`count` notes and their labels, equally many of each; most findings that are present are mentioned."""
    rng = np.random.default_rng(seed)
    by_label: dict[str, list[str]] = {}
    for name, (label, _) in _PROFILES.items():
        by_label.setdefault(label, []).append(name)
    notes, labels = [], []
    for i in range(count):
        label = tuple(by_label)[i % len(by_label)]
        shares = np.array([_PROFILES[name][1] for name in by_label[label]])
        profile = str(rng.choice(by_label[label], p=shares / shares.sum()))
        notes.append(_compose(tuple(_PROFILES).index(profile), rng))
        labels.append(label)
    return tuple(notes), tuple(labels)


def _compose(profile: int, rng: np.random.Generator) -> str:
    parts = _story(profile, rng) if rng.random() < 0.6 else []
    if rng.random() < 0.3:
        parts += _said(_BLOOD, ("Blood tests:", "Laboratory:", "There was"), profile, rng)
    if not parts or rng.random() < 0.8:
        parts += _report(profile, rng)
    for neutral in rng.choice(_NEUTRAL, size=rng.integers(0, 4)):
        parts.insert(int(rng.integers(0, len(parts) + 1)), str(neutral).format(int(rng.integers(1, 15))))
    return " ".join(parts)


def _story(profile: int, rng: np.random.Generator) -> list[str]:
    person = str(rng.choice(_PEOPLE)).format(int(rng.integers(20, 90)))
    symptoms, denied = _draw(_SYMPTOMS, profile, rng, mention=0.7, deny=0.06)
    parts = [f"{person} {str(rng.choice(_STORY)).format(_listed(symptoms, rng))}"] if symptoms else []
    if denied:
        parts.append(f"{rng.choice(('No', 'Denies', 'Without'))} {' or '.join(denied)}.")
    return parts + _said(_BACKGROUND, ("History of", "Background:", "With"), profile, rng)


def _said(
    findings: Sequence[_Finding], openings: tuple[str, ...], profile: int, rng: np.random.Generator
) -> list[str]:
    present, _ = _draw(findings, profile, rng, mention=0.7, deny=0.0)
    return [f"{rng.choice(openings)} {_listed(present, rng)}."] if present else []


def _report(profile: int, rng: np.random.Generator) -> list[str]:
    if rng.random() * 100 < _CLEAR.rates[profile]:
        seen = [str(rng.choice(_CLEAR.wordings.split("|")))]
        _, missing = _draw(_IMAGING, -1, rng, mention=0.0, deny=0.1)  # the last profile has no finding
    else:
        seen, missing = _draw(_IMAGING, profile, rng, mention=0.7, deny=0.08)
    parts = [str(rng.choice(_OPENINGS)).format(_listed(seen, rng))] if seen else []
    parts += [str(rng.choice(_ABSENT)).format(_bare(word)) for word in missing]
    return [part[0].upper() + part[1:] for part in parts]


def _draw(
    findings: Sequence[_Finding], profile: int, rng: np.random.Generator, mention: float, deny: float
) -> tuple[list[str], list[str]]:
    """Wordings of what is present and mentioned (at most four) and absent and denied (at most two)."""
    present, absent = [], []
    for i in rng.permutation(len(findings)):
        wording = str(rng.choice(findings[i].wordings.split("|")))
        if rng.random() * 100 < findings[i].rates[profile]:
            present += [wording] if rng.random() < mention else []
        else:
            absent += [_bare(wording)] if rng.random() < deny else []
    return present[:4], absent[:2]


def _bare(wording: str) -> str:
    return wording.removeprefix("a ").removeprefix("an ")


def _listed(words: Sequence[str], rng: np.random.Generator) -> str:
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])}{rng.choice((' and ', ', ', ' with '))}{words[-1]}"
