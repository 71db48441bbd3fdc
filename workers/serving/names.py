"""Every key the hot path uses in Valkey. Nobody else spells these strings."""

PREFIX = "quartet:"

#: String: the newest RoutingSnapshot as JSON. Also the channel its number is published on, after the SET.
ROUTING = PREFIX + "routing"

#: Bytes of it by which a look tells whether it is another: its number and the time of its publication come first, and
#: the whole is large where there are many deployments.
ROUTING_BEGINNING = 96

#: Stream: one entry a gateway each half second; field ``m`` holds JSON (see metrics_stream.py).
METRICS = PREFIX + "metrics"

#: Consumer group of every stage stream; a consumer's name is its replica's id.
GROUP = "replicas"

#: Field of a stage stream's entry: one request (wire.Message), or the parts of one where stages join.
MESSAGE_FIELD = b"m"

#: Field before it: how many samples it holds, where that is not one.
SAMPLES_FIELD = b"n"

#: Field of a reply stream's entry: the answers of one batch (list of wire.Reply).
REPLIES_FIELD = b"r"


#: Stream: ids of the requests that are answered later, until each is.
LATER = PREFIX + "later"

#: Its consumer group; a consumer's name is its gateway's id.
LATER_GROUP = "gateways"


#: Stream: news of requests answered later whose callers asked to be told, until they are written down for delivery;
#: field ``m`` holds JSON (see later/news.py).
FINISHED = PREFIX + "finished"


def later_key(request: str) -> str:
    """Hash: one request that is answered later, and then its answer."""
    return f"{PREFIX}later:{request}"


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


#: Priorities of a request. Each stage stream has two sisters: what waits there comes before or after what waits in it.
NORMAL, HIGH, LOW = 0, 1, 2
_SISTERS = {NORMAL: "", HIGH: ":high", LOW: ":low"}


def sister(stream: str, priority: int) -> str:
    """The stream of a stage for this priority."""
    return stream + _SISTERS[priority]


def sisters(stream: str) -> tuple[str, str, str]:
    """All three streams of a stage, the most urgent first."""
    return sister(stream, HIGH), stream, sister(stream, LOW)


def join_key(gateway: str, request: int, hop: int) -> str:
    """Hash: what has come so far of the parts that one hop of one request waits for; expires with its deadline."""
    return f"{PREFIX}join:{gateway}:{request}:{hop}"


#: Stream: records of predictions, until they are in the database; field ``m`` holds msgpack (see record.py).
PREDICTIONS = PREFIX + "predictions"

#: Counter: predictions that were not put into it, as it was full.
PREDICTIONS_DROPPED = PREFIX + "predictions:dropped"

#: Stream: inputs of predictions that are to be kept, until they are in the asset store; msgpack likewise.
KEPT = PREFIX + "kept"

#: Counter: predictions whose inputs were not put into it, as it was full.
KEPT_DROPPED = PREFIX + "kept:dropped"


def mirrors_key(deployment: str, revision: int) -> str:
    """Hash: how many requests gateways mirrored to this revision (`sent`) and how many they had to drop (`dropped`)."""
    return f"{PREFIX}mirrors:{deployment}:{revision}"
