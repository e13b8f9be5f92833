"""What stays of a case between two readings of it."""

import hashlib

import numpy as np

Memory = dict[object, object]  # encodings, attributions and verdicts, each under a key that names its content


def digest_of(content: np.ndarray | str) -> str:
    """SHA-256 of an array's values or of a text: names a content in a Memory."""
    data = content.encode() if isinstance(content, str) else np.ascontiguousarray(content).tobytes()
    return hashlib.sha256(data).hexdigest()
