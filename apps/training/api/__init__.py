"""The REST edge: questions, answers and the views between them."""

from apps.training.api.gates import GatesDetail, GatesList
from apps.training.api.retraining import DeploymentRetrain, PolicyDetail, TriggerDetail, TriggerList
from apps.training.api.views import (
    DatasetFreeze,
    EvaluationDetail,
    EvaluationList,
    JobCancel,
    JobDetail,
    JobList,
    RecipeList,
)

__all__ = [
    "DatasetFreeze",
    "DeploymentRetrain",
    "EvaluationDetail",
    "EvaluationList",
    "GatesDetail",
    "GatesList",
    "JobCancel",
    "JobDetail",
    "JobList",
    "PolicyDetail",
    "RecipeList",
    "TriggerDetail",
    "TriggerList",
]
