"""What an administrator may change of a model."""

from django import forms
from django.core.exceptions import ValidationError

from apps.registry.errors import BadName
from apps.registry.models import RegisteredModel
from apps.registry.rules import names


class ProtectionForm(forms.ModelForm):  # type: ignore[type-arg]  # only the stubs take arguments
    """Which aliases move only with an approval."""

    class Meta:
        model = RegisteredModel
        fields = ["protected_aliases"]

    def clean_protected_aliases(self) -> list[str]:
        """Each by a name that an alias may have, once."""
        try:
            return sorted({names.alias_name(name) for name in self.cleaned_data["protected_aliases"]})
        except BadName as error:
            raise ValidationError(f"{error.message} {error.remedy}") from error
