"""What stays of a case between two readings of it."""

Memory = dict[object, object]  # encodings, attributions and verdicts, each under a key that names its content
