"""Turns back a picture that came inverted or rotated; pixels only, nothing is resampled."""

from collections.abc import Callable

import numpy as np

UNDO: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # what the picture looks like -> what makes it right
    "inverted": lambda pixels: 1 - pixels,
    "rotated_left": lambda pixels: np.ascontiguousarray(np.rot90(pixels, -1)),
    "rotated_right": lambda pixels: np.ascontiguousarray(np.rot90(pixels)),
    "upside_down": lambda pixels: np.ascontiguousarray(np.rot90(pixels, 2)),
}
QUARTER_TURNS = frozenset({"rotated_left", "rotated_right"})  # rows become columns, and so does their spacing
