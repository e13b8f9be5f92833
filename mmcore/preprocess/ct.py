"""A CT slice made ready for the nodule encoder: a square around the mark, in Hounsfield units, at one spacing."""

import numpy as np

from mmcore.domain.notice import Notice
from mmcore.preprocess.image import Crop

SIDE = 40  # pixels of the square
SPACING_MM = 0.8  # of its pixels: 32 mm in all, and a nodule is 30 mm at most by definition
LOWEST, HIGHEST = -1024, 3071  # Hounsfield units that 12 stored bits can hold
LUNG = (-980, -550)  # Hounsfield units of aerated lung; air outside the body lies below
LEAST_LUNG = 0.10  # share of the square; almost every nodule of the training pack has more around it
LEAST_DENSE = -780  # Hounsfield units of the densest pixel within 3 mm of the mark; almost every nodule of the training pack has more
WHOLE_CHEST_MM = 200  # a narrower picture is a part of the chest, and its halves are no sides
NEAR_MIDDLE_MM = (
    15  # a mark so near to the middle of the body lies on neither side; judgement: this project's, as above
)
BODY = -300  # Hounsfield units above which a pixel belongs to the body and not to the lungs or the air
WINDOWS = {"lung": (-600, 1500), "soft_tissue": (40, 400)}  # centre and width, as radiologists set them


def square_around(
    hounsfield: np.ndarray, spacing_mm: tuple[float, float], mark: tuple[float, float], side: int = SIDE
) -> np.ndarray:
    """(side, side) float32 Hounsfield units around `mark` (row, column) of a slice (H, W), by bilinear interpolation.

    spacing_mm: distance of rows and of columns. Beyond the border the outermost pixel is repeated. The size of the nodule
    stays: the square always covers side * SPACING_MM millimetres.
    """
    along = (np.arange(side) - (side - 1) / 2) * SPACING_MM
    rows = np.clip(mark[0] + along / spacing_mm[0], 0, hounsfield.shape[0] - 1)
    columns = np.clip(mark[1] + along / spacing_mm[1], 0, hounsfield.shape[1] - 1)
    down, right = _weights(rows, hounsfield.shape[0]), _weights(columns, hounsfield.shape[1])
    square: np.ndarray = down @ np.clip(hounsfield, LOWEST, HIGHEST).astype(np.float32) @ right.T
    return square


def _weights(places: np.ndarray, length: int) -> np.ndarray:
    """(side, length): what each pixel adds at each place between pixels."""
    weights: np.ndarray = np.maximum(0.0, 1 - np.abs(places[:, None] - np.arange(length)[None])).astype(
        np.float32
    )
    return weights


def scaled(hounsfield: np.ndarray) -> np.ndarray:
    """Hounsfield units as float32 in [0, 1] over the range of 12 stored bits: what encoders are given.

    (..., H, W) -> the same.
    """
    share: np.ndarray = ((np.clip(hounsfield, LOWEST, HIGHEST) - LOWEST) / (HIGHEST - LOWEST)).astype(
        np.float32
    )
    return share


def region_of(shape: tuple[int, int], spacing_mm: tuple[float, float], mark: tuple[float, float]) -> Crop:
    """The part of a slice (H, W) that the plain square covers, as fractions; below 0 or above 1 beyond the border."""
    half = SIDE * SPACING_MM / 2
    rows, columns = half / spacing_mm[0], half / spacing_mm[1]
    return Crop(
        (mark[0] + 0.5 - rows) / shape[0],
        (mark[1] + 0.5 - columns) / shape[1],
        (mark[0] + 0.5 + rows) / shape[0],
        (mark[1] + 0.5 + columns) / shape[1],
    )


def doubts_of(square: np.ndarray) -> tuple[Notice, ...]:
    """Why a square (SIDE, SIDE) of Hounsfield units should not be read as a nodule in a lung, worst first; () if no rule objects."""
    if square.min() > LUNG[1]:
        return (Notice("ct_no_air", {"value": f"{square.min():.0f}"}, "image"),)
    lung = float(((square > LUNG[0]) & (square < LUNG[1])).mean())
    if lung < LEAST_LUNG:
        values = {
            "value": f"{100 * lung:.0f}",
            "limit": f"{100 * LEAST_LUNG:.0f}",
            "size": f"{SIDE * SPACING_MM:.0f}",
        }
        return (Notice("ct_no_lung", values, "image"),)
    middle = slice(SIDE // 2 - 4, SIDE // 2 + 4)
    densest = float(square[middle, middle].max())
    if densest < LEAST_DENSE:
        return (Notice("ct_no_nodule", {"value": f"{densest:.0f}", "limit": f"{LEAST_DENSE}"}, "image"),)
    return ()


def side_of(hounsfield: np.ndarray, spacing_mm: tuple[float, float], mark: tuple[float, float]) -> str | None:
    """Whether `mark` (row, column) lies in the right or the left half of the patient on a slice (H, W) in the usual frame.

    None near the middle, and where the picture does not show the chest from side to side.
    """
    columns = np.nonzero(hounsfield > BODY)[1]
    if hounsfield.shape[1] * spacing_mm[1] < WHOLE_CHEST_MM or not len(columns):
        return None
    beyond = (mark[1] - float(np.median(columns))) * spacing_mm[1]
    if abs(beyond) < NEAR_MIDDLE_MM:
        return None
    return "left" if beyond > 0 else "right"  # columns run to the patient's left
