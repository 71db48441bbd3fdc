"""`manage.py audit_verify`: is the audit chain whole?"""

import re
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core import audit
from apps.core.rules import Head


class Command(BaseCommand):
    help = (
        "Recompute the hash of every audit entry and compare; exits 1 where one was changed, removed or put elsewhere, "
        "or where the end is cut off. Prints the chain's head: kept where nobody who writes to the database can reach "
        "it, and given back as --head, it finds a chain rewritten as a whole, which nothing inside the database can."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--head", type=_head, help="what an earlier run printed, as 1234:<64 hex digits>")

    def handle(self, *args: Any, **options: Any) -> None:
        broken = audit.first_break(options["head"])
        if broken is not None:
            raise CommandError(f"The audit chain breaks at entry {broken.sequence}. {broken.words}", returncode=1)
        here = audit.head()
        self.stdout.write(f"The audit chain is whole: {here.sequence} entries.")
        self.stdout.write(f"head {here.sequence}:{here.hash}")


def _head(text: str) -> Head:
    if not re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", text):
        raise ArgumentTypeError("a head is a number, a colon and 64 hex digits")
    sequence, _, its_hash = text.partition(":")
    return Head(int(sequence), its_hash)
