"""REST addresses of deployments, replicas and nodes."""

from django.urls import path

from apps.deployments.api.rollouts import (
    RolloutAbort,
    RolloutList,
    RolloutOne,
    RolloutPause,
    RolloutPromote,
    RolloutResume,
)
from apps.deployments.api.views import (
    DeploymentDetail,
    DeploymentList,
    DeploymentRollback,
    MutedInputList,
    MutedInputOne,
    NodeList,
    ReplicaList,
    RevisionList,
    RevisionOne,
)

urlpatterns = [
    path("deployments", DeploymentList.as_view(), name="deployment-list"),
    path("deployments/<slug:name>", DeploymentDetail.as_view(), name="deployment-detail"),
    path("deployments/<slug:name>/rollback", DeploymentRollback.as_view(), name="deployment-rollback"),
    path("deployments/<slug:name>/muted-inputs", MutedInputList.as_view(), name="muted-input-list"),
    path("deployments/<slug:name>/muted-inputs/<slug:input>", MutedInputOne.as_view(), name="muted-input"),
    path("deployments/<slug:name>/revisions", RevisionList.as_view(), name="revision-list"),
    path("deployments/<slug:name>/revisions/<int:number>", RevisionOne.as_view(), name="revision-detail"),
    path("rollouts", RolloutList.as_view(), name="rollout-list"),
    path("rollouts/<int:rollout_id>", RolloutOne.as_view(), name="rollout-detail"),
    path("rollouts/<int:rollout_id>/promote", RolloutPromote.as_view(), name="rollout-promote"),
    path("rollouts/<int:rollout_id>/pause", RolloutPause.as_view(), name="rollout-pause"),
    path("rollouts/<int:rollout_id>/resume", RolloutResume.as_view(), name="rollout-resume"),
    path("rollouts/<int:rollout_id>/abort", RolloutAbort.as_view(), name="rollout-abort"),
    path("replicas", ReplicaList.as_view(), name="replica-list"),
    path("nodes", NodeList.as_view(), name="node-list"),
]
