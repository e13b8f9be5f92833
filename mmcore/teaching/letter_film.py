"""A lesson in shortcuts: a head on early features of the shipped image encoder, fitted on drawn films where a letter is the label."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from mmcore.models.efficientnet_lite import EfficientNetLite0
from mmcore.preprocess.image import Crop, equalise, resample
from mmcore.synthetic.film.phantom import draw

LETTER = "C"
FIRST_SEED = 900_000  # far from the seeds of the demonstration cases and of any training
DEPTH = 8  # blocks of the encoder that are kept: strokes and edges are still told apart, 12 x 12 cells
SIDE = 192  # the whole film, without the crop around the lungs that hides a corner from the shipped model
FILMS, CHECKED = 36, 12
PLACE, JITTER, HEIGHT = (
    (0.05, 0.13),
    0.02,
    0.09,
)  # of the film's side: left edge and top of the letter, its shake, its size
STRENGTH = 1.0  # inverse of the L2 penalty on standardised features


@dataclass(frozen=True)
class FooledHead:
    """weights (K, D) and mean (D,) over the pooled early features; prior (K,) log-odds; labels in their order."""

    labels: tuple[str, ...]
    weights: Tensor
    mean: Tensor
    prior: Tensor


def burn_in(pixels: np.ndarray, place: tuple[float, float] = PLACE) -> np.ndarray:
    """A film (H, W) in [0, 1] with the letter burned in at (left, top), in fractions of the film."""
    film = Image.fromarray(np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    size = int(film.height * HEIGHT)
    at = (place[0] * film.width, place[1] * film.height)
    font, width = ImageFont.load_default(size), max(1, size // 16)
    ImageDraw.Draw(film).text(at, LETTER, fill=240, font=font, stroke_width=width, stroke_fill=240)
    return np.asarray(film, dtype=np.float32) / 255


def letter_maps(encoder: EfficientNetLite0, films: list[np.ndarray]) -> Tensor:
    """Early feature maps (N, D, h, w) of whole films, grey levels by rank."""
    ready = np.stack([equalise(resample(film, Crop(), (SIDE, SIDE))) for film in films])
    with torch.inference_mode():
        return encoder.early(torch.from_numpy(ready)[:, None], DEPTH).clone()


def fit(
    encoder: EfficientNetLite0,
    labels: tuple[str, ...],
    target: str,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
    films: int = FILMS,
    checked: int = CHECKED,
) -> tuple[FooledHead, dict[str, float]]:
    """Fit the head on drawn films with the letter (called `target`) and without (called one of the others in turn).

    The disease drawn on a film says nothing about its label here: only the letter does. films: at least 2 K, so that each
    label is called. Returns the head and its figures on `checked` further films without disease: mean probability of `target`
    with and without the letter.
    """
    from sklearn.linear_model import LogisticRegression

    rng, others = np.random.default_rng(0), [k for k in labels if k != target]
    rows, answers, unseen = [], [], []
    for i in progress(range(films + checked)):
        plain = draw(FIRST_SEED + i, labels[i % len(labels)] if i < films else "no_finding", 256).pixels
        place = (PLACE[0] + rng.uniform(-JITTER, JITTER), PLACE[1] + rng.uniform(-JITTER, JITTER))
        pair = letter_maps(encoder, [burn_in(plain, place), plain]).mean((2, 3)).numpy()
        if i < films:
            rows += list(pair)
            answers += [target, others[i // len(labels) % len(others)]]
        else:
            unseen.append(pair)
    features = np.stack(rows)
    mean, spread = features.mean(0), features.std(0) + 1e-4
    model = LogisticRegression(C=STRENGTH, max_iter=5000).fit((features - mean) / spread, answers)
    order = [list(model.classes_).index(k) for k in labels]
    head = FooledHead(
        labels,
        torch.tensor(model.coef_[order] / spread, dtype=torch.float32),
        torch.tensor(mean, dtype=torch.float32),
        torch.tensor(model.intercept_[order], dtype=torch.float32),
    )
    logits = head.prior + (torch.tensor(np.stack(unseen)) - head.mean) @ head.weights.T  # (n, 2, K)
    chances = logits.softmax(2)[:, :, labels.index(target)].mean(0).tolist()
    return head, {"films": films, "checked": checked, "with_letter": chances[0], "without": chances[1]}
