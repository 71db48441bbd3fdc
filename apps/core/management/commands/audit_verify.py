"""`manage.py audit_verify`: is the audit chain whole?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core import audit
from apps.core.models import AuditEntry


class Command(BaseCommand):
    help = "Recompute the hash of every audit entry and compare; exits 1 where the chain breaks."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = audit.first_break()
        if broken is not None:
            raise CommandError(f"The audit chain breaks at entry {broken}: that entry was changed or taken out.")
        self.stdout.write(f"The audit chain is whole: {AuditEntry.objects.count()} entries.")
