"""What can be found wrong, and what is said of it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Severity(StrEnum):
    """A page needs somebody now; a ticket needs somebody in the next days."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of alert: in words; how long it must last before anybody is told, and how long it must be calm."""

    words: str
    patience: timedelta = timedelta()
    calm: timedelta = timedelta()


#: What the windows of an objective or a drift run judge needs no patience besides; what is seen at one look does.
RULES = {
    "availability": Rule("an availability objective is burning"),
    "latency": Rule("a latency objective is burning"),
    "accuracy": Rule("an accuracy objective is missed"),
    "drift": Rule("a modality has drifted"),
    "replicas": Rule("replicas are missing", timedelta(minutes=1), timedelta(seconds=30)),
    "rollout": Rule("a rollout failed or was rolled back"),
    "retraining": Rule("a retraining failed or was refused"),
    "silence": Rule("no gateway is heard", timedelta(minutes=1), timedelta(seconds=30)),
    "records": Rule("records of predictions are lost"),
    "webhook": Rule("a webhook endpoint was switched off"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong at this moment; fields as of an Alert."""

    rule: str
    title: str
    severity: Severity = Severity.TICKET
    deployment: str = ""
    group: str = ""
    text: str = ""
    fault: str = ""
    remedy: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """By which there is one open alert at most."""
        return self.rule, self.deployment, self.group
