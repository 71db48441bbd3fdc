"""Every key the hot path uses in Valkey. Nobody else spells these strings."""

PREFIX = "quartet:"

#: String: the newest RoutingSnapshot as JSON. Also the channel its number is published on, after the SET.
ROUTING = PREFIX + "routing"

#: Stream: one entry a gateway each half second; field ``m`` holds JSON (see metrics_stream.py).
METRICS = PREFIX + "metrics"

#: Consumer group of every stage stream; a consumer's name is its replica's id.
GROUP = "replicas"

#: Field of a stage stream's entry: one request (wire.Message).
MESSAGE_FIELD = b"m"

#: Field of a reply stream's entry: the answers of one batch (list of wire.Reply).
REPLIES_FIELD = b"r"


def stage_stream(deployment: str, revision: int, stage: str) -> str:
    """Requests waiting for, or being worked on by, the replicas of one stage of one revision."""
    return f"{PREFIX}stage:{deployment}:{revision}:{stage}"


def reply_stream(gateway: str) -> str:
    """Answers on their way back to one gateway process."""
    return f"{PREFIX}reply:{gateway}"


def gateway_key(gateway: str) -> str:
    """What one gateway routes by: ``{"snapshot": number, "at": unix seconds}``; expires when the gateway dies."""
    return f"{PREFIX}gateway:{gateway}"


def replica_key(replica: str) -> str:
    """A replica's heartbeat; when it expires, the replica's unanswered entries are anyone's to claim."""
    return f"{PREFIX}replica:{replica}"
