"""What browsers show by themselves and that holds no script, by media type.

TIFF, say, they do not show; SVG and HTML are never what a kept input is found to be.
"""

PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp"})
SOUNDS = frozenset(
    {"audio/wav", "audio/x-wav", "audio/flac", "audio/ogg", "audio/mpeg", "audio/mp4", "audio/webm"},
)
VIDEOS = frozenset({"video/mp4", "video/webm"})
TEXT = "text/plain; charset=utf-8"
SHOWN = PICTURES | SOUNDS | VIDEOS | {TEXT}
