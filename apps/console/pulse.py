"""The pulse: what every open page is told each half second by the ingest process.

A pulse is {"topic", "version", "at", "behind", "figures"} and, for a deployment, "numbers" for its charts,
which are apps/monitoring/rules/figures.py's, over the seconds from "since" (unix) on:
`version` differs from the page's own when it should fetch itself anew; `at` is the moment in unix seconds; `behind` is
the age in seconds of the newest numbers (null before the first); `figures` are texts by `data-figure`.
"""

from typing import Any

from channels.layers import get_channel_layer

from apps.console.figures import alerts_text, present_texts
from apps.console.selectors.versions import page_versions
from apps.console.topics import FLEET, JOB, deployment_group, deployment_topic
from apps.core.clock import now
from apps.deployments.models import Deployment
from apps.monitoring.selectors import alerts_open_count, present_numbers, present_since, seconds_behind

Pulse = dict[str, Any]


def pulses() -> dict[str, Pulse]:
    """Group -> its pulse at this moment."""
    moment = now()
    deployments = dict(Deployment.objects.values_list("name", "pk"))
    numbers, versions = present_numbers(deployments, moment), page_versions()
    common = {"at": moment.timestamp(), "behind": seconds_behind(moment), "since": present_since(moment)}
    alerts = alerts_text(alerts_open_count())
    fleet = alerts | {
        text: value for name, each in numbers.items() for text, value in present_texts(name, each).items()
    }
    found = {FLEET: common | {"topic": FLEET, "version": versions[FLEET], "figures": fleet}}
    for topic in (each for each in versions if each.startswith(JOB)):
        found[topic] = common | {"topic": topic, "version": versions[topic], "figures": {}}
    for name, pk in deployments.items():
        topic = deployment_topic(name)
        about = {
            "topic": topic,
            "version": versions.get(topic, ""),
            "figures": alerts | present_texts(name, numbers[name]),
        }
        found[deployment_group(pk)] = common | about | {"numbers": numbers[name].as_dict()}
    return found


async def pulses_send(messages: dict[str, Pulse]) -> None:
    """Hand the pulses to the channel layer, which forgets those that nobody follows."""
    layer = get_channel_layer()
    for group, message in messages.items():
        await layer.group_send(group, {"type": "pulse", "message": message})
