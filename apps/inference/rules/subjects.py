"""What stands for a subject where it must not be named itself."""

import hashlib


def subject_digest(subject: str) -> str:
    """SHA-256 of the subject as 64 hex digits; an empty text for nobody."""
    return hashlib.sha256(subject.encode()).hexdigest() if subject else ""
