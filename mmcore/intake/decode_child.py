"""The child process: takes limits on itself, reads one file from standard input, answers, and ends."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module

from mmcore.domain.errors import MmcoreError
from mmcore.intake.facts import Facts, Refusal
from mmcore.intake.limits import CHILD_CPU_SECONDS, CHILD_MEMORY_BYTES

READERS = {  # name -> module and function; imported when asked for, so that a note does not wait for pydicom
    "picture": ("mmcore.intake.image.picture", "read_picture"),
    "dicom": ("mmcore.intake.image.dicom", "read_dicom"),
    "dicom_clip": ("mmcore.intake.image.dicom_clip", "read_clip"),
    "ct": ("mmcore.intake.ct.volume", "read_ct"),
    "text": ("mmcore.intake.note.plain_text", "read_text"),
    "pdf": ("mmcore.intake.note.plain_text", "read_pdf"),
    "table": ("mmcore.intake.values.tables", "read_table"),
    "ecg_wfdb": ("mmcore.intake.ecg.wfdb", "read_wfdb"),
    "ecg_table": ("mmcore.intake.ecg.formats", "read_ecg_table"),
    "ecg_dicom": ("mmcore.intake.ecg.formats", "read_ecg_dicom"),
    "ecg_npz": ("mmcore.intake.ecg.formats", "read_ecg_npz"),
}


def take_limits() -> None:
    """Memory, processor time, no files written, no core dump; Windows has only the parent's clock."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (CHILD_MEMORY_BYTES, CHILD_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CHILD_CPU_SECONDS, CHILD_CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(
    read: Callable[..., tuple[Facts, bytes]], data: bytes, request: Mapping[str, object]
) -> tuple[Facts | Refusal, bytes]:
    """What `read` finds, or its refusal as facts. Any other error ends the process; the parent says so."""
    try:
        return read(data, **request)
    except MmcoreError as error:
        return {"error": type(error).__name__, "code": error.code, "values": error.values}, b""
    except MemoryError:
        return {"error": "TooLargeError", "code": "file_takes_too_much_memory", "values": {}}, b""


def main() -> None:
    """One order line, then the file; the libraries' own output goes nowhere."""
    take_limits()
    sys.modules["requests"] = None  # type: ignore[assignment]  # pydicom would import it: slow, and a way out
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    order = json.loads(sys.stdin.buffer.readline())
    module, function = READERS[order["reader"]]
    facts, payload = answer(
        getattr(import_module(module), function), sys.stdin.buffer.read(), order["request"]
    )
    out.write(json.dumps(facts).encode() + b"\n")
    out.write(payload)
    out.close()


if __name__ == "__main__":
    main()
