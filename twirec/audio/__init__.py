"""Sound: what a file holds, drawn, measured and converted; the only place of pydub and ffmpeg."""
