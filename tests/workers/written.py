"""Entries as replicas and gateways write them."""

import time
from typing import Any

from redis import Redis

from workers.serving import names, record
from workers.serving.tensors import Tensor


def asked(identifier: bytes | None = None, **fields: Any) -> record.Asked:
    """A picture of a digit, received just now."""
    usual = {"received": time.time(), "deployment": "digits", "revision": 1, "version": "1", "samples": 1}
    return record.Asked(
        **{"id": identifier or record.new_id(), "inputs": ("image",), "missing": ("sound",), **usual, **fields}
    )


def said(identifier: bytes | None = None, **fields: Any) -> record.Record:
    """That it is a seven, most probably."""
    return record.Record(asked(identifier, **fields), "", 0.004, 0.001, ["7"], [0.75])


def write(valkey: Redis, *records: record.Record) -> None:
    """One entry with these."""
    valkey.xadd(names.PREDICTIONS, {"m": record.encode_records(records)})


def write_kept(valkey: Redis, identifier: bytes, raw: bytes, subject: str = "") -> None:
    """One entry with one picture."""
    samples = [{"image": Tensor("BYTES", (), [raw])}]
    kept = record.Kept(identifier, "digits", subject, samples, {"image": "image"})
    valkey.xadd(names.KEPT, {"m": record.encode_kept(kept)})
