"""What can go wrong with a model version: each error says whose fault it is and what to do."""

from apps.core.errors import CallerError, Conflict, QuartetError, TooLarge


class Immutable(Conflict):
    code = "immutable"
    remedy = "Register a new version instead."


class BadName(CallerError):
    code = "bad_name"
    remedy = "Use lower-case letters, digits and single hyphens, beginning with a letter; 63 characters at most."


class BadPath(CallerError):
    code = "bad_path"
    remedy = "Rename the file: a relative path with '/' between visible names, such as 'weights/model.safetensors'."


class BadContents(CallerError):
    code = "bad_contents"


class PickleRefused(BadContents):
    code = "pickle_refused"
    remedy = (
        "Save the weights as safetensors: safetensors.torch.save_file(model.state_dict(), 'model.safetensors'), "
        "or model.save_pretrained(directory) for a transformers model."
    )


class BadManifest(CallerError):
    code = "bad_manifest"
    remedy = "Correct model.yaml and upload it again."


class BadLineage(CallerError):
    code = "bad_lineage"
    remedy = "Lineage may hold 'dataset', 'code' and 'notes', each a text of 2000 characters at most."


class DigestMismatch(CallerError):
    code = "digest_mismatch"
    remedy = "Nothing of the file was kept. Check the file and its sha256, then send it again from the beginning."


class LengthRequired(CallerError):
    code = "length_required"
    status = 411
    remedy = "Send a Content-Length header: a file, not a pipe."


class BadRange(CallerError):
    code = "bad_range"
    remedy = "Send 'Content-Range: bytes <first>-<last>/<size of the file>' with a body of exactly that length."


class BadDigest(CallerError):
    code = "bad_digest"
    remedy = "Send X-Content-SHA256 as 64 hexadecimal digits, or leave it out."


class WrongOffset(Conflict):
    code = "wrong_offset"
    remedy = "Go on from the offset in 'details' (HEAD tells it too), or begin again without a Content-Range."


class Interrupted(CallerError):
    code = "upload_interrupted"
    remedy = "What came is kept: go on from the offset in 'details'."


class FileBusy(Conflict):
    code = "file_busy"
    remedy = "Wait until the other request has ended."


class UploadIncomplete(Conflict):
    code = "upload_incomplete"
    remedy = "Send the rest of the files, then register again."


class UploadClosed(Conflict):
    code = "upload_closed"
    remedy = "Start a new upload."


class UploadTooLarge(TooLarge):
    code = "upload_too_large"
    remedy = "Send less, or ask the operator to raise QUARTET_UPLOAD_LIMIT."


class StorageFull(QuartetError):
    code = "storage_full"
    status = 507
    fault = "operator"
    remedy = "The operator must free space under QUARTET_HOME; then send the file again from the beginning."


class StorageUnwritable(QuartetError):
    code = "storage_unwritable"
    status = 507
    fault = "operator"
    remedy = "The operator must make QUARTET_HOME writable for the web process; then try again."
