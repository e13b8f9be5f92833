"""The child process: takes limits on itself, reads one file from standard input, answers, and ends."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module

from mmcore.domain.errors import MmcoreError
from mmcore.intake.facts import Facts, Refusal
from mmcore.intake.file import Reader
from mmcore.intake.limits import CHILD_CPU_SECONDS, CHILD_MEMORY_BYTES


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
    reader: Reader = import_module(f"mmcore.intake.readers.{order['reader']}").READER
    facts, payload = answer(reader.read, sys.stdin.buffer.read(), order["request"])
    out.write(json.dumps(facts).encode() + b"\n")
    out.write(payload)
    out.close()


if __name__ == "__main__":
    main()
