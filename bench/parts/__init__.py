"""The parts, in the order of the page."""

from bench.part import Part
from bench.parts import digits, drift, footprint, growth, minilm, overhead, record, renewal, training

PARTS: dict[str, Part] = {
    part.name: part
    for part in (
        *(overhead.PART, minilm.PART, digits.PART, footprint.PART),
        *(growth.PART, record.PART, drift.PART, training.PART, renewal.PART),
    )
}
