"""PNG and JPEG files as grey pictures; runs in the child process."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

from mmcore.intake.code_streams import check_pixels
from mmcore.intake.facts import Facts

VISIBLE_COLOUR = 30  # of 255 between the strongest and the weakest channel; a bluish film stays below


def read_picture(data: bytes) -> tuple[Facts, bytes]:
    """Facts and (H, W) float32 pixels in [0, 1] of a PNG or JPEG.

    Turned as EXIF says, transparency laid on black, colour as luminance. PIL's errors on damaged files are
    left to end the process.
    """
    Image.MAX_IMAGE_PIXELS = None  # check_pixels is stricter, and says so in words
    with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as opened:
        check_pixels(*opened.size)
        picture = ImageOps.exif_transpose(opened)
    if picture.mode.startswith("I"):
        grey, colourful = _deep(np.asarray(picture)), 0.0
    else:
        picture = _on_black(picture)
        sample = picture.convert("RGB").resize(
            [min(side, 512) for side in picture.size], Image.Resampling.NEAREST
        )
        grey, colourful = (
            np.asarray(picture.convert("L"), dtype=np.float32) / 255,
            colourful_share(np.asarray(sample)),
        )
    return {"shape": grey.shape, "colourful": colourful}, grey.astype("<f4").tobytes()


def colourful_share(rgb: np.ndarray) -> float:
    """Share of the pixels of (..., 3) uint8 whose colour is plain to see, 0 to 1."""
    return float(np.mean(np.ptp(rgb.astype(np.int16), axis=-1) > VISIBLE_COLOUR))


def _deep(stored: np.ndarray) -> np.ndarray:
    """16-bit grey over the bits in use: many 16-bit files hold 12 bits."""
    bits = max(8, int(stored.max()).bit_length())
    grey: np.ndarray = np.clip(stored, 0, None).astype(np.float32) / (2**bits - 1)
    return grey


def _on_black(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture
    clear = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, (0, 0, 0, 255)), clear)
