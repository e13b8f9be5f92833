"""Pictures that teach the gate of frontal chest X-rays: films as they are, films spoilt in every way, and what is no film."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter, uniform_filter1d

from mmcore.domain.errors import PackError
from mmcore.preprocess.image import Crop, resample
from mmcore.synthetic.film.augment import deface, degrade, look, relight, window
from mmcore.synthetic.film.limbs import BODY_PARTS, draw_foreign

FILM = 192  # pixels of the side of a film kept for training


def small_film(pixels: np.ndarray) -> np.ndarray:
    """(FILM, FILM) uint8 of a decoded picture (H, W) in [0, 1]."""
    return np.round(resample(pixels, Crop(), (FILM, FILM)) * 255).astype(np.uint8)


def varied(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The film (H, W) in [0, 1] as another hospital may have made and hung it: still a good frontal film."""
    picture = torch.from_numpy(film)[None, None]
    if rng.random() < 0.7:
        picture = relight(picture, rng)
    picture = look(picture, window(rng, 1, (0.86, 1.12), 0.04, 9.0, 0.12), FILM)
    out = picture[0, 0].numpy()
    if rng.random() < 0.5:
        out = degrade(out, rng)
    return deface(out, rng) if rng.random() < 0.3 else out


def cropped(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A part of the film that lacks a good half of the lungs. film (H, W) -> (FILM, FILM)."""
    height, width = film.shape
    rows, columns = rng.uniform(0.3, 0.6, 2)
    if rng.random() < 0.5:  # one side, the top or the bottom alone
        rows, columns = (rng.uniform(0.85, 1), rng.uniform(0.3, 0.52))[:: rng.choice([1, -1])]
    top, left = rng.uniform(0, 1 - rows), rng.uniform(0, 1 - columns)
    part = film[
        int(top * height) : int((top + rows) * height), int(left * width) : int((left + columns) * width)
    ]
    return resample(part, Crop(), (FILM, FILM))


def blurred(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Out of focus, or moved along a line, beyond what lets a vessel be seen. film (H, W) -> the same."""
    if rng.random() < 0.5:
        soft: np.ndarray = gaussian_filter(film, rng.uniform(3.5, 8.0)).astype(np.float32)
        return soft
    length = int(rng.integers(16, 40))
    moved: np.ndarray = uniform_filter1d(gaussian_filter(film, 0.8), length, axis=int(rng.integers(2)))
    return moved.astype(np.float32)


SPOILT: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "inverted": lambda film, rng: 1 - film,
    "rotated_left": lambda film, rng: np.rot90(film),
    "rotated_right": lambda film, rng: np.rot90(film, -1),
    "upside_down": lambda film, rng: np.rot90(film, 2),
    "cropped": cropped,
    "blurred": blurred,
}


