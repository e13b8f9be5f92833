"""Numbers, units and column headings as people write them, in the standard units of a field."""

import re
import unicodedata

UNKNOWN = frozenset(
    [
        "",
        "-",
        "--",
        "\u2013",
        "\u2014",
        "?",
        ".",
        "na",
        "n/a",
        "nan",
        "none",
        "null",
        "nil",
        "nd",
        "n.d.",
        "missing",
    ]
    + ["unknown", "not measured", "not done", "not available", "not known", "未测", "未知", "不详", "无数据"]
)

Ways = dict[str, tuple[float, float]]  # unit as written -> factor, offset
CELLS: Ways = {
    "10e9/l": (1, 0),
    "10e3/ul": (1, 0),
    "10e3/mm3": (1, 0),
    "k/ul": (1, 0),
    "g/l": (1, 0),
    "/nl": (1, 0),
} | {unit: (0.001, 0) for unit in ("/ul", "/mm3", "10e6/l")}
MASS: Ways = {"mg/l": (1, 0), "ug/ml": (1, 0), "mg/dl": (10, 0), "ug/l": (0.001, 0), "ng/ml": (0.001, 0)}
DAYS: Ways = {"d": (1, 0), "day": (1, 0), "days": (1, 0), "天": (1, 0), "wk": (7, 0), "weeks": (7, 0)}
YEARS: Ways = {unit: (1, 0) for unit in ("a", "y", "yr", "yrs", "year", "years", "岁")}
CONVERSIONS: dict[str, Ways] = {  # by the unit of the field
    "c": {"c": (1, 0), "cel": (1, 0), "celsius": (1, 0), "degc": (1, 0)}
    | {unit: (5 / 9, -160 / 9) for unit in ("f", "degf", "fahrenheit")},
    "%": {"%": (1, 0), "percent": (1, 0), "pct": (1, 0), "fraction": (100, 0), "1": (100, 0)},
    "10e9/l": CELLS,
    "mg/l": MASS,
    "mg/lfeu": MASS | {f"{unit}feu": way for unit, way in MASS.items()},
    "u/l": {"u/l": (1, 0), "iu/l": (1, 0), "ukat/l": (60, 0)},
    "a": YEARS | {unit: (1 / 12, 0) for unit in ("mo", "month", "months")},
    "d": DAYS,
}
_HEADING = re.compile(r"^(?P<name>.*?)\s*[(\[](?P<unit>[^()\[\]]*)[)\]]\s*$")
_CELL = re.compile(
    r"^(?P<bound>[<>\u2264\u2265]?)\s*(?P<number>[+\-\u2212]?[\d.,]*\d(?:[eE][+-]?\d+)?)\s*(?P<unit>.*)$",
    re.DOTALL,
)


def plain_name(name: str) -> str:
    """A heading reduced to lower case words joined by underscores: "SpO₂ " and "spo2" are one."""
    return re.sub(r"[\s\-./]+", "_", unicodedata.normalize("NFKC", name).strip().lower()).strip("_")


def plain_unit(unit: str) -> str:
    """A unit reduced to one spelling: "×10⁹/L", "10*9/L" and "10^9 / l" are 10e9/l."""
    text = unicodedata.normalize("NFKC", unit).lower().replace("\u03bc", "u").replace("mcg", "ug")
    text = re.sub(r"[\s{}\[\]()°]|\bcells?(?=\s*/)", "", text)
    text = re.sub(r"^[x×*]?10[\^*e]?(\d)(?=/)", r"10e\1", text)
    return text.replace("cumm", "mm3").replace("/cmm", "/mm3").replace("liter", "l").replace("litre", "l")


def split_heading(heading: str) -> tuple[str, str]:
    """("crp", "mg/dL") of "CRP (mg/dL)"; the unit is "" where the heading has none."""
    match = _HEADING.match(heading.strip())
    return (match["name"], match["unit"]) if match else (heading.strip(), "")


def split_cell(text: str) -> tuple[str, str, str] | None:
    """("<", "0.5", "mg/L") of "<0.5 mg/L"; None if it does not begin with a number."""
    match = _CELL.match(text.strip())
    return (match["bound"], match["number"].replace("\u2212", "-"), match["unit"].strip()) if match else None


def number_in_cell(text: str) -> float | None:
    """The number, with decimal point or comma; None where a comma may be either ("7,400")."""
    if re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", text):
        return None
    if text.count(",") > 1 or ("," in text and text.rfind(".") > text.rfind(",")):
        text = text.replace(",", "")
    elif "," in text:
        text = text.replace(".", "").replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return None


def convert(value: float, written: str, standard: str) -> float | None:
    """The value in the standard unit ("" counts as it); None if the written unit is unknown there."""
    unit, target = plain_unit(written), plain_unit(standard)
    if unit in ("", target):
        return value
    way = CONVERSIONS.get(target, {}).get(unit)
    return round(value * way[0] + way[1], 6) if way else None
