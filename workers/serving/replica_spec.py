"""What a host tells a replica to be, and how a replica tells that it cannot."""

from typing import Any

import msgspec

from workers.serving.artifact import ArtifactFile


class ReplicaSpec(msgspec.Struct, frozen=True):
    """One JSON line on the replica's stdin."""

    replica: str  # id: consumer name and heartbeat
    deployment: str
    revision: int
    stage: str  # stage group: "all" when the steps are fused
    steps: tuple[str, ...]  # those of preprocess, infer, postprocess that are hosted here
    directory: str  # absolute path of the artifact
    files: tuple[ArtifactFile, ...]
    manifest: dict[str, Any]
    stream: str
    redis_url: str
    batch_max: int = 32
    batch_bytes: int = 64 * 1024 * 1024
    device: str = "auto"
    threads: int = 1
    record_spool: int = 256 * 1024 * 1024  # bytes that the stream of records may take


class FailedStart(Exception):
    """Why a replica did not become ready: a code for the control plane, a sentence for people.

    Codes: spec_wrong, artifact_corrupt (with `path`), device_missing, handler_failed, warmup_failed, out_of_memory.
    """

    def __init__(self, code: str, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.path = path
