"""REST addresses of training."""

from django.urls import path

from apps.training import api

urlpatterns = [
    path("training/recipes", api.RecipeList.as_view(), name="recipe-list"),
    path("training/datasets", api.DatasetFreeze.as_view(), name="dataset-freeze"),
    path("training/jobs", api.JobList.as_view(), name="job-list"),
    path("training/jobs/<uuid:pk>", api.JobDetail.as_view(), name="job-detail"),
    path("training/jobs/<uuid:pk>/cancel", api.JobCancel.as_view(), name="job-cancel"),
    path("training/policies/<slug:name>", api.PolicyDetail.as_view(), name="retrain-policy"),
    path("training/triggers", api.TriggerList.as_view(), name="retrain-trigger-list"),
    path("training/triggers/<int:pk>", api.TriggerDetail.as_view(), name="retrain-trigger"),
    path("deployments/<slug:name>/retrain", api.DeploymentRetrain.as_view(), name="retrain"),
    path("training/gates", api.GatesList.as_view(), name="gates-list"),
    path("training/gates/<slug:name>", api.GatesDetail.as_view(), name="gates-detail"),
    path("training/evaluations", api.EvaluationList.as_view(), name="evaluation-list"),
    path("training/evaluations/<int:pk>", api.EvaluationDetail.as_view(), name="evaluation-detail"),
]
