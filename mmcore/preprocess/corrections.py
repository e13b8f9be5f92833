"""Turns back a picture that came inverted, rotated or mirrored; pixels only, nothing is resampled."""

from collections.abc import Callable

import numpy as np

UNDO: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # what the picture looks like -> what makes it right
    "inverted": lambda pixels: 1 - pixels,
    "rotated_left": lambda pixels: np.ascontiguousarray(np.rot90(pixels, -1)),
    "rotated_right": lambda pixels: np.ascontiguousarray(np.rot90(pixels)),
    "upside_down": lambda pixels: np.ascontiguousarray(np.rot90(pixels, 2)),
    "mirrored": lambda pixels: np.ascontiguousarray(pixels[:, ::-1]),
    "flipped": lambda pixels: np.ascontiguousarray(pixels[::-1]),
    "transposed": lambda pixels: np.ascontiguousarray(pixels.T),
    "antitransposed": lambda pixels: np.ascontiguousarray(np.rot90(pixels, 2).T),
}
QUARTER_TURNS = frozenset(
    {"rotated_left", "rotated_right", "transposed", "antitransposed"}
)  # rows become columns, and so does their spacing
