"""Is this process alive, and can it do its work?"""

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry


def live(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers."""
    return JsonResponse({"live": True})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database and Valkey answer; 503 naming the one that does not."""
    faults = [name for name, probe in (("database", _database), ("valkey", _valkey)) if not probe()]
    return JsonResponse({"ready": not faults, "unreachable": faults}, status=503 if faults else 200)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
        return True
    except Exception:  # a pool time-out is not a Django database error
        return False


def _valkey() -> bool:
    try:
        # Asked once: redis-py's own retries would make a probe outlast whoever asks.
        once = Retry(NoBackoff(), 0)
        with Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, retry=once) as client:
            return bool(client.ping())
    except RedisError:
        return False
