"""Whether the modalities of real traffic still say the same, told by the model itself.

Of a bounded, fair draw of recent predictions whose inputs are all kept, the live revision is asked again: with
everything, and with one input hidden each (workers/signals/agreement.py says what is made of the answers). It goes
through the streams of every other request, behind all of them; nothing of it is recorded, kept or counted as traffic.
What is not answered in time, or at all, has no signals, and a run then says that there is not enough data.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog
from django.conf import settings

from apps.core.errors import QuartetError
from apps.datasets import store
from apps.deployments.models import Deployment, Revision
from apps.deployments.rules import muting
from apps.deployments.rules.spec import setting
from apps.drift.rules.kinds import AGREEMENT
from apps.drift.selectors import profile_newest
from apps.inference.models import KeptInput
from apps.inference.selectors import routing_published
from apps.registry.rules.roles import with_roles
from workers.serving import media, wire
from workers.serving.aside import Aside
from workers.serving.record import Reading
from workers.serving.routing import DeploymentRoute, InputSpec, Split
from workers.serving.tensors import BYTES, Sample, Tensor, to_array
from workers.serving.valkey import FAILED
from workers.signals import agreement
from workers.signals.agreement import Output

log = structlog.get_logger(__name__)

#: Samples that are asked about in one run, and the seconds that it may take in all.
SAMPLES_MOST = 200
SECONDS = 20.0
#: Kept inputs are looked up for so many times as many predictions: not every one has all its inputs.
_SPARE = 4

#: One sample of a prediction: its id and its place in the request.
Place = tuple[UUID, int]


class _Kept(NamedTuple):
    """One input of one sample, as it is kept."""

    input: str
    digest: str
    descriptors: Mapping[str, Any]


def agreement_signals(
    deployment: str, revision: int, predictions: Sequence[UUID], seconds: float = SECONDS
) -> dict[Place, dict[str, float]]:
    """`agreement` and `<input>.agreement` of samples of these predictions; of none where nobody can say."""
    live = _live(deployment, revision)
    hidden = _can_be_hidden(live) if live and _is_compared(live) else []
    published = routing_published(deployment) if hidden else None
    if live is None or published is None:
        return {}
    route = msgspec.convert(published, DeploymentRoute)
    split = next((each for each in route.splits if each.revision == revision and each.ready_replicas), None)
    if split is None or len(route.inputs) < 2:
        return {}
    samples = dict(_drawn(live, route.inputs, predictions))
    return _asked(split, live, samples, hidden, seconds) if samples else {}


def _live(deployment: str, revision: int) -> Revision | None:
    """The revision, if it is the one that answers now."""
    found = Deployment.objects.select_related("live_revision__version").filter(name=deployment).first()
    live = found.live_revision if found else None
    return live if live and live.number == revision else None


def _is_compared(revision: Revision) -> bool:
    """Whether the version's reference profile knows such signals; or else there is nothing to hold them against."""
    profile = profile_newest(revision.version)
    return profile is not None and any(name.rpartition(".")[2] == AGREEMENT for name in profile.signals)


def _can_be_hidden(revision: Revision) -> list[str]:
    """Media that the model can do without. What a request must bring is another matter."""
    manifest = revision.version.manifest
    inputs = [each["name"] for each in manifest["inputs"] if each["modality"] in media.MODALITIES]
    return [name for name in inputs if muting.allowed(manifest, {}, [name])]


def _drawn(live: Revision, inputs: Sequence[InputSpec], predictions: Sequence[UUID]) -> Iterator[tuple[Place, Sample]]:
    """At most SAMPLES_MOST samples with all their inputs, whose predictions are drawn by the last bytes of their ids.

    Only of predictions that the rate keeps by itself: those kept for another reason are odd ones.
    """
    bound = float(setting(live.spec, "record")["rate"]) * (1 << 32)
    fair = [each for each in predictions if int.from_bytes(each.bytes[12:], "big") < bound]
    drawn = sorted(fair, key=lambda each: each.bytes[12:])[: _SPARE * SAMPLES_MOST]
    kept: dict[Place, list[_Kept]] = {}
    rows = KeptInput.objects.filter(prediction__in=drawn, deployment=live.deployment.name)
    columns = ("prediction", "sample", "input", "asset_id", "asset__descriptors")
    for prediction, sample, *rest in rows.values_list(*columns).order_by("prediction", "sample"):
        kept.setdefault((prediction, sample), []).append(_Kept(*rest))
    specs = {spec.name: spec for spec in inputs}
    whole = [place for place, there in kept.items() if {each.input for each in there} == specs.keys()]
    order = {prediction: at for at, prediction in enumerate(drawn)}
    for place in sorted(whole, key=lambda each: (order[each[0]], each[1]))[:SAMPLES_MOST]:
        sample = _sample(kept[place], specs)
        if sample is not None:
            yield place, sample


def _sample(inputs: Sequence[_Kept], specs: Mapping[str, InputSpec]) -> Sample | None:
    """The sample as it was asked; None where an input's bytes are gone, or do not tell what they were."""
    try:
        found = {each.input: _tensor(specs[each.input], each) for each in inputs}
    except QuartetError:
        return None
    return {name: tensor for name, tensor in found.items() if tensor} if all(found.values()) else None


def _tensor(spec: InputSpec, kept: _Kept) -> Tensor | None:
    """One input as it came; see describe.content, which kept it."""
    raw = store.read(kept.digest)
    shape = tuple(kept.descriptors.get("shape", [1] * (len(spec.shape) - 1)))
    if spec.datatype != BYTES:
        return Tensor(spec.datatype, shape, raw)
    return Tensor(BYTES, shape, [raw]) if set(shape) <= {1} else None


def _asked(
    split: Split,
    live: Revision,
    samples: Mapping[Place, Sample],
    hidden: Sequence[str],
    seconds: float,
) -> dict[Place, dict[str, float]]:
    """The signals of those samples of which every answer came."""
    without = [None, *hidden]  # None hides nothing
    requests = [
        {key: each for key, each in sample.items() if key != name} for sample in samples.values() for name in without
    ]
    try:
        answers = Aside(settings.REDIS_URL, split).ask(requests, seconds)
    except (*FAILED, wire.BadMessage) as error:
        log.warning("nobody could be asked how far inputs agree", deployment=live.deployment.name, error=str(error))
        return {}
    tell = _Telling(with_roles(live.version.manifest["outputs"]))
    outputs = [tell.output(each) if each else None for each in answers]
    found = {}
    for number, place in enumerate(samples):
        whole, *others = outputs[number * len(without) : (number + 1) * len(without)]
        known = {name: each for name, each in zip(hidden, others, strict=True) if each is not None}
        if whole is not None and len(known) == len(hidden):
            found[place] = agreement(whole, known)
    return found


class _Telling:
    """Reads what a model said: its scores where it gives any, else its label."""

    def __init__(self, outputs: Sequence[Mapping[str, Any]]) -> None:
        self._scores = next((each["name"] for each in outputs if each.get("role") == "scores"), None)
        self._reading = Reading(outputs)

    def output(self, answer: Sample) -> Output | None:
        if self._scores is not None:
            return to_array(answer[self._scores]).ravel() if self._scores in answer else None
        return next(iter(self._reading.labels([answer])), None)
