"""What can be wrong with what a gateway reports."""

from apps.core.errors import QuartetError


class MalformedEntry(QuartetError):
    code = "malformed_metrics"
    remedy = "The gateway and the ingest process must be of one release; restart the older."
