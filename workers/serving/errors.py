"""Every way a request can fail: class = code + HTTP status + whose fault + message + what to do about it.

    client -> gateway -> stage stream -> replica -> stage stream ... -> reply stream -> gateway -> client

A class is raised wherever on that way the fault is found. A replica sends its code and message back over the reply
stream, `revive` makes the class again, and the gateway's edge only prints it.
"""

from typing import ClassVar, Final

CALLER: Final = "caller"
MODEL: Final = "model"
PLATFORM: Final = "platform"


class ServingError(Exception):
    """A refused or failed request. Subclasses fill in the table; the message may be given where it is raised."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    fault: ClassVar[str] = PLATFORM
    message: ClassVar[str] = "Quartet failed in a way it did not foresee."
    remedy: ClassVar[str] = "Try again; if it stays, give the operator this answer and the time of the request."
    retry_after: ClassVar[int | None] = None  # seconds

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)


# The caller's


class BadRequest(ServingError):
    code, status, fault = "bad_request", 400, CALLER
    message = "The request is not a valid Open Inference Protocol request."
    remedy = 'Send {"inputs": [{"name", "datatype", "shape", "data"}]}; GET /v2/models/<name> lists the inputs.'


class BadInput(ServingError):
    code, status, fault = "bad_input", 400, CALLER
    message = "An input does not fit what the model declares."
    remedy = "Compare the input with its declaration in GET /v2/models/<name>."


class BadMedia(ServingError):
    code, status, fault = "bad_media", 400, CALLER
    message = "An input's media could not be decoded."
    remedy = "Send a whole, undamaged file of a declared media type and within the declared limits."


class BadOutput(ServingError):
    code, status, fault = "bad_output", 400, CALLER
    message = "An output was asked for that the model does not have."
    remedy = "Ask only for outputs listed in GET /v2/models/<name>, or leave `outputs` out to get all of them."


class BodyTooLarge(ServingError):
    code, status, fault = "body_too_large", 413, CALLER
    message = "The request body is over the limit."
    remedy = "Send fewer samples a request, send media in the binary form, or ask the operator for a higher limit."


class BodyTooSlow(ServingError):
    code, status, fault = "body_too_slow", 408, CALLER
    message = "The request body did not arrive within the deployment's time limit."
    remedy = "Send the whole body at once, or ask for a longer time limit."


class ClientGone(ServingError):
    code, status, fault = "client_gone", 499, CALLER  # counted, never sent: nobody is there to read it
    message = "The client closed the connection before the answer."
    remedy = "Wait longer, or ask for a shorter timeout."


class UnsupportedEncoding(ServingError):
    code, status, fault = "unsupported_encoding", 415, CALLER
    message = "The body's Content-Encoding is not supported."
    remedy = "Send the body as it is, or as gzip or deflate."


class CallbackUnknown(ServingError):
    code, status, fault = "callback_unknown", 400, CALLER
    message = "The key's owner has no active webhook endpoint of that name."
    remedy = "Make one with POST /api/v1/webhooks on the control plane, or see there why it was switched off."


class KeyMissing(ServingError):
    code, status, fault = "key_missing", 401, CALLER
    message = "No API key was sent."
    remedy = "Send `Authorization: Bearer <key>` or `X-Api-Key: <key>`."


class KeyUnknown(ServingError):
    code, status, fault = "key_unknown", 401, CALLER
    message = "The API key is not known."
    remedy = "Check the key for missing characters, or make a new one."


class KeyRevoked(ServingError):
    code, status, fault = "key_revoked", 403, CALLER
    message = "The API key has been revoked."
    remedy = "Use another key, or ask its owner for a new one."


class KeyExpired(ServingError):
    code, status, fault = "key_expired", 403, CALLER
    message = "The API key has expired."
    remedy = "Make a new key."


class KeyNotAllowed(ServingError):
    code, status, fault = "key_not_allowed", 403, CALLER
    message = "The API key does not open this deployment."
    remedy = "Use a key with the scope `infer` that names this deployment or none."


class ModelUnknown(ServingError):
    code, status, fault = "model_unknown", 404, CALLER
    message = "There is no such deployment."
    remedy = "GET /v2/models lists the deployments your key opens."

    @classmethod
    def named(cls, name: str) -> "ModelUnknown":
        """Begins as Triton's own message does: its clients' examples look for that."""
        return cls(f"Request for unknown model: there is no deployment '{name[:100]}'.")


class VersionUnknown(ServingError):
    code, status, fault = "version_unknown", 404, CALLER
    message = "The deployment does not serve that version."
    remedy = "Leave the version out, or take one listed in GET /v2/models/<name>."


class RequestUnknown(ServingError):
    code, status, fault = "request_unknown", 404, CALLER
    message = "Your key has sent no such request, or its answer is no longer kept."
    remedy = "Check the id; answers are kept for a day. Ask with the key that sent the request."


class RequestCancelled(ServingError):
    code, status, fault = "request_cancelled", 410, CALLER
    message = "The request was given up before it had an answer."
    remedy = "Send it again if it is wanted after all."


class RequestFinished(ServingError):
    code, status, fault = "request_finished", 409, CALLER
    message = "The request already has its answer."
    remedy = "Fetch it from the request's address with /result."


class PathUnknown(ServingError):
    code, status, fault = "path_unknown", 404, CALLER
    message = "There is nothing at this address."
    remedy = "GET /v2 tells what the gateway speaks."


class MethodNotAllowed(ServingError):
    code, status, fault = "method_not_allowed", 405, CALLER
    message = "This address does not take that method."
    remedy = "Use GET for health and metadata, POST for infer."

    def __init__(self, message: str | None = None, allow: str = "GET, HEAD, POST") -> None:
        super().__init__(message)
        self.allow = allow  # as HTTP's header of that name


class ManagedByRevisions(ServingError):
    code, status, fault = "managed_by_revisions", 409, CALLER
    message = "Deployments are not loaded or unloaded by their clients."
    remedy = "Request a revision: POST /api/v1/deployments/<name>/revisions on the control plane."


class NotSupported(ServingError):
    code, status, fault = "not_supported", 501, CALLER
    message = "The gateway does not offer this extension of the protocol."
    remedy = "GET /v2 lists the extensions offered."


# The platform's


class TooBusy(ServingError):
    code, status, fault = "too_busy", 429, PLATFORM
    message = "As many requests are under way as the gateway may hold."
    remedy = "Wait as long as Retry-After says and send it again; add replicas if this happens often."
    retry_after = 1


class TooManyConnections(ServingError):
    code, status, fault = "too_many_connections", 503, PLATFORM
    message = "As many connections are open as the gateway may hold."
    remedy = "Send many requests over one connection; try again shortly; add gateways if this happens often."
    retry_after = 1


class NotReady(ServingError):
    code, status, fault = "not_ready", 503, PLATFORM
    message = "The deployment has no revision that takes traffic."
    remedy = "Wait until its rollout is approved and its replicas are ready: GET /v2/models/<name>/ready."
    retry_after = 5


class RoutingMissing(ServingError):
    code, status, fault = "routing_missing", 503, PLATFORM
    message = "The gateway has not received any routing yet."
    remedy = "Wait until the control plane has published it; the operator should look at the control worker."
    retry_after = 2


class QueueAway(ServingError):
    code, status, fault = "queue_away", 503, PLATFORM
    message = "The request queue (Valkey) cannot be reached."
    remedy = "Try again shortly; the gateway reconnects by itself."
    retry_after = 1


class QueueFull(ServingError):
    code, status, fault = "queue_full", 503, PLATFORM
    message = "The request queue (Valkey) takes no more work."
    remedy = "Try again shortly; the operator should look at Valkey's memory and disk."
    retry_after = 2


class DeadlinePassed(ServingError):
    code, status, fault = "deadline_passed", 504, PLATFORM
    message = "No answer came within the time limit."
    remedy = "Try again, allow more time, or add replicas."


class OwnDeadlinePassed(ServingError):
    """The same where the limit that passed is the request's own: whoever sets it too short has nobody to blame."""

    code, status, fault = "own_deadline_passed", 504, CALLER
    message = "No answer came within the time limit that the request sets."
    remedy = "Allow more time in the parameter `timeout` (microseconds), or leave it out."


# The model's


class ModelFailed(ServingError):
    code, status, fault = "model_failed", 500, MODEL
    message = "The model failed on this request."
    remedy = "Give the model's owner this message; the replica's log has the whole traceback."


class ModelOutputWrong(ServingError):
    code, status, fault = "model_output_wrong", 500, MODEL
    message = "The model's answer does not fit what its manifest declares."
    remedy = "The model's owner has to mend the handler or the manifest."


class ModelCrashed(ServingError):
    code, status, fault = "model_crashed", 500, MODEL
    message = "Every replica that took this request died of it."
    remedy = "Do not send it again; give it to the model's owner."


def _table() -> dict[str, type[ServingError]]:
    classes: list[type[ServingError]] = [ServingError, *ServingError.__subclasses__()]
    return {each.code: each for each in classes}


BY_CODE: Final = _table()


def revive(code: str, message: str) -> ServingError:
    """The error a replica reported; an unknown code (a newer replica's) becomes the general one."""
    return BY_CODE.get(code, ServingError)(message)
