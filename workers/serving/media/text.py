"""Text -> str."""

from workers.serving.media.refusal import refuse
from workers.serving.routing import InputSpec

#: Text is no file and has no media types.
FORMATS: frozenset[str] = frozenset()


def decode(spec: InputSpec, raw: bytes) -> str:
    """UTF-8, of at most as many characters as the manifest allows."""
    try:
        decoded = raw.decode()
    except UnicodeDecodeError:
        refuse(spec, "it is not UTF-8 text")
    if spec.max_characters and len(decoded) > spec.max_characters:
        refuse(spec, f"it has {len(decoded)} characters, more than the {spec.max_characters} allowed")
    return decoded
