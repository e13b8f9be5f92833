"""Slices of any of the three planes brought to one frame: from head to feet, rows to the back, columns to the patient's left."""

import numpy as np

from mmcore.domain.errors import UnreadableFileError
from mmcore.intake.facts import Told

ALONG = 0.9  # cosine with the nearest axis of the body: 25 degrees of gantry tilt still count
TOLD_DEGREES = 5.0  # of tilt
FRAME = (
    (2, -1),
    (1, 1),
    (0, 1),
)  # axis of the body (x left, y back, z head) and direction of slices, rows and columns
PLANES = {0: "sagittal", 1: "coronal"}
FEWEST_SLICES = 64  # of another plane, so that the axial picture made of them shows a lung's width
WIDEST_STEP_MM = 2.5  # of another plane: it becomes the side of a pixel


def directions(orientation: list[float]) -> np.ndarray:
    """(3, 3) unit vectors along which slices, rows and columns follow each other; slices against x or y, or to the feet.

    orientation: DICOM ImageOrientationPatient. Raises UnreadableFileError where an axis lies obliquely.
    """
    columns, rows = np.array(orientation[:3], float), np.array(orientation[3:], float)
    normal = np.cross(columns, rows)
    main = int(np.abs(normal).argmax())
    axes = np.stack([normal if normal[main] < 0 else -normal, rows, columns])
    check_along(axes)
    return axes


def check_along(axes: np.ndarray) -> None:
    """Refuses axes (3, 3) of which one lies obliquely to the body, or two run along the same axis of it."""
    sizes = np.abs(axes)
    if sizes.max(1).min() < ALONG or sorted(sizes.argmax(1).tolist()) != [0, 1, 2]:
        raise UnreadableFileError("ct_not_axial")


def tilt_notices(axes: np.ndarray) -> list[Told]:
    """How far the slices are tilted, where that is more than TOLD_DEGREES; nothing is resampled for it.

    axes (3, 3).
    """
    degrees = float(np.degrees(np.arccos(np.clip(np.abs(axes).max(1), 0, 1))).max())
    return [("ct_tilted", {"degrees": f"{degrees:.0f}"})] if degrees > TOLD_DEGREES else []


def check_plane(axes: np.ndarray, slices: int, step_mm: float | None, even: bool) -> None:
    """Refuses slices of another plane that are too few, too far apart or uneven: axial pictures made of them would mislead.

    axes (3, 3).
    """
    axial = int(np.abs(axes[0]).argmax()) == 2
    if not axial and (slices < FEWEST_SLICES or step_mm is None or step_mm > WIDEST_STEP_MM or not even):
        raise UnreadableFileError("ct_not_axial")


def in_frame(
    volume: np.ndarray, axes: np.ndarray, steps_mm: tuple[float | None, float, float]
) -> tuple[np.ndarray, tuple[float | None, float, float], list[Told]]:
    """(volume (S, H, W), distances of slices, rows and columns in mm, what was done) in the frame."""
    of_body = np.abs(axes).argmax(1)
    order = [int(np.flatnonzero(of_body == axis)[0]) for axis, _ in FRAME]
    turned = volume.transpose(order)
    back = [axes[place, axis] * way < 0 for place, (axis, way) in zip(order, FRAME, strict=True)]
    turned = turned[tuple(slice(None, None, -1 if b else 1) for b in back)]
    code = _turn(of_body, order, back)
    notices: list[Told] = [(code, {})] if code else []
    return turned, (steps_mm[order[0]], steps_mm[order[1]] or 0.0, steps_mm[order[2]] or 0.0), notices


def _turn(of_body: np.ndarray, order: list[int], back: list[bool]) -> str:
    """The notice on what was done to bring slices into the frame; "" where they lay in it, but for their order."""
    if order[0] != 0:
        return f"ct_from_{PLANES[int(of_body[0])]}"
    return "ct_turned" if back[1] or back[2] else ""
