"""What is known of a file that is kept more than once."""

import pytest
from django.db import transaction

from apps.datasets.models import Asset
from apps.datasets.services import Content, assets_keep

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]

DECLARED = Content(b"seven", "application/octet-stream")
DESCRIBED = Content(b"seven", "image/png", {"modality": "image", "signals": {"width": 28}})
OTHER = Content(b"seven", "audio/wav", {"modality": "audio"})


def kept(*contents: Content) -> Asset:
    for each in contents:
        with transaction.atomic():
            assets_keep(contents=[each])
    return Asset.objects.get()


def test_a_declared_file_is_described_when_traffic_brings_the_same() -> None:
    asset = kept(DECLARED, DESCRIBED)
    assert (asset.media_type, asset.descriptors) == (DESCRIBED.media_type, DESCRIBED.descriptors)


@pytest.mark.parametrize("later", [DECLARED, OTHER])
def test_what_is_described_stays_as_it_was_first_described(later: Content) -> None:
    asset = kept(DESCRIBED, later)
    assert (asset.media_type, asset.descriptors) == (DESCRIBED.media_type, DESCRIBED.descriptors)
