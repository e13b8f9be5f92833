"""Errors that a clinician may read: a code and values, put into words from the tables in assets/text."""

from typing import Any


class MmcoreError(Exception):
    """Base of every expected failure; `code` names the sentence in the text table, `values` fill it."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


class UnreadableFileError(MmcoreError):
    """A file is not what its name or header says, or is damaged."""


class TooLargeError(MmcoreError):
    """A file or picture exceeds a stated limit of bytes, pixels, words, memory or time."""


class OutOfRangeError(MmcoreError):
    """A value lies outside the plausible range of its field."""


class UnknownFieldError(MmcoreError):
    """A vitals file names something the task does not know."""


class UnknownTaskError(MmcoreError):
    """No task of that name exists."""


class ModelNotTrainedError(MmcoreError):
    """The task has no trained model in assets/models."""


class ModelFileError(MmcoreError):
    """A model file is damaged, altered or made for another task."""


class EncoderNotTunableError(MmcoreError):
    """An encoder that can only be used as it was loaded was to be fine-tuned."""


class NothingToPredictError(MmcoreError):
    """No modality of the case can be used."""


class PackError(MmcoreError):
    """A data folder does not have the layout of a pack."""


class CaseNotFoundError(MmcoreError):
    """No stored case has that key."""
