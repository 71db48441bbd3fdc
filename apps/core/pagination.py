"""Lists come newest first and are paged by cursor, so a page never shifts while new rows arrive."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from apps.core.errors import CallerError


class InvalidCursor(CallerError):
    code = "invalid_cursor"
    remedy = "Begin with the first page, without a cursor, and follow each answer's 'next' as it is."


class NewestFirst(CursorPagination):
    ordering: str | tuple[str, ...] = "-pk"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        meta, name = queryset.model._meta, self._first_ordering()
        self._key: Field[Any, Any] = meta.pk if name == "pk" else meta.get_field(name)
        return super().paginate_queryset(queryset, request, view)

    def _first_ordering(self) -> str:
        """The field by which rows are ordered first, and so what a cursor holds."""
        first = self.ordering if isinstance(self.ordering, str) else self.ordering[0]
        return first.lstrip("-")

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Where the page begins; a position that no row can have is refused before the database sees it."""
        try:
            cursor = super().decode_cursor(request)
            if cursor and cursor.position is not None:
                self._key.to_python(cursor.position)
        except (NotFound, ValidationError) as error:
            raise InvalidCursor("This cursor is not one that a list gave.") from error
        return cursor
