"""What can be wrong with a kept file."""

from apps.core.errors import NotFound, QuartetError


class AssetMissing(NotFound):
    code = "asset_missing"
    remedy = "It was deleted with the last that used it, or its storage lost it; look at the asset storage."


class AssetCorrupt(QuartetError):
    code = "asset_corrupt"
    fault = "operator"
    remedy = "Restore the file from a backup of the asset storage, or delete it; what it was cannot be told from it."
