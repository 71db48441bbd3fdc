"""What a deployment was asked and how it did, window by window, over REST."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.clock import now
from apps.core.permissions import actor_of, allowed_deployments
from apps.inference.access import deployment_to_judge
from apps.monitoring.rules import STEPS
from apps.monitoring.rules.counts import BATCH, CONFIDENCE, QUEUE, STAGE, Counts, total
from apps.monitoring.rules.series import starts
from apps.monitoring.rules.sketches import Buckets, mean, quantile
from apps.monitoring.selectors import heard_between, windows_between

#: Seconds by name.
_WINDOWS = {"1m": 60, "15m": 900, "1h": 3600, "24h": 86_400}
_USUAL = "15m"
_MOST_POINTS = 1500
_QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
_CONFIDENCE = {"p10": 0.10, "p50": 0.50, "p90": 0.90}


class MetricsQuestion(serializers.Serializer[Any]):
    window = serializers.ChoiceField(choices=list(_WINDOWS), required=False, default=_USUAL, help_text="How far back.")
    step = serializers.ChoiceField(
        choices=list(STEPS),
        required=False,
        help_text="Seconds a point. Those of 1 s are kept for 15 minutes, of 10 s for a day, of 60 s for 30 days. "
        f"Unless told, the shortest with at most {_MOST_POINTS} points.",
    )
    until = serializers.DateTimeField(required=False, help_text="Where the window ends; now unless told.")
    revision = serializers.IntegerField(
        required=False, min_value=0, max_value=2**31 - 1, help_text="Of one revision alone; 0 is what reached none."
    )

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        length = _WINDOWS[asked["window"]]
        finest = next(step for step in STEPS if length // step <= _MOST_POINTS)
        step = asked.get("step", finest)
        if step < finest:
            told = (
                f"{asked['window']} in steps of {step} s are {length // step} points; at most {_MOST_POINTS} are told."
            )
            raise serializers.ValidationError({"step": f"{told} Use a step of {finest} s or a shorter window."})
        return asked | {"step": step}


class Times(serializers.Serializer[Any]):
    """Milliseconds, each within 1 % of the true value."""

    p50 = serializers.FloatField()
    p95 = serializers.FloatField()
    p99 = serializers.FloatField()


class Confidence(serializers.Serializer[Any]):
    """Of the samples that have one, each within 1 % of the true value."""

    p10 = serializers.FloatField()
    p50 = serializers.FloatField()
    p90 = serializers.FloatField()


def _counts(told: str) -> serializers.DictField:
    return serializers.DictField(child=serializers.IntegerField(), help_text=told)


class CountsAnswer(serializers.Serializer[Any]):
    """Counts are exact. What there was nothing of is null or left out, never 0."""

    requests = serializers.IntegerField(help_text="Requests that ended.")
    samples = serializers.IntegerField(help_text="Samples of those answered with outputs.")
    failed = serializers.IntegerField(help_text="Requests that failed by the model's or the platform's fault.")
    refused = serializers.IntegerField(help_text="Requests that failed by the caller's fault.")
    error_codes = _counts("Requests by error code.")
    inputs = _counts("Answered requests that carried an input, by its name.")
    revisions = _counts("Requests by revision; 0 is what reached none.")
    latency_ms = Times(allow_null=True, help_text="From request to answer at the gateway, of answered requests.")
    stages_ms = serializers.DictField(child=Times(), help_text="Time of the batch that a request was in, by step.")
    queue_ms = serializers.DictField(child=Times(), help_text="Time that requests waited for a replica, by stage.")
    batch = serializers.DictField(
        child=serializers.FloatField(), help_text="Mean samples of the batch that a request was in, by stage."
    )
    confidence = Confidence(allow_null=True)


class MetricsPoint(CountsAnswer):
    at = serializers.DateTimeField(help_text="When the step begins; the last one is still filling.")
    heard_s = serializers.IntegerField(help_text="Seconds in which a gateway was heard; 0 is a gap: nothing is known.")


class MetricsAnswer(CountsAnswer):
    """The whole window, and its steps."""

    deployment = serializers.CharField()
    window = serializers.ChoiceField(choices=list(_WINDOWS))
    step_s = serializers.IntegerField()
    series = MetricsPoint(many=True)


class DeploymentMetrics(APIView):
    """Throughput, errors, latency, stages, queues, batches and confidence of one deployment."""

    @extend_schema(parameters=[MetricsQuestion], responses=MetricsAnswer)
    def get(self, request: Request, name: str) -> Response:
        """Tell what was counted in each step of a window; a request counts in the second in which it ended."""
        deployment = deployment_to_judge(actor_of(request), allowed_deployments(request), name)
        question = MetricsQuestion(data=request.query_params)
        question.is_valid(raise_exception=True)
        asked = question.validated_data
        about = {"deployment": deployment.name, "window": asked["window"], "step_s": asked["step"]}
        return Response(MetricsAnswer(about | _answer(deployment.name, asked)).data)


def _answer(deployment: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    step, moment = asked["step"], asked.get("until") or now()
    at = starts(moment.timestamp(), _WINDOWS[asked["window"]], step)
    span = at[0], at[-1] + step
    found, heard = windows_between([deployment], step, *span)[deployment], heard_between(step, *span)
    if (only := asked.get("revision")) is not None:
        found = {start: {only: each[only]} for start, each in found.items() if only in each}
    points = [
        {"at": datetime.fromtimestamp(start, UTC), "heard_s": heard.get(start, 0), **_told(found.get(start, {}))}
        for start in at
    ]
    revisions = {number for each in found.values() for number in each}
    whole = {number: total(each[number] for each in found.values() if number in each) for number in sorted(revisions)}
    return {**_told(whole), "series": points}


def _told(by_revision: Mapping[int, Counts]) -> dict[str, Any]:
    counts = total(by_revision.values())
    return {
        "requests": counts.requests,
        "samples": counts.samples,
        "failed": counts.failed,
        "refused": counts.refused,
        "error_codes": counts.errors,
        "inputs": counts.inputs,
        "revisions": {str(number): each.requests for number, each in by_revision.items()},
        "latency_ms": _quantiles(counts.latency),
        "stages_ms": {name: _quantiles(each) for name, each in counts.of(STAGE).items()},
        "queue_ms": {name: _quantiles(each) for name, each in counts.of(QUEUE).items()},
        "batch": {name: mean(each) for name, each in counts.of(BATCH).items()},
        "confidence": _quantiles(counts.sketches.get(CONFIDENCE, {}), _CONFIDENCE),
    }


def _quantiles(buckets: Buckets, shares: Mapping[str, float] = _QUANTILES) -> dict[str, float | None] | None:
    return {name: quantile(buckets, share) for name, share in shares.items()} if buckets else None
