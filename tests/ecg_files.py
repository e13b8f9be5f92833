"""Builds the good and bad ECG files that the intake tests read; made up by the generator, nothing of a patient is in them."""

from io import BytesIO

import numpy as np
from scipy.signal import resample_poly

from mmcore.domain.case import LEADS
from mmcore.synthetic.ecg.beats import HEALTHY, Shape, draw
from mmcore.synthetic.ecg.generator import sinus, strip


def ecg(shape: Shape = HEALTHY, rate_hz: int = 500, rate: float = 72, seed: int = 0) -> np.ndarray:
    """(12, n) millivolts of ten seconds with a little noise."""
    rng = np.random.default_rng(seed)
    samples = strip(draw(shape), sinus(rate, rng), rng)
    fine = resample_poly(samples, rate_hz // 100, 1, axis=-1)
    return fine + rng.normal(0, 0.004, fine.shape)


def table(
    samples: np.ndarray,
    rate_hz: float = 500,
    leads=LEADS,
    time: bool = True,
    unit: str = "",
    separator: str = ",",
) -> bytes:
    """A CSV with lead names, a column of time in seconds, and values as given."""
    heading = [f"{n} ({unit})" if unit else n for n in leads]
    rows = [separator.join([*(["time"] if time else []), *heading])]
    for place, values in enumerate(samples.T):
        rows.append(
            separator.join([*([f"{place / rate_hz:.4f}"] if time else []), *(f"{v:.4f}" for v in values)])
        )
    return "\n".join(rows).encode()


def wfdb(
    samples: np.ndarray, rate_hz: int = 500, form: str = "16", leads=LEADS, gain: float = 1000
) -> tuple[bytes, bytes]:
    """(header, signals) of a record named rec in format 16 or 212."""
    stored = np.round(samples * gain).astype(int).T.ravel()
    lines = [f"rec {len(leads)} {rate_hz} {samples.shape[1]} 10:00:00 20/03/2019"]
    lines += [f"rec.dat {form} {gain:g}(0)/mV 16 0 0 0 0 {name}" for name in leads]
    if form == "16":
        return "\n".join(lines).encode(), stored.astype("<i2").tobytes()
    low, high = stored[0::2] & 0xFFF, stored[1::2] & 0xFFF
    packed = np.stack([low & 255, low >> 8 | (high >> 8) << 4, high & 255], 1).astype(np.uint8)
    return "\n".join(lines).encode(), packed.tobytes()


def npz(samples: np.ndarray, leads=LEADS, **more) -> bytes:
    """The pack's own form: x, leads."""
    out = BytesIO()
    np.savez(out, x=samples.astype(np.float16), leads=np.array(leads), **more)
    return out.getvalue()


def dicom(samples: np.ndarray, rate_hz: int = 500, leads=LEADS) -> bytes:
    """A 12-lead ECG waveform object, microvolts in 16 bits."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, TwelveLeadECGWaveformStorage, generate_uid

    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = TwelveLeadECGWaveformStorage, generate_uid()
    ds.Modality, ds.PatientID, ds.StudyDate = "ECG", "4711", "20190320"
    group = Dataset()
    group.SamplingFrequency, group.NumberOfWaveformChannels = rate_hz, len(leads)
    group.NumberOfWaveformSamples = samples.shape[1]
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.WaveformOriginality = "ORIGINAL"
    group.ChannelDefinitionSequence = [_channel(name) for name in leads]
    group.WaveformData = np.round(samples * 1000 / 2.5).astype("<i2").T.tobytes()
    ds.WaveformSequence = [group]
    out = BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _channel(name: str):
    from pydicom.dataset import Dataset

    channel, source, unit = Dataset(), Dataset(), Dataset()
    source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = (
        "5.6.3-9-1",
        "SCPECG",
        f"Lead {name}",
    )
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "uV", "UCUM", "microvolt"
    channel.ChannelSourceSequence, channel.ChannelSensitivityUnitsSequence = [source], [unit]
    channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor = 2.5, 1
    channel.ChannelBaseline, channel.WaveformBitsStored = 0, 16
    return channel
