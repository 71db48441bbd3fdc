"""The database beside the product, as an operator sees it, and kills whose leases run out at once."""

from typing import Any

import psycopg

from tests.live.product import Product


class Rows:
    """Reads what is written down; writes nothing but that leases are over."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def all(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with psycopg.connect(self._product.stack.environ["DATABASE_URL"]) as connection:
            return connection.execute(query, values).fetchall()

    def told(self, name: str, field: str, value: Any) -> int:
        """Events of a name about one thing."""
        query = "SELECT count(*) FROM core_outboxevent WHERE name = %s AND payload->>%s = %s"
        return int(self.all(query, name, field, str(value))[0][0])

    def kill(self, *processes: str) -> None:
        """kill -9 each, and let the leases of the dead run out, which takes minutes otherwise."""
        for process in processes:
            self._product.kill(process)
        with psycopg.connect(self._product.stack.environ["DATABASE_URL"]) as connection:
            connection.execute("UPDATE core_outboxevent SET due_at = now() WHERE done_at IS NULL")
            connection.execute("UPDATE training_retraintrigger SET looking_until = NULL")
