"""Notes are read from text in any common encoding and from PDF; what is no text is refused in one sentence."""

from io import BytesIO

import pytest
from pypdf import PdfWriter

from mmcore.domain.errors import MmcoreError
from tests.intake_files import read_note

ENGLISH = "Fever of 38.5 °C for 3 days; no dyspnoea."
CHINESE = "患者发热三天，咳嗽，无呼吸困难。"


def code_of(data: bytes) -> str:
    with pytest.raises(MmcoreError) as refused:
        read_note(data)
    return refused.value.code


def pdf(text: str) -> bytes:
    """A one-page PDF written by hand with a text layer."""
    stream = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET".encode()
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
        % (
            table,
            start,
        )
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_an_english_note_is_the_same_in_every_encoding(encoding):
    assert read_note(ENGLISH.encode(encoding))[0] == ENGLISH


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_a_chinese_note_is_the_same_in_every_encoding(encoding):
    assert read_note(CHINESE.encode(encoding))[0] == CHINESE


def test_a_guessed_encoding_is_told_and_a_certain_one_is_not():
    assert read_note("naïve café".encode("cp1252"))[1]["guessed"] is True
    assert read_note("naïve café".encode())[1]["guessed"] is False


@pytest.mark.parametrize("data", [b" \n\t ", "\ufeff".encode()])
def test_a_note_without_a_word_is_empty(data):
    assert code_of(data) == "note_empty"


def test_a_note_of_a_hundred_thousand_words_is_refused_with_the_limit_named():
    with pytest.raises(MmcoreError) as refused:
        read_note(b"cough " * 100_000)
    assert refused.value.code == "note_too_long"
    assert refused.value.values == {"words": 100_000, "limit": 20_000}


def test_a_note_at_the_limit_is_read_and_chinese_characters_count_as_words():
    assert len(read_note(b"cough " * 20_000)[0].split()) == 20_000
    assert code_of(("咳" * 20_001).encode()) == "note_too_long"


@pytest.mark.parametrize("data", [bytes(range(256)) * 4, b"\x89PNG\r\n\x1a\n" + bytes(40), b"text\0text"])
def test_binary_content_is_no_note(data):
    assert code_of(data) == "text_is_binary"


def test_the_text_layer_of_a_pdf_is_read():
    assert read_note(pdf("Fever and cough for three days"))[0] == "Fever and cough for three days"


def test_a_pdf_without_text_a_locked_one_and_a_damaged_one_are_refused_for_their_own_reasons():
    blank = PdfWriter()
    blank.add_blank_page(100, 100)
    out = BytesIO()
    blank.write(out)
    assert code_of(out.getvalue()) == "note_pdf_without_text"
    blank.encrypt("secret", algorithm="RC4-128")
    out = BytesIO()
    blank.write(out)
    assert code_of(out.getvalue()) == "note_pdf_locked"
    assert code_of(b"%PDF-1.4\nnothing of use") == "file_damaged"
