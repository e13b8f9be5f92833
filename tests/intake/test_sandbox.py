"""What a damaged or hostile file does to its reader stays in the child: it is refused, nothing is left behind."""

import subprocess
import sys
import tempfile
import zlib

import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGExtended12Bit, JPEGLosslessSV1

from mmcore.domain.errors import MmcoreError, TooLargeError, UnreadableFileError
from mmcore.intake.sandbox import read_in_child
from tests.intake_files import chest, dataset, dicom, picture, png_claiming, read_scan, saved

RAMP = np.tile(np.arange(100, 228, dtype=np.uint16), (128, 1))


def code_of(data: bytes, name: str = "x") -> str:
    with pytest.raises(MmcoreError) as refused:
        read_scan(data, name)
    return refused.value.code


def test_fifty_mutated_dicoms_are_read_or_refused_and_never_crash():
    ds = dataset(RAMP)
    ds.compress(JPEG2000Lossless)
    rng = np.random.default_rng(7)
    outcomes = set()
    for number in range(50):
        data = bytearray(saved(ds) if number % 2 else dicom(RAMP))
        for place in rng.integers(0, len(data) if number % 3 else 700, size=1 + number % 8):
            data[place] = rng.integers(0, 256)
        try:
            scan = read_scan(bytes(data), "x")
        except MmcoreError as refused:
            outcomes.add(refused.code)
            continue
        outcomes.add("read")
        assert np.isfinite(scan.pixels).all() and 0 <= scan.pixels.min() <= scan.pixels.max() <= 1
    assert "read" in outcomes and len(outcomes) > 1


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_dicom_cut_short_is_refused(kept, compressed):
    ds = dataset(np.random.default_rng(0).integers(0, 4096, (200, 200)).astype(np.uint16))
    if compressed:
        ds.compress(JPEG2000Lossless)
    data = saved(ds)
    assert code_of(data[: int(kept * len(data))]) == (
        "scan_dicom_without_picture" if compressed else "file_damaged"
    )


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_picture_cut_short_is_refused(form):
    data = picture(chest(), form)
    assert code_of(data[: len(data) // 2]) == "file_damaged"


def test_a_header_that_claims_65535_squared_pixels_is_refused_before_decoding():
    with pytest.raises(TooLargeError) as refused:
        read_scan(png_claiming(65535, 65535), "x.png")
    assert refused.value.values == {"width": 65535, "height": 65535, "limit_megapixels": 50}
    assert code_of(dicom(RAMP, Rows=65535, Columns=65535)) == "scan_too_many_pixels"


def test_a_code_stream_that_claims_more_than_its_dicom_header_is_refused_before_decoding():
    ds = dataset(RAMP)
    ds.compress(JPEG2000Lossless)
    data = bytearray(saved(ds))
    start = data.index(b"\xff\x4f\xff\x51")
    data[start + 8 : start + 16] = (60000).to_bytes(4, "big") * 2
    assert code_of(bytes(data)) == "scan_too_many_pixels"


def test_a_dicom_with_more_rows_than_pixels_is_refused():
    assert code_of(dicom(RAMP, Rows=500)) == "file_damaged"


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEGExtended12Bit])
def test_a_compression_without_a_reader_is_named(syntax):
    ds = dataset(RAMP, BitsStored=12)
    ds.compress(JPEG2000Lossless)
    ds.file_meta.TransferSyntaxUID = syntax
    with pytest.raises(UnreadableFileError) as refused:
        read_scan(saved(ds), "x")
    assert refused.value.values == {"syntax": syntax.name}


def test_a_dicom_without_a_picture_is_refused():
    ds = dataset(RAMP)
    del ds.PixelData
    assert code_of(saved(ds)) == "scan_dicom_without_picture"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b"just words, no picture", "scan_is_text"),
        (b"GIF89a" + bytes(50), "scan_other_format"),
        (b"%PDF-1.7 and so on", "scan_other_format"),
        (bytes(range(256)), "scan_unknown_format"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "file_damaged"),
        (b"\xff\xd8\xff" + bytes(100), "file_damaged"),
        (bytes(128) + b"DICM" + bytes(40), "scan_dicom_without_picture"),
    ],
)
def test_what_is_no_picture_is_refused_by_its_content(data, code):
    assert code_of(data, "scan.png") == code


def test_a_reader_that_outlives_its_time_is_killed():
    with pytest.raises(TooLargeError) as refused:
        read_in_child("png_jpeg", picture(chest()), salt="", seconds=0.01)
    assert refused.value.code == "file_takes_too_long"


def test_a_reader_that_asks_for_too_much_memory_is_refused():
    ds = dataset(RAMP)
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    head = saved(ds)
    meta = head[: 144 + int.from_bytes(head[140:144], "little")]
    pack = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = pack.compress(bytes(2**24)) + pack.flush(zlib.Z_FULL_FLUSH)  # 16 MB of zeros in 16 kB
    assert code_of(meta + 128 * block + pack.flush()) == "file_takes_too_much_memory"


def test_reading_leaves_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    read_scan(dicom(RAMP), "Doe^Jane.dcm")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_can_write_no_file(tmp_path):
    script = (
        "import sys; from mmcore.intake.decode_child import take_limits; take_limits(); "
        "open(sys.argv[1], 'wb', buffering=0).write(b'Doe')"
    )
    child = subprocess.run([sys.executable, "-c", script, str(tmp_path / "left")], stderr=subprocess.PIPE)
    assert b"File too large" in child.stderr
    assert (tmp_path / "left").read_bytes() == b""


def test_an_error_says_nothing_of_the_content():
    with pytest.raises(MmcoreError) as refused:
        read_scan(dicom(RAMP)[:900] + b"Doe^Jane", "Doe^Jane.dcm")
    assert "Doe" not in repr(refused.value) + str(refused.value.values)
