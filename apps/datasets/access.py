"""The only door to dataset versions: fetching one and checking the right to it are one act.

Anybody signed in may read.
"""

from apps.core.errors import NotFound
from apps.core.models import User
from apps.core.permissions import require
from apps.datasets.models import DatasetVersion

FREEZE = "datasets.freeze_datasetversion"


def freezer(actor: User) -> None:
    """Raise Forbidden unless `actor` may freeze dataset versions."""
    require(actor, FREEZE, "freeze dataset versions")


def version_named(actor: User, ref: str) -> DatasetVersion:
    """The dataset version that `<dataset>/<number>` names; raises NotFound."""
    name, _, number = ref.partition("/")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise NotFound(f"There is no dataset version '{ref[:100]}'.", remedy="Name it as <dataset>/<number>.")
    return version_to_read(actor, name, int(number))


def version_to_read(actor: User, name: str, number: int) -> DatasetVersion:
    """Version `number` of the dataset called `name`; raises NotFound."""
    found = DatasetVersion.objects.filter(dataset__name=name, number=number)
    version = found.select_related("dataset", "created_by").first()
    if version is None or not actor.is_active:
        raise NotFound(f"There is no dataset version '{name}/{number}'.")
    return version
