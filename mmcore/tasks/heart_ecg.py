"""Heart, by the resting 12-lead ECG: ischaemia or scar, hypertrophy, conduction disorder, rhythm abnormality, Brugada pattern."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np

from mmcore.domain.case import LEADS, Waveform
from mmcore.domain.errors import PackError
from mmcore.domain.pack import Pack, PackRow
from mmcore.domain.task import CaseTask, Field, Modality
from mmcore.tasks.heart_coronary import TASK as CORONARY

LABELS = ("ischaemia", "hypertrophy", "conduction", "rhythm", "brugada")
COLUMNS = {  # column of ecg_meta.csv -> label
    "y_ischemia": "ischaemia",
    "y_hypertrophy": "hypertrophy",
    "y_conduction": "conduction",
    "y_rhythm_abn": "rhythm",
    "y_brugada": "brugada",
}
ARRAYS, TABLE = "ecg_12lead_100hz_10s.npz", "ecg_meta.csv"
LISTED = "cardiologist diagnosis list"  # kind of text that names whatever a reader of the whole ECG found
RATE_HZ = 100.0

FIELDS = (
    Field("age_years", "a", plausible=(0, 120), knots=(40, 60), aliases=("age",), lasting=True),
    Field("sex", kind="choice", plausible=(0, 1), choices=("F", "M"), aliases=("gender",), lasting=True),
    # from here on: shown beside reference ranges, learned from nobody, so they add 0
    Field(
        "systolic_pressure_mmhg",
        "mmHg",
        plausible=(50, 280),
        reference=(90, 140),
        aliases=("systolic_bp", "sbp", "systolic_blood_pressure"),
    ),
    Field(
        "ejection_fraction_percent",
        "%",
        plausible=(5, 90),
        reference=(52, 74),  # Lang et al. 2015 (ASE/EACVI): 52-72 men, 54-74 women
        aliases=("ejection_fraction", "lvef", "ef"),
    ),
    Field("wall_motion_abnormal", kind="flag", aliases=("wall_motion_abnormality", "regional_wall_motion")),
    Field(
        "septal_thickness_mm",
        "mm",
        plausible=(3, 40),
        reference=(6, 10),
        aliases=("ivsd", "septum", "interventricular_septum"),
    ),
    Field(
        "lv_end_diastolic_diameter_mm",
        "mm",
        plausible=(20, 100),
        reference=(38, 58),
        aliases=("lvedd", "lvidd"),
    ),
    Field(
        "left_atrial_diameter_mm",
        "mm",
        plausible=(15, 90),
        reference=(27, 40),
        aliases=("la_diameter", "lad"),
    ),
    Field(
        "potassium_mmol_per_l",
        "mmol/L",
        plausible=(1.5, 9),
        reference=(3.5, 5.1),
        aliases=("potassium", "k"),
    ),
    Field(
        "troponin_t_ng_per_l",
        "ng/L",
        plausible=(0, 100000),
        reference=(0, 14),
        aliases=("troponin", "hs_troponin_t", "troponin_t"),
    ),
)


def _of(names: str, leads: tuple[str, ...] = LEADS) -> tuple[str, ...]:
    return tuple(f"{name}_{lead}" for name in names.split() for lead in leads)


MEASURES = {  # what the textbook reads each label off; the encoder's other measures stay out of that label
    "ischaemia": (
        *_of("st_j st_60 t_negative t_peak q_width q strain"),
        *_of("r", ("V1", "V2", "V3", "V4", "V5", "V6")),
        *"st_lowest st_highest t_negative_lateral t_to_qrs widest_q deepest_chest_q qrs_t_likeness".split(),
        *"t_axis_cos t_axis_sin qrs_width q_to_t_peak".split(),
    ),
    "hypertrophy": (
        *_of("r s strain t_peak st_60"),
        *"sokolow cornell gubner all_voltages peguero p_v1_negative p_v1_area p_width p_half_width p_height".split(),
        *"qrs_width qrs_t_likeness axis_cos axis_sin axis_left_20 t_negative_lateral t_to_qrs p_repeats".split(),
        *"q_to_t_peak st_lowest".split(),
    ),
    "conduction": (
        *_of("r_prime late notches"),
        *"qrs_width qrs_wide pr pr_long axis_cos axis_sin axis_left_20 axis_left_30 p_repeats".split(),
        *"q_aVL q_I q_V6 r_V1 r_aVR r_II r_III s_V1 s_V5 s_V6 s_I s_III".split(),
    ),
    "rhythm": tuple(
        "rate slow fast under_60 rr_spread rr_jumps log_rr_spread log_rr_jumps rr_usual_spread rr_usual_jump early_beat"
        " pause odd_beats least_alike p_repeats f_v1 f_ii f_to_p p_height".split()
    ),
    "brugada": (  # the shape of QRS, ST and T in single leads; rhythm and P wave would tell the hospital
        *_of("r s q q_width r_prime late notches st_j st_40 st_60 t_negative t_positive t_peak strain"),
        *_of("j_peak", ("V1", "V2", "V3")),
    ),
}


PULL = {
    "ischaemia": 2.5,
    "hypertrophy": 0.8,
    "conduction": 8.0,
    "rhythm": 0.2,
    "brugada": 0.1,
}  # by cross-validation


def read_pack(directory: Path) -> Pack:
    """Rows of DIR/ecg_meta.csv with their ECGs; rows without any known label have an empty outcome and teach measuring only.

    The text of a LUDB row is the list of diagnoses that made its labels, so no row has a note. Where a cardiologist's list does
    not name Brugada, training takes it for absent: an assumption, since nobody looked for it; about 1 in 2,000 has it.
    """
    table, arrays = Path(directory) / TABLE, Path(directory) / ARRAYS
    if not table.is_file():
        raise PackError("pack_without_table", directory=Path(directory).name, name=TABLE)
    with table.open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    recordings = _recordings(arrays, len(lines))
    left_out: Counter[str] = Counter()
    rows = []
    for place, line in enumerate(lines):
        if recordings is None and not _values(line):
            left_out["nothing_to_read"] += 1
            continue
        rows.append(_row_of(line, place, None if recordings is None else recordings[place]))
    return Pack(tuple(rows), dict(left_out))


def _row_of(line: dict[str, str], place: int, waveform: Waveform | None) -> PackRow:
    """The row at a place of the table, from 0."""
    outcome = {label: _flag(line.get(column)) for column, label in COLUMNS.items()}
    source, record = line.get("source") or "unknown", line.get("record_id") or str(place)
    return PackRow(
        key=f"{source}:{record}",
        patient=line.get("patient_id") or f"{source}:{record}",
        source=source,
        publisher=source,
        outcome=outcome if any(v is not None for v in outcome.values()) else {},
        values=_values(line),
        subgroup={"sex": line.get("sex") or ""},
        waveform=waveform,
        teach=_granted(line, outcome),
    )


def _recordings(path: Path, count: int) -> list[Waveform] | None:
    """The pack's ECGs in the order of its table; None where the file is missing. Raises PackError where they differ in number."""
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as kept:
        samples, names = kept["x"], [str(n) for n in kept["leads"]]
    if len(samples) != count:
        raise PackError("pack_counts_differ", directory=path.parent.name, rows=count, recordings=len(samples))
    usual = {lead.upper(): lead for lead in LEADS}
    leads = tuple(usual.get(n.upper(), n) for n in names)
    order = [leads.index(lead) for lead in LEADS]
    return [Waveform(x[order].astype(np.float32), RATE_HZ, LEADS) for x in samples]


