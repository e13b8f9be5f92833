"""What a chest note gives away is hidden, and only that; sentences and negations are found in place."""

import pytest

from mmcore.domain.task import LeakTerm
from mmcore.preprocess.language import language_of
from mmcore.preprocess.text import MASK, MaskedSpan, clean, mask_leaks, negations, sentences
from mmcore.tasks.chest_terms import LEAK_TERMS


def masked(note: str) -> str:
    return mask_leaks(note, LEAK_TERMS).text


@pytest.mark.parametrize(
    "leak",
    [
        *(
            "COVID-19",
            "covid 19",
            "Covid19",
            "SARS-CoV-2",
            "2019-nCoV",
            "novel coronavirus",
            "SARS",
            "MERS-CoV",
            "CO-RADS 5",
        ),
        *("corona infection", "CoV-2", "C-19", "omicron variant", "self-isolating", "normal chest"),
        *("nothing abnormal", "healthy volunteer", "Legionnaires' disease", "psittacosis", "Q fever", "MTB"),
        *(
            "pneumonia",
            "bronchopneumonia",
            "Pneumocystis jirovecii",
            "PCP",
            "legionella",
            "Streptococcus pneumoniae",
        ),
        *(
            "klebsiella",
            "varicella",
            "mycoplasma",
            "influenza A",
            "E. coli",
            "RT-PCR",
            "rRT-PCR",
            "antigen test",
        ),
        *(
            "nasopharyngeal swab",
            "throat swabs",
            "remdesivir",
            "lopinavir/ritonavir",
            "hydroxychloroquine",
            "tocilizumab",
        ),
        *(
            "Wuhan",
            "Hubei province",
            "pandemic",
            "outbreak",
            "2020",
            "14 April 2021",
            "13/03/2020",
            "Milan",
            "Royal Free Hospital",
        ),
        *("No acute cardiopulmonary abnormality", "normal chest x-ray", "no acute finding"),
    ],
)
def test_a_term_that_names_diagnosis_test_era_or_place_is_hidden(leak):
    hidden = masked(f"Feels tired, {leak}; coughs at night.")
    assert MASK in hidden
    assert not any(word.lower() in hidden.lower() for word in leak.replace("/", " ").split() if len(word) > 2)
    assert "coughs at night" in hidden


def test_the_mask_does_not_tell_how_long_the_hidden_words_were():
    assert masked("Has SARS today.") == masked(
        "Has severe acute respiratory syndrome coronavirus 2 infection today."
    )


def test_a_test_is_hidden_together_with_its_result():
    assert masked("The nasal swab was positive for SARS-CoV-2 by RT-PCR. Weak.") == f"The {MASK}. Weak."
    assert masked("Legionella urinary antigen was negative. Weak.") == f"{MASK}. Weak."


@pytest.mark.parametrize(
    "crp",
    ["PCR 64.2 (limit 5)", "PCR = 3.4", "PCR: 18 mg/l", "elevated PCR", "PCR and procalcitonin in the norm"],
)
def test_the_italian_name_of_c_reactive_protein_stays(crp):
    assert masked(f"On arrival {crp}.") == f"On arrival {crp}."


@pytest.mark.parametrize(
    "note",
    [
        "Patchy ground-glass opacities in both lower zones, no pleural effusion.",
        "Productive cough with chills; dense lobar consolidation with positive air bronchogram.",
        "T 38.4 °C, SpO2 91 %, blood pressure 117/83, 2013 ml of fluid, acute respiratory distress syndrome.",
        "HIV with a CD4 count of 40 and loss of viral suppression.",
    ],
)
def test_findings_and_measurements_stay(note):
    assert masked(note) == note


def test_hidden_spans_point_into_the_note_as_given_and_carry_their_category():
    note = "Fever since travel from Wuhan, then remdesivir was given."
    result = mask_leaks(note, LEAK_TERMS)
    assert [(note[s.start : s.end], s.category) for s in result.spans] == [
        ("travel from Wuhan", "exposure"),
        ("remdesivir", "treatment"),
    ]


