"""The courses of the made-up stays: a few clinical anchors each, thought out by this project."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Anchors = tuple[tuple[float, float], ...]  # (hour, value), straight lines between

USUAL: dict[str, Anchors] = {
    "heart_rate_per_min": ((0, 84),), "respiratory_rate_per_min": ((0, 17),), "systolic_pressure_mmhg": ((0, 122),), "oxygen_saturation_percent": ((0, 97),), "temperature_celsius": ((0, 37.0),),
    "gcs": ((0, 15),), "Urine": ((0, 85),), "Glucose": ((0, 130),), "K": ((0, 4.1),), "Na": ((0, 139),),
    "HCO3": ((0, 24),), "Creatinine": ((0, 0.9),), "BUN": ((0, 16),), "HCT": ((0, 33),), "leukocytes_10e9_per_l": ((0, 10),),
    "platelets_10e9_per_l": ((0, 210),), "Mg": ((0, 2.0),),
}  # fmt: skip


@dataclass(frozen=True)
class Course:
    """A made-up stay: admission facts, anchors of what departs from the usual, and how it is watched.

    line: an arterial line (else a cuff). ventilated: from and to hour, or None. gap: from and to hour without any measurement.
    slips: (hour, parameter, value) readings that cannot be right, as a bedside system might send them.
    """

    key: str
    facts: Mapping[str, float]
    anchors: Mapping[str, Anchors]
    line: bool = True
    ventilated: tuple[float, float] | None = None
    gap: tuple[float, float] | None = None
    slips: tuple[tuple[float, str, float], ...] = field(default=())


def _facts(age: float, sex: int, unit: int, height: float, weight: float) -> dict[str, float]:
    return {"age_years": age, "sex": sex, "ICUType": unit, "Height": height, "Weight": weight}


COURSES = (
    Course(
        "bed-1",
        _facts(71, 0, 3, 161, 68),
        {
            "heart_rate_per_min": ((0, 98), (12, 104), (24, 118), (36, 128), (48, 136)),
            "systolic_pressure_mmhg": ((0, 112), (12, 104), (24, 94), (36, 86), (48, 78)),
            "respiratory_rate_per_min": ((0, 22), (20, 26), (40, 31)),
            "temperature_celsius": ((0, 38.4), (20, 39.2), (48, 36.1)),
            "gcs": ((0, 14), (18, 13), (28, 9), (40, 6)),
            "Urine": ((0, 60), (16, 35), (30, 15), (48, 5)),
            "oxygen_saturation_percent": ((0, 95), (24, 93), (48, 89)),
            "Lactate": ((0, 2.4), (18, 3.8), (30, 6.5), (48, 10.5)),
            "Creatinine": ((0, 1.5), (24, 2.4), (48, 3.8)),
            "BUN": ((0, 32), (48, 66)),
            "HCO3": ((0, 21), (24, 17), (48, 12)),
            "pH": ((0, 7.36), (24, 7.29), (48, 7.14)),
            "PaO2": ((0, 88), (24, 74), (48, 64)),
            "PaCO2": ((0, 34), (48, 46)),
            "FiO2": ((0, 0.4), (24, 0.6), (40, 0.9), (48, 1.0)),
            "leukocytes_10e9_per_l": ((0, 17), (48, 26)),
            "platelets_10e9_per_l": ((0, 150), (48, 62)),
            "Bilirubin": ((0, 1.4), (48, 4.6)),
            "AST": ((0, 80), (48, 420)),
            "ALT": ((0, 60), (48, 260)),
            "Albumin": ((0, 2.4),),
        },
        ventilated=(26, 48),
    ),
    Course(
        "bed-2",
        _facts(64, 1, 2, 176, 84),
        {
            "heart_rate_per_min": ((0, 88), (10, 82), (48, 78)),
            "systolic_pressure_mmhg": ((0, 108), (8, 118), (48, 126)),
            "gcs": ((0, 3), (5, 3), (8, 14), (12, 15)),
            "respiratory_rate_per_min": ((0, 14), (10, 16), (48, 17)),
            "temperature_celsius": ((0, 35.4), (6, 36.8), (20, 37.4), (48, 37.0)),
            "Urine": ((0, 180), (10, 110), (48, 90)),
            "Lactate": ((0, 2.6), (8, 1.6), (20, 1.1)),
            "pH": ((0, 7.38),),
            "PaO2": ((0, 260), (8, 140), (20, 105)),
            "PaCO2": ((0, 39),),
            "FiO2": ((0, 1.0), (3, 0.6), (8, 0.4)),
            "HCT": ((0, 27), (24, 30)),
            "platelets_10e9_per_l": ((0, 140), (48, 165)),
        },
        ventilated=(0, 7),
    ),
    Course(
        "bed-3",
        _facts(58, 1, 3, 180, 92),
        {
            "heart_rate_per_min": ((0, 116), (14, 112), (30, 94), (48, 82)),
            "respiratory_rate_per_min": ((0, 31), (14, 29), (30, 22), (48, 18)),
            "systolic_pressure_mmhg": ((0, 104), (20, 112), (48, 124)),
            "temperature_celsius": ((0, 39.3), (16, 38.8), (34, 37.5), (48, 37.0)),
            "oxygen_saturation_percent": ((0, 90), (14, 93), (48, 97)),
            "gcs": ((0, 13), (16, 14), (24, 15)),
            "Urine": ((0, 35), (16, 60), (48, 100)),
            "Lactate": ((0, 4.4), (16, 2.6), (36, 1.2)),
            "Creatinine": ((0, 1.8), (48, 1.1)),
            "BUN": ((0, 36), (48, 22)),
            "pH": ((0, 7.31), (24, 7.38), (48, 7.41)),
            "PaO2": ((0, 62), (20, 78), (48, 92)),
            "PaCO2": ((0, 36),),
            "FiO2": ((0, 0.7), (20, 0.5), (40, 0.35)),
            "leukocytes_10e9_per_l": ((0, 21), (48, 12)),
            "HCO3": ((0, 18), (48, 24)),
        },
    ),
    Course(
        "bed-4",
        _facts(79, 0, 4, 158, 61),
        {
            "heart_rate_per_min": ((0, 78), (24, 88), (48, 102)),
            "systolic_pressure_mmhg": ((0, 178), (10, 150), (30, 132), (48, 104)),
            "gcs": ((0, 7), (10, 6), (22, 4), (30, 3)),
            "respiratory_rate_per_min": ((0, 16),),
            "temperature_celsius": ((0, 36.9), (24, 38.2), (48, 38.6)),
            "Urine": ((0, 90), (30, 140), (48, 40)),
            "Lactate": ((0, 1.8), (48, 2.9)),
            "Na": ((0, 141), (30, 147), (48, 153)),
            "Glucose": ((0, 188), (48, 205)),
            "pH": ((0, 7.42),),
            "PaO2": ((0, 150), (48, 110)),
            "PaCO2": ((0, 35),),
            "FiO2": ((0, 0.5), (24, 0.4)),
            "BUN": ((0, 24), (48, 34)),
            "Creatinine": ((0, 1.1), (48, 1.5)),
        },
        ventilated=(0, 48),
    ),
    Course(
        "bed-5",
        _facts(66, 1, 1, 172, 80),
        {
            "heart_rate_per_min": ((0, 108), (14, 116), (22, 104), (48, 86)),
            "systolic_pressure_mmhg": ((0, 92), (12, 84), (22, 100), (48, 114)),
            "respiratory_rate_per_min": ((0, 24), (20, 22), (48, 18)),
            "oxygen_saturation_percent": ((0, 93), (24, 96)),
            "gcs": ((0, 15),),
            "Urine": ((0, 40), (14, 25), (24, 90), (48, 110)),
            "Lactate": ((0, 3.6), (12, 4.6), (28, 1.9), (48, 1.2)),
            "TroponinT": ((0, 1.9), (12, 6.4), (48, 3.1)),
            "Creatinine": ((0, 1.4), (20, 1.9), (48, 1.3)),
            "BUN": ((0, 26), (48, 30)),
            "pH": ((0, 7.33), (30, 7.41)),
            "PaO2": ((0, 76), (30, 98)),
            "PaCO2": ((0, 34),),
            "FiO2": ((0, 0.5), (30, 0.35)),
            "Glucose": ((0, 196), (48, 140)),
        },
    ),
    Course(
        "bed-6",
        _facts(52, 1, 3, 178, 88),
        {
            "heart_rate_per_min": ((0, 96), (16, 90), (19, 128), (24, 110), (48, 84)),
            "systolic_pressure_mmhg": ((0, 114), (16, 118), (19, 82), (25, 108), (48, 124)),
            "respiratory_rate_per_min": ((0, 18), (19, 25), (30, 18)),
            "HCT": ((0, 27), (16, 26), (20, 18), (28, 26), (48, 29)),
            "Lactate": ((0, 1.8), (20, 4.2), (30, 1.6)),
            "Urine": ((0, 80), (19, 30), (30, 90)),
            "BUN": ((0, 42), (48, 30)),
            "platelets_10e9_per_l": ((0, 120), (48, 96)),
            "Bilirubin": ((0, 2.1), (48, 2.4)),
            "gcs": ((0, 15), (18, 15), (20, 14), (26, 15)),
        },
        line=False,
    ),
    Course(
        "bed-7",
        _facts(83, 0, 3, 155, 54),
        {
            "heart_rate_per_min": ((0, 92), (48, 98)),
            "systolic_pressure_mmhg": ((0, 116), (24, 108), (48, 98)),
            "respiratory_rate_per_min": ((0, 20), (48, 25)),
            "gcs": ((0, 14), (30, 12), (48, 11)),
            "Urine": ((0, 25), (48, 12)),
            "BUN": ((0, 74), (48, 96)),
            "Creatinine": ((0, 3.4), (48, 4.6)),
            "K": ((0, 5.2), (48, 5.9)),
            "HCO3": ((0, 18), (48, 15)),
            "oxygen_saturation_percent": ((0, 94), (48, 92)),
            "Albumin": ((0, 2.3),),
        },
        line=False,
        gap=(25.1, 33.9),
    ),
    Course(
        "bed-8",
        _facts(29, 0, 3, 166, 63),
        {
            "heart_rate_per_min": ((0, 122), (12, 100), (30, 82)),
            "systolic_pressure_mmhg": ((0, 102), (12, 112), (48, 118)),
            "respiratory_rate_per_min": ((0, 30), (10, 23), (24, 16)),
            "Glucose": ((0, 560), (8, 300), (18, 190), (48, 150)),
            "HCO3": ((0, 7), (12, 14), (30, 23)),
            "pH": ((0, 7.08), (8, 7.22), (20, 7.36)),
            "PaCO2": ((0, 20), (20, 36)),
            "PaO2": ((0, 108),),
            "K": ((0, 5.4), (12, 3.6), (30, 4.1)),
            "Urine": ((0, 260), (16, 130), (40, 90)),
            "Creatinine": ((0, 1.4), (30, 0.8)),
        },
        line=False,
        slips=((9.2, "temperature_celsius", 98.9), (12.2, "temperature_celsius", 98.4), (15.2, "pH", 735.0), (20.2, "Weight", 0.0), (31.1, "heart_rate_per_min", 0.0)),
    ),
)  # fmt: skip
