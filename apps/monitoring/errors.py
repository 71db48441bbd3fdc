"""What can be wrong with what a gateway reports, and with objectives, alerts and subscriptions."""

from apps.core.errors import CallerError, Conflict, QuartetError


class MalformedEntry(QuartetError):
    code = "malformed_metrics"
    remedy = "The gateway and the ingest process must be of one release; restart the older."


class BadObjective(CallerError):
    code = "bad_objective"
    status = 422
    remedy = "Correct the objective and send it again; docs/alerts.md says what can be promised."


class ObjectiveTaken(Conflict):
    code = "objective_taken"
    remedy = "Change the objective that is there."


class AlertOver(Conflict):
    code = "alert_over"
    remedy = "Nothing is left to be done about it."


class AlreadyAcknowledged(Conflict):
    code = "already_acknowledged"
    remedy = "Talk to whoever did."


class NoAddress(Conflict):
    code = "no_address"
    remedy = "Have an administrator give your account one."


class SubscriptionTaken(Conflict):
    code = "subscription_taken"
    remedy = "Change the subscription that is there."


class MailUnderWay(Conflict):
    code = "mail_under_way"
    remedy = "Wait for what comes of it."