def test_every_character_of_the_masked_note_maps_back_to_the_note_as_given():
    note = "aa XX bb YYYYYYYYYY cc"
    result = mask_leaks(note, (LeakTerm("test", "X+|Y+"),))
    assert result.text == f"aa {MASK} bb {MASK} cc"
    assert result.spans == (MaskedSpan(3, 5, "test"), MaskedSpan(9, 19, "test"))
    for word in ("aa", "bb", "cc"):
        start = result.text.index(word)
        begin, end = result.origin(start, start + 2)
        assert note[begin:end] == word
    first, second = result.text.index(MASK), result.text.rindex(MASK)
    assert result.origin(first, first + len(MASK)) == (3, 5)
    assert result.origin(second, second + len(MASK)) == (9, 19)
    assert result.origin(second + 1, second + 3) == (9, 19)


def test_masking_twice_changes_nothing():
    once = masked("COVID-19 pneumonia confirmed by swab in March 2020 in Rome.")
    assert masked(once) == once


@pytest.mark.parametrize(
    ("damaged", "repaired"),
    [
        ("fever (37.9?C)", "fever (37.9 °C)"),
        ("maximum 38\ufffd4\ufffdC today", "maximum 38.4 °C today"),
        ("count 2.5 ? 109/L", "count 2.5 × 109/L"),
        ("the patient?s  wife", "the patient's wife"),
        ("38.1 Â°C", "38.1 °C"),
        ("two\u200b lines \n\n  here", "two lines\nhere"),
    ],
)
def test_damaged_characters_are_repaired(damaged, repaired):
    assert clean(damaged) == repaired


def test_a_question_mark_that_asks_stays():
    assert clean("Is it worse? Heart failure?") == "Is it worse? Heart failure?"


def test_sentences_end_at_full_stops_but_not_at_decimals_or_abbreviations():
    note = "T 38.5 today. Seen by Dr. Smith, e.g. at night.Cough since then!\nNo pain"
    assert [note[a:b] for a, b in sentences(note)] == [
        "T 38.5 today.",
        "Seen by Dr. Smith, e.g. at night.",
        "Cough since then!",
        "No pain",
    ]


@pytest.mark.parametrize(
    ("note", "absent"),
    [
        ("No pleural effusion. Cough.", ["pleural effusion"]),
        ("Denies fever, chest pain, or sputum, feels weak.", ["fever, chest pain, or sputum"]),
        ("No fever, productive cough for a week.", ["fever"]),
        ("Lungs without consolidation but with oedema.", ["consolidation"]),
        ("Absence of cavitation; negative for effusion.", ["cavitation", "effusion"]),
        ("Pneumothorax is not seen, effusion was ruled out.", ["Pneumothorax", "effusion"]),
        ("Dyspnoea: no\nCough: yes", ["Dyspnoea"]),
        ("No change since yesterday, no longer febrile.", []),
        ("There is a large effusion.", []),
    ],
)
def test_what_is_said_to_be_absent_is_found(note, absent):
    assert [note[n.start : n.end] for n in negations(note)] == absent


@pytest.mark.parametrize(
    ("note", "language"),
    [
        ("Fever and dry cough for three days.", "en"),
        ("pleural effusion", "en"),
        ("Fieber und Husten seit drei Tagen, keine Dyspnoe", "other"),
        ("Febbre e tosse da tre giorni, senza dispnea", "other"),
        ("Toux et fièvre depuis trois jours", "other"),
        ("发热咳嗽三天", "other"),
        ("Кашель и температура", "other"),
        ("38.5", "too_short"),
        ("hmm ok", "too_short"),
        ("", "too_short"),
    ],
)
def test_the_language_of_a_note_is_told(note, language):
    assert language_of(note) == language
