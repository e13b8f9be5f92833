"""Runs one reader of mmcore.intake in a child process that has limits and can be killed; bytes go by pipe."""

import json
import os
import signal
import subprocess
import sys

from mmcore.domain import errors
from mmcore.intake.facts import Facts
from mmcore.intake.limits import CHILD_CPU_SECONDS, CHILD_WALL_SECONDS, MAX_FILE_BYTES
from mmcore.paths import ROOT

KEPT = ("LD_LIBRARY_PATH", "SYSTEMROOT")  # all that the child inherits: it needs no secrets


def read_in_child(
    reader: str, data: bytes, *, seconds: float = CHILD_WALL_SECONDS, **request: object
) -> tuple[Facts, bytes]:
    """(facts, payload) of the reader of that name in mmcore.intake.readers; `request` are its keyword arguments (JSON).

    Nothing is written to disk and no text of the child is kept. Raises what the reader raises,
    UnreadableFileError when the child dies (an error of a library, a Rust panic, a segmentation fault),
    TooLargeError beyond a limit.
    """
    if len(data) > MAX_FILE_BYTES:
        raise errors.TooLargeError(
            "file_too_large", megabytes=len(data) // 2**20, limit=MAX_FILE_BYTES // 2**20
        )
    if not data:
        raise errors.UnreadableFileError("file_empty")
    child = subprocess.Popen(
        [sys.executable, "-B", "-P", "-W", "ignore", "-m", "mmcore.intake.decode_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={k: os.environ[k] for k in KEPT if k in os.environ}
        | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    order = json.dumps({"reader": reader, "request": request}).encode() + b"\n"
    try:
        answer, _ = child.communicate(order + data, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise errors.TooLargeError("file_takes_too_long", seconds=seconds) from None
    finally:
        child.kill()
        child.wait()
    return _understood(answer, child.returncode)


def _understood(answer: bytes, status: int) -> tuple[Facts, bytes]:
    if status == -getattr(signal, "SIGXCPU", 0):
        raise errors.TooLargeError("file_takes_too_long", seconds=CHILD_CPU_SECONDS)
    end = answer.find(b"\n")
    if status != 0 or end < 0:
        raise errors.UnreadableFileError("file_damaged")
    answered = json.loads(answer[:end])
    if "error" in answered:
        raise getattr(errors, answered["error"])(answered["code"], **answered["values"])
    facts: Facts = answered
    return facts, answer[end + 1 :]
