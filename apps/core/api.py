"""The one shape of every REST error: {"error": {"code", "message", "fault", "remedy", "details"}}."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from psycopg import errors
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from apps.core.errors import CallerError, Forbidden, NotAuthenticated, NotFound, QuartetError


class Unavailable(QuartetError):
    code = "database_unavailable"
    status = 503
    remedy = "Nothing was written. Try again in a few seconds."


class Collided(QuartetError):
    code = "collided"
    status = 503
    remedy = "Nothing was written. Try again."


#: What PostgreSQL raises to let one of two transactions go on that wait for each other.
_COLLISIONS = (errors.DeadlockDetected, errors.SerializationFailure)


def error_response(exception: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER: None for what is a bug, so that it is logged whole."""
    if isinstance(exception, OperationalError):
        exception = _of_the_database(exception)
    if isinstance(exception, QuartetError):
        set_rollback()
        return Response(exception.as_dict(), status=exception.status, headers=_headers(exception))
    response = exception_handler(exception, context)
    if response is not None:
        response.data = _translated(exception, response).as_dict()
    return response


def _of_the_database(error: OperationalError) -> QuartetError:
    if isinstance(error.__cause__, _COLLISIONS):
        return Collided("This change and another one at the same moment stood in each other's way.")
    return Unavailable("The database cannot be reached.")


def _headers(error: QuartetError) -> dict[str, str]:
    if error.status == 401:
        return {"WWW-Authenticate": "Bearer"}
    return {"Retry-After": "2"} if error.status == 503 else {}


def _translated(exception: Exception, response: Response) -> QuartetError:
    if isinstance(exception, (exceptions.NotAuthenticated, exceptions.AuthenticationFailed)):
        return NotAuthenticated(str(exception.detail))
    if isinstance(exception, (exceptions.PermissionDenied, PermissionDenied)):
        return Forbidden(str(exception) or "This is not allowed.")
    if isinstance(exception, (exceptions.NotFound, Http404)):
        return NotFound("There is nothing at this address.")
    if isinstance(exception, exceptions.ValidationError):
        return CallerError(_first_sentence(exception.detail), fields=exception.get_full_details())
    error = CallerError(str(getattr(exception, "detail", exception)))
    error.__dict__["code"] = getattr(exception, "default_code", "invalid")
    return error


def _first_sentence(detail: Any, path: str = "") -> str:
    """The first complaint with the field it is about: `version: A valid integer is required.`"""
    if isinstance(detail, dict):
        key, value = next(iter(detail.items()))
        return _first_sentence(value, path if key == "non_field_errors" else f"{path}.{key}".lstrip("."))
    if isinstance(detail, list):
        return _first_sentence(detail[0], path)
    return f"{path}: {detail}" if path else str(detail)
