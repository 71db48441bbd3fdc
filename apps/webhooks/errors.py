"""What can be wrong with an endpoint or a delivery."""

from apps.core.errors import CallerError, Conflict


class UnfitAddress(CallerError):
    code = "unfit_address"
    remedy = "Give an https:// address that everybody can reach, or ask the operator about QUARTET_WEBHOOK_ALLOW."


class UnknownEvents(CallerError):
    code = "unknown_events"
    remedy = "Choose among the types of docs/webhooks.md."


class EndpointNameTaken(Conflict):
    code = "endpoint_name_taken"
    remedy = "Choose another name, or delete the endpoint that holds it."


class TooManyEndpoints(Conflict):
    code = "too_many_endpoints"
    remedy = "Delete an endpoint that is no longer used."


class EndpointInactive(Conflict):
    code = "endpoint_inactive"
    remedy = "Mend what is wrong with it, then set it active again."


class DeliveryUnderWay(Conflict):
    code = "delivery_under_way"
    remedy = "Wait for what comes of it."
