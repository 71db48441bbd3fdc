"""What a reviewer fills in."""

from django import forms

from apps.approvals.models import Decision


class DecisionForm(forms.Form):
    """A verdict, by which of the two buttons was pressed, and a comment; a refusal needs its reason."""

    verdict = forms.ChoiceField(choices=Decision.Verdict.choices)
    comment = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def clean(self) -> dict[str, str]:
        data = super().clean() or {}
        if data.get("verdict") == Decision.Verdict.REJECT and not data.get("comment"):
            self.add_error("comment", "Say why: the person who asked will read it.")
        return data
