"""Formats, channels, cuts: the only place that knows pydub and ffmpeg."""
