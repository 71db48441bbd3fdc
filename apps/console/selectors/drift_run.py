"""The page of one drift run: each modality with its signals, and the samples that drive its score."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from apps.console.distributions import Drawing, drawn, number
from apps.console.media import PICTURES, SOUNDS, TEXT, VIDEOS
from apps.console.selectors.drift import group_order
from apps.console.states import State, drift_run_state, drift_state
from apps.core.errors import QuartetError
from apps.datasets import store
from apps.datasets.models import Asset
from apps.drift.models import DriftGroup, DriftReport, DriftResult, DriftRun
from apps.drift.rules.states import State as Verdict
from apps.drift.services import report_askable
from apps.inference.models import Feedback, KeptInput, Prediction
from apps.inference.selectors import predictions_by_id

_GRAVEST = {state.value: place for place, state in enumerate(Verdict)}
#: Samples shown of a group, and characters of a text.
SAMPLES = 12
_CHARACTERS = 280
_TEXT_BYTES = 64 * 1024
_RAREST = 2100


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One signal: numbers as text, an em dash where nothing was tested."""

    result: DriftResult
    state: State
    drawing: Drawing | None
    effect: str
    p: str
    corrected: str
    psi: str
    opinion: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Medium:
    """One kept input of a sample: `kind` is picture, sound, video, text, file or gone."""

    name: str
    kind: str
    href: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class SampleCard:
    """One sample that drives a score. What is not known any more, or never was, is empty."""

    prediction: str
    sample: int
    at: datetime | None
    media: list[Medium]
    says: str
    confidence: str
    truth: str
    right: bool
    why: list[str]


@dataclass(frozen=True, slots=True)
class GroupPanel:
    """One modality, or what is the model's own."""

    group: DriftGroup
    state: State
    signals: list[SignalRow]
    samples: list[SampleCard] = field(default_factory=list)


def run_context(run: DriftRun) -> dict[str, Any]:
    """Everything the page shows."""
    report = DriftReport.objects.filter(run=run).first()
    return {
        "run": run,
        "state": drift_run_state(run),
        "groups": _groups(run, report),
        "report": report,
        "report_askable": report is None or report_askable(report),
        "opinions": bool(report and report.opinions),
        "own": run.profile.version,
    }


def _groups(run: DriftRun, report: DriftReport | None) -> list[GroupPanel]:
    """The gravest first."""
    if run.state != DriftRun.State.DONE:  # one that ends at this very moment is shown whole by the next look
        return []
    rows: dict[str, list[DriftResult]] = {}
    for result in run.results.all():
        rows.setdefault(result.group, []).append(result)
    opinions = report.opinions if report else {}
    groups = sorted(run.groups.all(), key=lambda each: (_GRAVEST[each.state], *group_order(each.name)))
    places = [(each["prediction"], each["sample"]) for group in groups for each in group.driving[:SAMPLES]]
    known = _Known({UUID(prediction) for prediction, _ in places})
    return [
        GroupPanel(
            group=group,
            state=drift_state(group.state),
            signals=_signals(rows.get(group.name, []), opinions),
            samples=[_card(each, known, run) for each in group.driving[:SAMPLES]],
        )
        for group in groups
    ]


def _signals(results: Sequence[DriftResult], opinions: dict[str, Any]) -> list[SignalRow]:
    ordered = sorted(results, key=lambda each: (_GRAVEST[each.state], -(each.effect or 0), each.name))
    return [
        SignalRow(
            result=each,
            state=drift_state(each.state, each.reason),
            drawing=drawn(each.distribution),
            effect="—" if each.effect is None else f"{each.effect:.2f}",
            p=probability(each.p),
            corrected=probability(each.corrected),
            psi="—" if each.psi is None else f"{each.psi:.2f}",
            opinion=_opinion(opinions.get(each.name)),
        )
        for each in ordered
    ]


def probability(p: float | None) -> str:
    """0.43, 0.0021, < 10⁻⁶: as many digits as say something."""
    if p is None:
        return "—"
    if p < 1e-6:
        return "< 10⁻⁶"
    if p >= 1e-4:
        return f"{p:.2f}" if p >= 0.1 else f"{p:.2g}"
    digit, _, power = f"{p:.0e}".partition("e-0")
    return f"{digit} × 10⁻{'⁰¹²³⁴⁵⁶⁷⁸⁹'[int(power)]}"


def _opinion(told: dict[str, Any] | None) -> dict[str, str] | None:
    if told is None:
        return None
    score = probability(told["score"]) if "p_value" in told["method"] else number(told["score"])
    return {"word": "drifted" if told["drifted"] else "not drifted", "why": f"{told['method']} {score}"}


class _Known:
    """What there still is of some predictions, looked up at once."""

    def __init__(self, ids: Collection[UUID]) -> None:
        self.predictions: dict[UUID, Prediction] = predictions_by_id(ids)
        self.truths = {(row.prediction, row.sample): row.truth for row in Feedback.objects.filter(prediction__in=ids)}
        self.kept: dict[tuple[UUID, int], list[tuple[str, Asset]]] = {}
        for row in KeptInput.objects.filter(prediction__in=ids).select_related("asset").order_by("input"):
            self.kept.setdefault((row.prediction, row.sample), []).append((row.input, row.asset))


def _card(told: dict[str, Any], known: _Known, run: DriftRun) -> SampleCard:
    prediction, sample = UUID(told["prediction"]), int(told["sample"])
    record = known.predictions.get(prediction)
    # Only what is recorded of the run's own deployment: the right to see it is the right to see the run.
    record = record if record and record.deployment == run.deployment.name else None
    says = record.labels[sample] if record and sample < len(record.labels) else ""
    confidence = record.confidences[sample] if record and sample < len(record.confidences) else None
    truth = known.truths.get((prediction, sample), "") if record else ""
    return SampleCard(
        prediction=str(prediction),
        sample=sample,
        at=record.at if record else None,
        media=_media(prediction, sample, told.get("assets", {}), known if record else None),
        says=says,
        confidence="" if confidence is None else f"{confidence:.2f}",
        truth=truth,
        right=bool(truth) and truth == says,
        why=[_why(name, tail) for name, tail in list(told.get("signals", {}).items())[:2]],
    )


def _why(name: str, tail: float) -> str:
    """`brightness: as far out as 1 in 2,000 of the reference`; profiles hold no more values than that."""
    signal = name.partition(".")[2] or name
    if tail * _RAREST < 1:
        return f"{signal}: beyond all of the reference"
    return f"{signal}: as far out as 1 in {1 / tail:,.0f} of the reference"


def _media(prediction: UUID, sample: int, looked_at: dict[str, str], known: _Known | None) -> list[Medium]:
    kept = dict(known.kept.get((prediction, sample), [])) if known else {}
    gone = [Medium(name, "gone") for name in looked_at if name not in kept]
    return [_medium(prediction, sample, name, asset) for name, asset in kept.items()] + gone


def _medium(prediction: UUID, sample: int, name: str, asset: Asset) -> Medium:
    href = reverse("console:kept-input", args=[prediction, name, sample])
    if asset.media_type == TEXT:
        return Medium(name, "text", href, _text(asset))
    kinds = {"picture": PICTURES, "sound": SOUNDS, "video": VIDEOS}
    return Medium(name, next((kind for kind, types in kinds.items() if asset.media_type in types), "file"), href)


def _text(asset: Asset) -> str:
    """Its beginning."""
    if asset.size > _TEXT_BYTES:
        return ""
    try:
        text = store.read(asset.pk).decode(errors="replace")
    except QuartetError:
        return ""
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}…"
