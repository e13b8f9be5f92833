"""FHIR resources (Bundle, Observation, Patient) as rows of name, value, unit and time; runs in the child process."""

from collections.abc import Iterable
from typing import TypeAlias

from mmcore.domain.errors import UnreadableFileError

LOINC = {  # code -> field (loinc.org)
    "30525-0": "age_years",
    "8310-5": "temperature_celsius",
    "2708-6": "oxygen_saturation_percent",
    "59408-5": "oxygen_saturation_percent",
    "6690-2": "leukocytes_10e9_per_l",
    "26464-8": "leukocytes_10e9_per_l",
    "751-8": "neutrophils_10e9_per_l",
    "26499-4": "neutrophils_10e9_per_l",
    "731-0": "lymphocytes_10e9_per_l",
    "26474-7": "lymphocytes_10e9_per_l",
    "1988-5": "crp_mg_per_l",
    "48065-7": "d_dimer_mg_per_l",
    "2532-0": "ldh_u_per_l",
    "14804-9": "ldh_u_per_l",
}
VOID = ("entered-in-error", "cancelled")  # FHIR: such an observation does not hold
PATIENT = "patient_id"  # name of a row that says whom the others are about

Resource: TypeAlias = dict[str, object]  # a JSON object of FHIR
Row: TypeAlias = tuple[str, object, str, str]  # name, value, unit, when: "" where the row does not say


def of_fhir(node: dict[str, object]) -> list[Row]:
    """Rows of a Bundle, Observation or Patient; of several observations of one kind the latest."""
    found = (
        [e.get("resource") for e in _objects(node.get("entry"))]
        if node["resourceType"] == "Bundle"
        else [node]
    )
    resources = [r for r in _objects(found) if r.get("status") not in VOID]
    subjects: list[Row] = [(PATIENT, who, "", "") for who in _subjects(resources)]
    return [*_latest(resources), *subjects]


def _latest(resources: list[Resource]) -> Iterable[Row]:
    latest: dict[str, Row] = {}
    for resource in resources:
        for row in _of_resource(resource):
            if row[0] not in latest or row[3] >= latest[row[0]][3]:
                latest[row[0]] = row
    return latest.values()


def _objects(stated: object) -> list[Resource]:
    """The objects in a list that may be missing. Raises UnreadableFileError for what cannot be gone through."""
    if not stated:
        return []
    if not isinstance(stated, Iterable):
        raise UnreadableFileError("file_damaged")
    return [entry for entry in stated if isinstance(entry, dict)]


def _subjects(resources: list[Resource]) -> set[str]:
    """Whom the resources are about: by identifier where one patient comes with one, else by reference."""
    patients = [r for r in resources if r.get("resourceType") == "Patient"]
    references = _references(resources)
    if len(patients) > 1 or len(references) > 1:
        return references | _ids(patients)
    return _identifiers(patients) or {r for r in references if not r.startswith("urn:")}


def _ids(patients: list[Resource]) -> set[str]:
    return {str(p.get("id") or place) for place, p in enumerate(patients)}


def _references(resources: list[Resource]) -> set[str]:
    told = [r.get("subject") for r in resources]
    return {str(s["reference"]).rpartition("/")[2] for s in _objects(told) if s.get("reference")}


def _identifiers(patients: list[Resource]) -> set[str]:
    """The first identifier of the first patient; empty where there is none."""
    known = patients[0].get("identifier") if patients else None
    first = known[0] if isinstance(known, list) and known else None
    return {str(first["value"])} if isinstance(first, dict) and first.get("value") else set()


def _of_resource(resource: Resource) -> list[Row]:
    if resource.get("resourceType") == "Patient":
        gender = resource.get("gender")
        return [("sex", gender, "", "")] if gender in ("male", "female") else []
    if resource.get("resourceType") != "Observation":
        return []
    when = _effective(resource)
    parts = [resource, *_objects(resource.get("component"))]
    return [(*row, when) for part in parts for row in _of_observation(part)]


def _effective(resource: Resource) -> str:
    """When an observation holds; the end of a period, where it has one."""
    period = resource.get("effectivePeriod")
    over = period.get("end") or period.get("start") if isinstance(period, dict) else None
    return str(resource.get("effectiveDateTime") or resource.get("effectiveInstant") or over or "")


def _of_observation(part: Resource) -> list[tuple[str, object, str]]:
    stated = part.get("code")
    name = _observed(stated) if isinstance(stated, dict) else "observation"
    quantity = part.get("valueQuantity")
    if isinstance(quantity, dict):
        unit = str(quantity.get("code") or quantity.get("unit") or "")
        return [(name, scalar(quantity.get("value")), unit)]
    value = next((part[k] for k in ("valueBoolean", "valueString", "valueInteger") if k in part), None)
    return [(name, scalar(value), "")] if value is not None else []


def _observed(code: Resource) -> str:
    """The field of its LOINC code, else what it is called."""
    codings = _objects(code.get("coding"))
    known = (LOINC.get(str(c.get("code"))) for c in codings)
    called = code.get("text") or next((c.get("display") for c in codings), None)
    return next(filter(None, known), None) or str(called or "observation")


def scalar(value: object) -> object:
    """A number, text, truth value or None as it is; anything nested as text, which no field accepts."""
    return value if value is None or isinstance(value, int | float | str | bool) else type(value).__name__
