"""Names of the queues that are not the default one."""


def node_queue(node: str) -> str:
    """The queue that only the accelerator worker on `node` reads."""
    return f"node.{node}"


def training_queue(node: str) -> str:
    """The queue of training jobs that only the accelerator worker on `node` reads."""
    return f"train.{node}"
