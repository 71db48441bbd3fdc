"""What can be wrong with a kept file, or with a set of samples."""

from apps.core.errors import CallerError, Conflict, NotFound, QuartetError, TooLarge


class AssetMissing(NotFound):
    code = "asset_missing"
    remedy = "It was deleted with the last that used it, or its storage lost it; look at the asset storage."


class AssetCorrupt(QuartetError):
    code = "asset_corrupt"
    fault = "operator"
    remedy = "Restore the file from a backup of the asset storage, or delete it; what it was cannot be told from it."


class BadDataset(CallerError):
    code = "bad_dataset"
    remedy = "Correct what is named and send it again; nothing was frozen."


class ArchiveTooLarge(TooLarge):
    code = "archive_too_large"
    remedy = "Send it in parts, or ask the operator to raise QUARTET_UPLOAD_LIMIT; nothing was frozen."


class NothingToFreeze(CallerError):
    code = "nothing_to_freeze"
    remedy = "Widen the window, wait for labels, or keep more inputs (docs/predictions.md)."


class LabelsMissing(CallerError):
    code = "labels_missing"
    remedy = "Give every sample its label; feedback gives it to predictions."


class SamplesErased(Conflict):
    code = "samples_erased"
    remedy = "Freeze a new version: what was deleted with its subject is not in it."
