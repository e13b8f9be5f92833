"""Monitor: the risk of death in hospital during the first two days in intensive care, at any hour from what is known then."""

from mmcore.domain.stream import StayColumns
from mmcore.domain.task import Field, Modality, Slip, StreamTask
from mmcore.tasks.icu_series import RULES, SHOWN, news2_signs

LABELS = ("death_in_hospital",)
FAHRENHEIT = Slip(77, 111.2, 5 / 9, -160 / 9, "fahrenheit")

# plausible: what is taken for a measurement at all; judgement: this project's, beyond the extremes of survivors' records.
# reference: usual adult ranges, for display only
FIELDS = (
    Field("age_years", "a", plausible=(15, 120), aliases=("Age",)),
    Field("sex", kind="choice", plausible=(0, 1), choices=("F", "M"), aliases=("Gender",)),
    Field("Height", "cm", plausible=(100, 230), slips=(Slip(1.0, 2.3, 100, 0, "metres"),)),
    Field("ICUType", plausible=(1, 4), aliases=("icu_type",)),
    Field("Weight", "kg", plausible=(20, 350)),
    Field(
        "heart_rate_per_min",
        "/min",
        plausible=(10, 300),
        reference=(60, 100),
        aliases=("HR", "heart_rate", "pulse"),
    ),
    Field(
        "respiratory_rate_per_min",
        "/min",
        plausible=(2, 80),
        reference=(12, 20),
        aliases=("RespRate", "respiratory_rate", "rr"),
    ),
    Field(
        "temperature_celsius",
        "°C",
        plausible=(25, 44),
        reference=(36.1, 38.0),
        slips=(FAHRENHEIT,),
        aliases=("Temp", "temperature"),
    ),
    Field(
        "systolic_pressure_mmhg",
        "mmHg",
        aliases=("SysABP", "sbp", "systolic"),
        plausible=(20, 300),
        reference=(90, 140),
    ),
    Field(
        "diastolic_pressure_mmhg",
        "mmHg",
        plausible=(5, 200),
        reference=(60, 90),
        aliases=("DiasABP", "dbp", "diastolic"),
    ),
    Field("MAP", "mmHg", plausible=(10, 250), reference=(65, 105)),
    Field("NISysABP", "mmHg", plausible=(20, 300), reference=(90, 140)),
    Field("NIDiasABP", "mmHg", plausible=(5, 200), reference=(60, 90)),
    Field("NIMAP", "mmHg", plausible=(10, 250), reference=(65, 105)),
    Field(
        "oxygen_saturation_percent",
        "%",
        plausible=(40, 100),
        reference=(96, 100),
        slips=(Slip(0.4, 1.0, 100, 0, "fraction"),),
        aliases=("SaO2", "spo2", "oxygen_saturation"),
    ),
    Field("gcs", plausible=(3, 15), reference=(15, 15), aliases=("GCS", "glasgow_coma_scale")),
    Field("FiO2", plausible=(0.21, 1.0), slips=(Slip(21, 100, 0.01, 0, "percent"),)),
    Field("MechVent", plausible=(0, 1), aliases=("ventilated",)),
    Field("Urine", "mL", plausible=(0, 5000), aliases=("urine_output",)),
    Field("ALP", "U/L", plausible=(5, 5000), reference=(40, 130)),
    Field("ALT", "U/L", plausible=(1, 20000), reference=(7, 55)),
    Field("AST", "U/L", plausible=(1, 20000), reference=(8, 48)),
    Field("Albumin", "g/dL", plausible=(0.5, 7), reference=(3.5, 5.0), slips=(Slip(10, 60, 0.1, 0, "g/L"),)),
    Field("BUN", "mg/dL", plausible=(1, 300), reference=(7, 20)),
    Field("Bilirubin", "mg/dL", plausible=(0.1, 80), reference=(0.1, 1.2)),
    Field("Cholesterol", "mg/dL", plausible=(20, 700), reference=(0, 200)),
    Field(
        "Creatinine",
        "mg/dL",
        plausible=(0.1, 30),
        reference=(0.6, 1.3),
        slips=(Slip(35, 2000, 1 / 88.42, 0, "umol/L"),),
    ),
    Field(
        "Glucose",
        "mg/dL",
        plausible=(10, 1500),
        reference=(70, 140),
        slips=(Slip(1, 9.99, 18.016, 0, "mmol/L"),),
    ),
    Field("HCO3", "mmol/L", plausible=(2, 60), reference=(22, 28)),
    Field("HCT", "%", plausible=(5, 75), reference=(36, 50), slips=(Slip(0.05, 0.75, 100, 0, "fraction"),)),
    Field("K", "mmol/L", plausible=(1, 15), reference=(3.5, 5.1), aliases=("potassium",)),
    Field("Lactate", "mmol/L", plausible=(0.1, 40), reference=(0.5, 2.0)),
    Field("Mg", "mg/dL", plausible=(0.3, 15), reference=(1.7, 2.6)),
    Field("Na", "mmol/L", plausible=(95, 190), reference=(135, 145), aliases=("sodium",)),
    Field("PaCO2", "mmHg", plausible=(7, 200), reference=(35, 45)),
    Field("PaO2", "mmHg", plausible=(15, 700), reference=(75, 100)),
    Field("platelets_10e9_per_l", "10⁹/L", plausible=(1, 3000), reference=(150, 400), aliases=("Platelets",)),
    Field("TroponinI", "ng/mL", plausible=(0.01, 200), reference=(0, 0.04)),
    Field("TroponinT", "ng/mL", plausible=(0.005, 50), reference=(0, 0.01)),
    Field(
        "leukocytes_10e9_per_l",
        "10⁹/L",
        plausible=(0.1, 500),
        reference=(4.0, 11.0),
        aliases=("WBC", "leukocytes"),
    ),
    Field("pH", plausible=(6.5, 8.0), reference=(7.35, 7.45), slips=(Slip(650, 800, 0.01, 0, "no_point"),)),
)

