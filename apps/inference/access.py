"""The only door to API keys and predictions: fetching one and checking the right to it are one act."""

from collections.abc import Sequence
from uuid import UUID

from apps.core.errors import NotAuthenticated, NotFound
from apps.core.models import User
from apps.deployments.access import deployment_for
from apps.deployments.models import Deployment
from apps.inference import rules
from apps.inference.errors import KeyRefused, OtherDeployment
from apps.inference.models import ApiKey, KeptInput, Prediction
from apps.inference.rules.ids import moment


def key_presented(text: str) -> ApiKey:
    """The key whose text this is. Unknown: NotAuthenticated. Revoked or expired: KeyRefused, saying since when."""
    key = ApiKey.objects.select_related("user").filter(hash=rules.key_hash(text.strip())).first()
    if key is None:
        raise NotAuthenticated("This API key is not known.")
    if refusal := key.refusal():
        raise KeyRefused(refusal)
    return key


def deployment_allowed(allowed: Sequence[str], deployment: str) -> OtherDeployment | None:
    """Why a key for the `allowed` deployments (empty for every one) has no say in this one, or None."""
    if not allowed or deployment in allowed:
        return None
    return OtherDeployment(f"This key is for {', '.join(allowed)}, and this is of another deployment.")


def deployment_to_judge(actor: User, allowed: Sequence[str], name: str) -> Deployment:
    """The deployment, for who may read its predictions: anybody signed in, a key for its deployments only."""
    if refusal := deployment_allowed(allowed, name):
        raise refusal
    return deployment_for(actor, name)


def prediction_for(allowed: Sequence[str], prediction: UUID) -> Prediction:
    """The prediction with this id, to read: anybody signed in may, a key for its deployments only."""
    at = moment(prediction)
    found = Prediction.objects.filter(at=at, id=prediction).first() if at else None
    if found is None:
        raise NotFound(f"There is no prediction {prediction}.", remedy="Recording it may take some seconds.")
    if refusal := deployment_allowed(allowed, found.deployment):
        raise refusal
    return found


def kept_for(actor: User, prediction: UUID, name: str, sample: int) -> KeptInput:
    """The kept input, to see: for who may read its deployment."""
    kept = KeptInput.objects.select_related("asset")
    found = kept.filter(prediction=prediction, input=name, sample=sample).first()
    if found is None:
        raise NotFound("This input is not kept, or no longer.", remedy="Retention, or who it is about, took it away.")
    deployment_for(actor, found.deployment)
    return found


def key_own(actor: User, key_id: int) -> ApiKey:
    """The actor's own key, locked. A superuser is given nobody else's: its text would let them act as another."""
    key = ApiKey.objects.select_for_update(of=("self",)).select_related("user").filter(user=actor, pk=key_id).first()
    if key is None:
        raise NotFound(f"You have no API key {key_id}.")
    return key


def key_for(actor: User, key_id: int) -> ApiKey:
    """The key with this id: the actor's own, or anybody's for a superuser."""
    keys = ApiKey.objects.select_related("user")
    key = (keys if actor.is_superuser else keys.filter(user=actor)).filter(pk=key_id).first()
    if key is None:
        raise NotFound(f"You have no API key {key_id}.")
    return key
