"""Does an approval hold where it takes effect? The app that acts on one asks here again, whoever told it."""

from apps.core.errors import FourEyes
from apps.core.models import User

#: The right to decide approval requests.
DECIDE = "approvals.decide_approvalrequest"


def reviewers_fit(*, requester: User, asked: str, reviewers: list[int]) -> list[User]:
    """The reviewers (user ids) in the order given; `asked` names what `requester` asked for.

    Raises FourEyes where they are nobody, not fit, or include the requester or an account of the same person.
    """
    found = User.objects.in_bulk(reviewers)
    if any(user.person_id == requester.person_id for user in found.values()):
        raise FourEyes(f"{requester.get_username()} requested {asked} and so cannot approve it.")
    fit = [u for u in (found.get(pk) for pk in reviewers) if u and u.is_active and u.has_perm(DECIDE)]
    if not fit or len(fit) != len(reviewers):
        named = ", ".join(str(found.get(pk, pk)) for pk in reviewers) or "nobody"
        raise FourEyes(f"Approved by {named}: every reviewer must be active and hold the right to decide.")
    return fit
