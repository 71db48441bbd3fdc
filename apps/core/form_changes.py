"""A submitted form in words, for the audit trail. Whatever is called a password is left out."""

from typing import Any

from django.db.models import QuerySet
from django.forms import ModelForm


def contents_told(form: "ModelForm[Any]") -> str:
    """What a new row was made with: `kind: rollout; approvals required: 2`."""
    return _joined({name: _plain(value) for name, value in form.cleaned_data.items()})


def changes_told(form: "ModelForm[Any]") -> str:
    """What a saved form changed: `approvals required: 2 → 1; groups: + reviewer`; an empty text when nothing."""
    return _joined(
        {
            name: _change(form.get_initial_for_field(form.fields[name], name), form.cleaned_data[name])
            for name in form.changed_data
        }
    )


def _joined(told: dict[str, str]) -> str:
    return "; ".join(f"{name.replace('_', ' ')}: {text}" for name, text in told.items() if "password" not in name)


def _change(before: Any, after: Any) -> str:
    if not isinstance(after, QuerySet):
        return f"{_plain(before)} → {_plain(after)}"
    had, has = {str(each) for each in before or ()}, {str(each) for each in after}
    return ", ".join([*(f"+ {name}" for name in sorted(has - had)), *(f"- {name}" for name in sorted(had - has))])


def _plain(value: Any) -> str:
    if isinstance(value, QuerySet):
        return ", ".join(sorted(map(str, value))) or "none"
    return "none" if value in (None, "") else str(value)
