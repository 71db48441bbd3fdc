"""How much one upload may bring."""

from collections.abc import Collection

from apps.registry.errors import UploadTooLarge

MOST_FILES = 2000


def budget_check(sizes: Collection[int], most_bytes: int) -> None:
    """Raises UploadTooLarge when files of these `sizes` in bytes are too many or too large together."""
    if len(sizes) > MOST_FILES:
        raise UploadTooLarge(
            f"An upload may have {MOST_FILES} files.",
            remedy="Put small files together, or leave out what is not needed.",
        )
    if sum(sizes) > most_bytes:
        raise UploadTooLarge(
            f"The upload would come to {sum(sizes)} bytes; {most_bytes} are allowed.", limit=most_bytes
        )
