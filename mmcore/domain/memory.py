"""What stays of a case between two readings of it."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

import numpy as np

Made = TypeVar("Made")
Memory = dict[object, object]  # encodings, attributions and verdicts, each under a key that names its content


def remembered(memory: Memory, key: object, kind: type[Made], make: Callable[[], Made]) -> Made:
    """What memory keeps under a key, made once."""
    kept = memory.get(key)
    if not isinstance(kept, kind):
        kept = memory[key] = make()
    return kept


def digest_of(content: np.ndarray | str) -> str:
    """SHA-256 of the values of an array (L,) or (H, W) or of a text: names a content in a Memory."""
    data = content.encode() if isinstance(content, str) else np.ascontiguousarray(content).tobytes()
    return hashlib.sha256(data).hexdigest()