TASK = StreamTask(
    name="icu_mortality",
    labels=LABELS,
    exclusive=False,
    modalities=(Modality.CLINICAL,),
    fields=FIELDS,
    purpose=(
        "For watching an adult in intensive care during the first two days: how likely is death in this hospital stay, from "
        "the vital signs and laboratory values known until then? For research and education; not for clinical use, not for "
        "children, not after the second day, not a ground to withhold or withdraw treatment."
    ),
    caveats=(
        "That a value was measured is news in itself: sicker patients are measured more, and how often and how long ago each "
        "was measured is part of the model. Where a ward measures by another habit the figures need not hold. When nothing "
        "has been measured for six hours the screen says so.",
        "The stays come from one hospital's intensive care units, 2001 to 2008. No other hospital has been tried: what "
        "remains elsewhere is not known.",
        "Death in hospital is predicted, whenever it came; treatment limits and comfort care are not in the data, so the "
        "model partly predicts decisions of doctors and families.",
        "The risk is of patients as they were treated. A low risk does not say that the treatment is not needed.",
        "NEWS2 was made for wards, not for intensive care; oxygen saturation is often missing here, and an unknown sign "
        "gives no points. It stands beside the model as what a ward would otherwise go by.",
        "Impossible and repeated values were left out, in training as at the bedside.",
        "The figures on patients held back rest on few deaths and cross-validation over all stays came out lower: read the "
        "two together, with their intervals.",
    ),
    stream=RULES,
    columns=StayColumns(
        outcome="In-hospital_death",
        score="SAPS-I",
        unit="ICUType",
        units={1: "coronary", 2: "cardiac_surgery", 3: "medical", 4: "surgical"},
    ),
    signs=news2_signs,
    shown=SHOWN,
    events="deaths",
)
