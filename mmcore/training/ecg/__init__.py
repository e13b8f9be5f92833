"""The waveform encoder."""
