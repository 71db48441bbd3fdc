"""REST addresses of API keys, predictions and feedback."""

from django.urls import path

from apps.inference.api.keys import KeyDetail, KeyList, KeyRotate
from apps.inference.api.predictions import FeedbackMany, FeedbackOne, PredictionDetail, PredictionList, SubjectDetail

urlpatterns = [
    path("keys", KeyList.as_view(), name="key-list"),
    path("keys/<int:key_id>", KeyDetail.as_view(), name="key-detail"),
    path("keys/<int:key_id>/rotate", KeyRotate.as_view(), name="key-rotate"),
    path("predictions", PredictionList.as_view(), name="prediction-list"),
    path("predictions/<uuid:prediction>", PredictionDetail.as_view(), name="prediction-detail"),
    path("predictions/<uuid:prediction>/feedback", FeedbackOne.as_view(), name="prediction-feedback"),
    path("feedback", FeedbackMany.as_view(), name="feedback"),
    path("subjects/<path:subject>", SubjectDetail.as_view(), name="subject"),
]
