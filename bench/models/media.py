"""The media that are sent."""

from pathlib import Path


def samples(artifact: Path) -> list[tuple[bytes, bytes]]:
    """The digits artifact's own samples: a PNG and a WAV of each digit."""
    pictures = sorted((artifact / "samples").glob("*.png"))
    return [(picture.read_bytes(), picture.with_suffix(".wav").read_bytes()) for picture in pictures]
