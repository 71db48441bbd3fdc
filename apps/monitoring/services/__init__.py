"""Writes of this app, a file a noun; other apps and the workers import them from here."""

from apps.monitoring.services.accuracy import accuracy_expire, accuracy_fold
from apps.monitoring.services.alerts import alert_acknowledge, alert_raise, alert_resolve, alerts_expire, findings_apply
from apps.monitoring.services.hearing import drift_found, drift_healed, retraining_dropped, retraining_ended
from apps.monitoring.services.judging import objectives_judge
from apps.monitoring.services.mails import (
    TASK,
    Letter,
    mail_record,
    mail_resend,
    mails_claim,
    mails_expire,
    mails_give_back,
)
from apps.monitoring.services.minutes import minutes_expire
from apps.monitoring.services.objectives import objective_create, objective_delete, objective_update
from apps.monitoring.services.rollup import windows_expire, windows_roll
from apps.monitoring.services.subscriptions import subscription_create, subscription_delete, subscription_update
from apps.monitoring.services.telling import alert_tell
from apps.monitoring.services.watch import PERIOD as WATCH_PERIOD
from apps.monitoring.services.watch import alerts_watch
from apps.monitoring.services.windows import windows_add

__all__ = [
    "TASK",
    "WATCH_PERIOD",
    "Letter",
    "accuracy_expire",
    "accuracy_fold",
    "alert_acknowledge",
    "alert_raise",
    "alert_resolve",
    "alert_tell",
    "alerts_expire",
    "alerts_watch",
    "drift_found",
    "drift_healed",
    "findings_apply",
    "mail_record",
    "mail_resend",
    "mails_claim",
    "mails_expire",
    "mails_give_back",
    "minutes_expire",
    "objective_create",
    "objective_delete",
    "objective_update",
    "objectives_judge",
    "retraining_dropped",
    "retraining_ended",
    "subscription_create",
    "subscription_delete",
    "subscription_update",
    "windows_add",
    "windows_expire",
    "windows_roll",
]