def _granted(line: dict[str, str], outcome: dict[str, int | None]) -> dict[str, float]:
    """Brugada absent, for a row whose other labels come from a list of diagnoses that does not name it."""
    listed = (line.get("text_kind") or "").startswith(LISTED) and any(v is not None for v in outcome.values())
    named = outcome["brugada"] is not None or "brugada" in (line.get("text") or "").lower()
    return {"brugada": 0.0} if listed and not named else {}


def _values(line: dict[str, str]) -> dict[str, float]:
    values = {}
    try:
        age = float(line.get("age") or "nan")
    except ValueError:
        age = float("nan")
    if 0 <= age <= 120:
        values["age_years"] = age
    sex = {"F": 0.0, "M": 1.0}.get((line.get("sex") or "").strip()[:1].upper())
    return values | ({} if sex is None else {"sex": sex})


def _flag(text: str | None) -> int | None:
    return {"0": 0, "1": 1}.get((text or "").strip().removesuffix(".0"))


TASK = CaseTask(
    name="heart_ecg",
    labels=LABELS,
    exclusive=False,
    modalities=(Modality.WAVEFORM, Modality.CLINICAL),
    shown=(Modality.TEXT, Modality.IMAGE),
    fields=FIELDS,
    baseline=("age_years", "sex"),
    survey_accuracy=0.90,
    read_pack=read_pack,
    purpose=(
        "For looking at a resting 12-lead ECG of ten seconds with age and sex: does it speak for ischaemia or scar, hypertrophy, "
        "a conduction disorder, a rhythm abnormality, a Brugada pattern? For research and education; not for clinical use, not "
        "for children, not for monitoring strips."
    ),
    caveats=(
        "LUDB (four labels, 161 ECGs here) is enriched with disease and Brugada-HUCA (291) was collected for one: no prevalence "
        "can be read off them. Set the pre-test probability.",
        "Brugada was learned from another hospital than the other four labels, and each is judged within its own source only. "
        "Its head also took LUDB's patients for free of it, because a cardiologist's list of their diagnoses does not name it: an "
        "assumption, which no figure counts as known. Where nobody looked for it and it is rare it is still called at times, as "
        "the table of calls where the answer is not known shows: look at V1 and V2 yourself. Made-up left bundle branch blocks are "
        "called too. Its AUROC depends on the training of the encoder: another one, taught in the same way, gave a lower one, and a "
        "like gain over a head without this assumption.",
        "A recording that is drowned in noise or measures unlike the training ECGs is set aside; `gates --task heart_ecg` prints how "
        "often, rightly and wrongly, alone and with the rules that check files for wrong leads and gain. Exchanged limbs, an "
        "ECG that is upside down and slow drifts are left to those rules, which miss some of each. Its limits were chosen with these figures in sight, and the test figures above were taken behind it.",
        "The waveform branch: a 1-D network learned to measure (intervals, voltages, axis, ST, T, rhythm) on made-up strips and "
        "on edited beats of ECGs without labels from other hospitals, never on a LUDB or Brugada patient; its pooled measures "
        "are weighed by a linear head. What each label may weigh follows the textbook. The lists of measures, "
        "head strengths and the encoder's length were chosen by cross-validation over the same patients, test patients "
        "included, with the test figures of many trainings seen: all figures lean to the optimistic side.",
        "Age and sex were learned from LUDB for four labels; for Brugada they are not known and add 0.",
        "Hypertrophy includes the left atrium's, and any rhythm but normal sinus counts as abnormal, sinus bradycardia included.",
        "Echo images or clips could not be trained on for want of data: they can be attached and viewed and add 0. So do the "
        "note, the echo's measurements, blood pressure, potassium and troponin, which are shown beside reference ranges. A "
        "cardiologist's list of diagnoses made the labels and is never an input.",
        "With independent labels the top label of a row is the likeliest of the labels; it counts for calibration where its "
        "truth is known.",
        "Samples are used at 100 a second after a high-pass of 0.5 Hz: very fine notches and slow drifts are lost.",
    ),
    # judgement: this project's. Ischaemia and rhythm change within hours, so an ECG of yesterday is not the one of today; of
    # the values age and sex alone add evidence, and they do not go out of date
    tolerance_hours={"waveform": 24},
    measures=MEASURES,
    pull=PULL,
    companion=CORONARY,  # blood pressure, cholesterol and the rest of the Cleveland values: no patient here has both
)
