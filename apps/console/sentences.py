"""Audit entries as sentences: who did what to what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse

from apps.console.figures import size
from apps.core.models import AuditEntry

#: Action -> what the actor did, in the past; {braces} are the target's name or fields of the entry's detail.
SENTENCES = {
    "alert.acknowledged": "sees to “{title}”: {comment}",
    "alert.graver": "made “{title}” of {target} a page",
    "alert.raised": "raised an alert: {title}. {text}",
    "alert.resolved": "resolved “{title}”. {why}",
    "alertrule.changed": "changed alerts of the kind {target}: {changes}",
    "alertrule.created": "set alerts of the kind {target} otherwise: {changes}",
    "alertrule.deleted": "set alerts of the kind {target} back to the default",
    "alias.delete": "took the alias {alias} from {target}",
    "alias.move": "pointed {target}@{alias} at version {version}",
    "alias.refused": "left {target}@{alias} where it was: {reason}",
    "alias.requested": "asked to point {target}@{alias} at {to}",
    "approval.approve": "approved: {summary}",
    "approval.comment": "commented on “{summary}”: {comment}",
    "approval.expired": "closed a question that nobody answered in time: {summary}",
    "approval.reject": "rejected: {summary}",
    "approval.requested": "asks reviewers: {summary}",
    "approval.void": "withdrew the question: {summary}",
    "dataset.frozen": "froze {samples} samples as {target}",
    "deployment.created": "created the deployment {target}",
    "demo.password_renewed": "renewed the demo password of {target}",
    "drift.policy_changed": "changed how drift of {target} is looked for: {changes}",
    "drift.report_requested": "asked for Evidently's report of drift run {run} of {target}",
    "drift.run_requested": "had drift of {target} looked for",
    "evaluation.passed": "let {target} through the gates beside {champion} on {dataset}",
    "evaluation.requested": "asked to measure {target} beside {champion} on {dataset}",
    "evaluation.refused": "refused {target} at the gates beside {champion} on {dataset}: {reason}",
    "gatepolicy.changed": "changed the gates of {target}: {changes}",
    "gatepolicy.created": "made gates for {target}: {changes}",
    "gatepolicy.deleted": "took the gates of {target} away",
    "group.changed": "changed the group {target}: {changes}",
    "group.created": "made the group {target}: {changes}",
    "group.deleted": "deleted the group {target}",
    "input.muted": "has {target} answer without the input {input}{why}",
    "input.unmuted": "gives {target} its input {input} again{why}",
    "key.created": "made the API key {name}",
    "key.revoked": "revoked the API key {name}",
    "key.rotated": "replaced the API key {name}; the old one holds until {until}",
    "mail.resent": "had a mail sent again to {target}: {subject}",
    "model.create": "registered the model {target}",
    "node.joined": "saw the node {target} join with {cores} cores",
    "node.left": "saw the node {target} leave",
    "node.lost": "lost sight of the node {target}",
    "objective.changed": "promises of {target}: {promise}; before: {was}",
    "objective.created": "promises of {target}: {promise}",
    "objective.deleted": "took a promise of {target} back: {promise}",
    "policy.changed": "changed the approval policy {target}: {changes}",
    "policy.created": "made the approval policy {target}: {changes}",
    "policy.deleted": "deleted the approval policy {target}",
    "reference.set": "gave {target} a reference profile of {samples} samples",
    "registeredmodel.changed": "changed who may move aliases of {target}: {changes}",
    "registeredmodel.created": "made the model {target}: {changes}",
    "registeredmodel.deleted": "deleted the model {target}",
    "replica.failed": "saw a replica of {target} revision {revision} fail on {node}: {reason}",
    "replica.lost": "lost a replica of {target} revision {revision} on {node}",
    "replica.placed": "placed a replica of {target} revision {revision} on {node}",
    "retraining.ended": "saw trigger {trigger} of {target} end, {state}. {reason}",
    "retraining.policy_removed": "took the retraining policy of {target} away",
    "retraining.policy_set": "set when and with what {target} is retrained",
    "retraining.triggered": "called for retraining of {target}, {state}: {why} {reason}",
    "retraining.taken_up": "went on with trigger {trigger} of {target}, which trigger {after} had covered: {why}",
    "revision.approved": "approved revision {revision} of {target}",
    "revision.rejected": "rejected revision {revision} of {target}",
    "revision.requested": "asked to run {version} as revision {revision} of {target}",
    "revision.superseded": "set revision {revision} of {target} aside for a newer one",
    "rollout.aborted": "gave up moving {target} to revision {revision}: {reason}",
    "rollout.done": "finished moving {target} to revision {revision}",
    "rollout.draining": "lets the old replicas of {target} finish",
    "rollout.keeping": "keeps the old replicas of {target} ready for {seconds} s",
    "rollout.paused": "holds the rollout of {target} to revision {revision}: {reason}",
    "rollout.promoted": "sent the rollout of {target} to revision {revision} on",
    "rollout.resumed": "let the rollout of {target} to revision {revision} go on",
    "rollout.reverting": "sends the traffic of {target} back from revision {revision}: {reason}",
    "rollout.rolled_back": "rolled {target} back from revision {left} to revision {revision}",
    "rollout.rolling": "lets revision {revision} take over the traffic of {target} replica by replica",
    "rollout.failed": "gave up the rollout of {target} to revision {revision}: {reason}",
    "rollout.shifted": "moved the traffic of {target} to revision {revision}",
    "rollout.stepped": "gave revision {revision} of {target} {share} % of the traffic: {measured}",
    "rollout.started": "began the rollout of {target} to revision {revision}",
    "stage.scaled": "scaled the stage {stage} of {target} from {was} to {replicas}: {reason}",
    "subscription.changed": "is now mailed {what}",
    "subscription.created": "is mailed {what}",
    "subscription.deleted": "is no longer mailed {what}",
    "subject.deleted": (
        "deleted {predictions} predictions, {feedback} truths, {samples} samples and {assets} files of {target}"
    ),
    "training.cancelled": "cancelled a training job of {target}",
    "training.done": "trained {target} from {parent} on {dataset}",
    "training.failed": "saw a training job of {target} fail: {reason}",
    "training.interrupted": "saw a training job of {target} break off on {node}: {reason}",
    "training.requested": "asked to train {target} from {parent} on {dataset} by the recipe {recipe}",
    "upload.discard": "discarded an upload for {target}",
    "upload.expire": "dropped an abandoned upload for {target}",
    "upload.start": "began an upload for {target}",
    "user.changed": "changed the account {target}: {changes}",
    "user.created": "made the account {target}: {changes}",
    "user.deleted": "deleted the account {target}",
    "user.password_changed": "changed the password of {target}",
    "version.corrupt": "marked {target} as corrupt: {reason}",
    "version.heal": "brought back the files of {target}",
    "version.measure": "measured {target} in use: {memory_bytes}",
    "version.register": "registered {target}",
    "webhook.changed": "changed the webhook endpoint {target}: {changes}",
    "webhook.created": "made the webhook endpoint {target} at {host}",
    "webhook.deleted": "deleted the webhook endpoint {target}",
    "webhook.disabled": "switched off the webhook endpoint {target}: {reason}",
    "webhook.redelivered": "had {message} sent again to the webhook endpoint {target}",
    "webhook.secret_rotated": "made a new secret for the webhook endpoint {target}",
}
#: Steps in between, left out of short lists.
MINOR = frozenset(
    {
        "approval.approve",  # revision.approved says the same
        "approval.reject",  # revision.rejected does
        "drift.report_requested",
        "approval.requested",  # revision.requested and alias.requested do
        "replica.placed",
        "rollout.done",
        "rollout.draining",
        "rollout.keeping",
        "rollout.rolling",
        "upload.discard",
        "upload.expire",
        "upload.start",
        "version.measure",
    }
)
_PAGES = {"approval": "console:approval", "deployment": "console:deployment", "model": "console:model"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line of the audit trail; `before` and `after` stand around the linked name of the target."""

    sequence: int
    at: datetime
    actor: str
    before: str
    name: str
    after: str
    href: str
    target: str


def sentence(entry: AuditEntry) -> Sentence:
    """The entry in words; an action without a sentence here is shown by its name."""
    template = SENTENCES.get(entry.action, f"{entry.action} {{target}}")
    before, found, after = template.partition("{target}")
    kind, _, name = entry.target.partition(":")
    fields = _Fields((key, size(value) if key.endswith("_bytes") else value) for key, value in entry.detail.items())
    return Sentence(
        sequence=entry.sequence,
        at=entry.at,
        actor=entry.actor_name,
        before=before.format_map(fields),
        name=name if found else "",
        after=after.format_map(fields),
        href=_href(kind, name),
        target=entry.target,
    )


class _Fields(dict[str, Any]):
    """Detail that an older release did not write is a dash and never an error."""

    def __missing__(self, key: str) -> str:
        return "—"


def _href(kind: str, name: str) -> str:
    try:
        return reverse(_PAGES[kind], args=[name]) if kind in _PAGES else ""
    except NoReverseMatch:
        return ""
