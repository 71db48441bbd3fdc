"""Training in the admin: jobs to look at and cancel, evaluations and retraining to read, gate policies to
change."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.admin import AuditedAdmin, ReadOnlyAdmin
from apps.core.errors import QuartetError
from apps.core.permissions import actor_of
from apps.training.access import job_to_cancel
from apps.training.models import Evaluation, GatePolicy, RetrainPolicy, RetrainTrigger, TrainingJob
from apps.training.rules.evaluation import clauses_fault
from apps.training.services import job_cancel


@admin.register(TrainingJob)
class TrainingJobAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "state", "step", "node", "requested_by", "requested_at")
    list_filter = ("state", "recipe")
    list_select_related = ("parent__model", "dataset__dataset", "requested_by")
    search_fields = ("parent__model__name", "dataset__dataset__name")
    actions = ("cancel",)

    @admin.action(description="Cancel the selected training jobs", permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[TrainingJob]) -> None:
        """Cancel each; what stands against it is said."""
        for job in queryset:
            try:
                job_cancel(actor=actor_of(request), job=job_to_cancel(actor_of(request), job.pk))
                messages.success(request, f"{job}: cancelled.")
            except QuartetError as error:
                messages.error(request, f"{job}: {error.message}")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Whoever may start jobs."""
        return request.user.has_perm("training.run_trainingjob")


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "passed", "created_at")
    list_filter = ("passed",)
    list_select_related = ("candidate__model", "champion__model", "dataset__dataset")


class GatePolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # only the stubs take arguments
    def clean_clauses(self) -> Any:
        """Clauses that the rules can read."""
        clauses = self.cleaned_data["clauses"]
        if fault := clauses_fault(clauses):
            raise forms.ValidationError(fault)
        return clauses


@admin.register(GatePolicy)
class GatePolicyAdmin(AuditedAdmin):
    form = GatePolicyForm
    list_display = ("model", "clauses")
    list_select_related = ("model",)


@admin.register(RetrainPolicy)
class RetrainPolicyAdmin(ReadOnlyAdmin):
    """To read: it runs in the name of who set it, so each sets their own, over REST."""

    list_display = ("deployment", "enabled", "recipe", "least_labels", "cooldown_s", "strategy", "set_by", "changed_at")
    list_select_related = ("deployment", "set_by")


@admin.register(RetrainTrigger)
class RetrainTriggerAdmin(ReadOnlyAdmin):
    list_display = ("deployment", "kind", "state", "why", "reason", "actor", "fired_at")
    list_filter = ("state", "kind", "deployment")
    list_select_related = ("deployment", "actor")
    exclude = ("looking_until", "event_id")
