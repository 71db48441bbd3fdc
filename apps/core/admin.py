"""The audit trail in the admin: to read, never to change. Accounts and groups: to change, each act in the trail."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.core import audit
from apps.core.form_changes import changes_told, contents_told
from apps.core.models import AuditEntry, OutboxEvent, User
from apps.core.permissions import actor_of

admin.site.unregister(Group)


class ReadOnlyAdmin(ModelAdmin):
    """For rows that only services may write."""

    def has_add_permission(self, request: HttpRequest, *args: object) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    """The same for rows on the page of what they belong to."""

    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


class AuditedAdmin(ModelAdmin):
    """For rows that decide who may do what: adding, changing and deleting one each leave an audit entry.

    The actions are `<model>.created`, `.changed` and `.deleted`; each has its sentence in apps/console/sentences.py.
    """

    def audit_name(self, obj: Model) -> str:
        """What the audit trail calls `obj`, after `<model>:`."""
        return str(obj)

    def audit_record(self, request: HttpRequest, obj: Model, did: str, **detail: str) -> None:
        """Append what the person behind `request` did to `obj`."""
        kind = self.opts.model_name
        audit.record(actor=actor_of(request), action=f"{kind}.{did}", target=f"{kind}:{self.audit_name(obj)}", **detail)

    def save_related(self, request: HttpRequest, form: "ModelForm[Any]", formsets: Any, change: bool) -> None:
        """The last step of adding and changing; only now are memberships written, which matter most."""
        super().save_related(request, form, formsets, change)
        if not change:
            self.audit_record(request, form.instance, "created", changes=contents_told(form))
        elif changes := changes_told(form):
            self.audit_record(request, form.instance, "changed", changes=changes)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.audit_record(request, obj, "deleted")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():  # Django opens one for every other act, not for this
            for obj in queryset:
                self.audit_record(request, obj, "deleted")
            super().delete_queryset(request, queryset)


@admin.register(User)
class QuartetUserAdmin(UserAdmin, AuditedAdmin):  # type: ignore[type-arg]  # only the stubs take arguments
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Service account", {"fields": ("owner",)}))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes their own account: the entry that says so would have nobody to name."""
        return obj != request.user and bool(super().has_delete_permission(request, obj))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """The page that sets another's password, or takes it away; the trail tells that, not which."""
        with transaction.atomic():
            before = self.get_object(request, unquote(id))
            response = super().user_change_password(request, id, form_url)
            after = self.get_object(request, unquote(id))
            if before and after and before.password != after.password:
                self.audit_record(request, after, "password_changed")
        return response


@admin.register(Group)
class QuartetGroupAdmin(GroupAdmin, AuditedAdmin):
    pass


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("sequence", "at", "actor_name", "action", "target")
    list_filter = ("action",)
    search_fields = ("actor_name", "action", "target")


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "name", "attempts", "done_at", "last_error")
    list_filter = ("name",)
