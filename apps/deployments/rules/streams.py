"""The name of a stage's stream; workers/serving/names.py says the same for the hot path, and a test compares them."""


def stage_stream(deployment: str, revision: int, stage: str) -> str:
    """The Valkey stream from which the replicas of one stage read."""
    return f"quartet:stage:{deployment}:{revision}:{stage}"


#: What a stream's sisters for requests of high and low priority are called.
SISTERS = (":high", ":low")


def with_sisters(stream: str) -> tuple[str, ...]:
    """A stage's three streams, by priority."""
    return (stream, *(stream + sister for sister in SISTERS))