def another(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another view of a foreign picture (H, W) in [0, 1]: a part of it, mirrored, of other contrast."""
    rows, columns = rng.uniform(0.55, 1.0, 2)
    top, left = rng.uniform(0, 1 - rows), rng.uniform(0, 1 - columns)
    part = resample(picture, Crop(top, left, top + rows, left + columns), (FILM, FILM))
    part = part[:, ::-1] if rng.random() < 0.5 else part
    out = relight(torch.from_numpy(np.ascontiguousarray(part))[None, None], rng)[0, 0].numpy()
    return degrade(out, rng) if rng.random() < 0.4 else out


def noise(rng: np.random.Generator) -> np.ndarray:
    """Grains of any size, stripes, gradients and chequers, and mixtures of them. (FILM, FILM), 0 to 1."""
    grain = gaussian_filter(rng.standard_normal((FILM, FILM)), rng.choice([0.0, 0.7, 2, 6, 18]))
    y, x = np.mgrid[0:FILM, 0:FILM] / FILM
    wave = np.sin(2 * np.pi * (rng.uniform(-20, 20) * x + rng.uniform(-20, 20) * y))
    slope = rng.normal(size=2) @ np.stack([x, y]).reshape(2, -1)
    chequer = np.sign(np.sin(np.pi * rng.integers(2, 24) * x) * np.sin(np.pi * rng.integers(2, 24) * y))
    parts = [grain / (grain.std() + 1e-6), wave, slope.reshape(FILM, FILM), chequer]
    out = sum(p * w for p, w in zip(parts, rng.dirichlet([0.5, 0.25, 0.25, 0.2]), strict=True))
    snow: np.ndarray = ((out - out.min()) / (np.ptp(out) + 1e-6)).astype(np.float32)
    return snow


def page(rng: np.random.Generator) -> np.ndarray:
    """A page of text, a plot of curves or an ECG strip, dark on light or light on dark.

    (FILM, FILM), 0 to 1.
    """
    from PIL import ImageDraw, ImageFont

    paper = Image.new("L", (384, 384), 255)
    pen = ImageDraw.Draw(paper)
    if rng.random() < 0.5:
        font = ImageFont.load_default(float(rng.uniform(8, 26)))
        step = rng.uniform(12, 34)
        for row in range(int(384 // step)):
            if rng.random() < 0.85:
                words = "".join(
                    chr(int(c)) for c in rng.choice([*range(97, 123), 32, 32, 32], rng.integers(4, 60))
                )
                pen.text((rng.uniform(4, 40), row * step), words, fill=int(rng.integers(0, 120)), font=font)
    else:
        for at in range(0, 384, int(rng.integers(8, 48))):
            pen.line([(at, 0), (at, 384)], fill=int(rng.integers(170, 250)))
            pen.line([(0, at), (384, at)], fill=int(rng.integers(170, 250)))
        for curve in range(int(rng.integers(1, 13))):
            beat = 40 * np.exp(-(((np.arange(384) % rng.integers(40, 140)) - 20) ** 2) / rng.uniform(4, 90))
            level = 384 * (curve + 0.5) / 13 - beat * rng.uniform(0.2, 1.5) + rng.normal(0, 1, 384)
            pen.line(
                list(zip(range(384), level.tolist(), strict=True)), fill=0, width=int(rng.integers(1, 4))
            )
    out = np.asarray(paper, dtype=np.float32) / 255
    return resample(1 - out if rng.random() < 0.4 else out, Crop(), (FILM, FILM))


def made_up(count: int, seed: int) -> Iterator[tuple[str, str, np.ndarray]]:
    """(kind, maker, picture) of foreign pictures that this code draws: body parts, lateral chests, noise, pages.

    Pictures (H, W), 0 to 1.
    """
    for i in range(count):
        for part in BODY_PARTS:
            yield "other_body_part", part, draw_foreign(part, seed + i, FILM)
        yield "lateral", "phantom", draw_foreign("lateral", seed + i, FILM)
        rng = np.random.default_rng([seed, i])
        yield "noise", "drawn", noise(rng)
        yield "drawing", "drawn", page(rng)


def patches(hounsfield: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A CT patch (H, W) in Hounsfield units through a common window, (FILM, FILM) in [0, 1]."""
    low, high = ((-1350, 150), (-1000, 400), (-160, 240))[int(rng.integers(3))]
    return resample(np.clip((hounsfield - low) / (high - low), 0, 1).astype(np.float32), Crop(), (FILM, FILM))


def _grey(path: Path) -> np.ndarray:
    data = path.read_bytes()
    try:
        return np.asarray(Image.open(io.BytesIO(data)).convert("L"), dtype=np.float32) / 255
    except (OSError, SyntaxError):  # as PIL says of a torn file
        raise PackError("pack_picture_damaged", name=path.name, directory=path.parent.name) from None


def folder(root: Path) -> Iterator[tuple[str, str, np.ndarray]]:
    """(kind, package, picture) of a folder KIND/PACKAGE/*.png or KIND/*.png of foreign pictures.

    Pictures (H, W), 0 to 1. Raises PackError for a damaged one.
    """
    for path in sorted(Path(root).rglob("*")):
        if path.suffix.lower() in (".png", ".jpg", ".jpeg"):
            parts = path.relative_to(root).parts
            yield parts[0], parts[1] if len(parts) > 2 else "folder", _grey(path)
