"""REST addresses of approvals."""

from django.urls import path

from apps.approvals.api import ApprovalDetail, ApprovalList, CommentCreate, DecisionCreate

urlpatterns = [
    path("approvals", ApprovalList.as_view(), name="approval-list"),
    path("approvals/<uuid:pk>", ApprovalDetail.as_view(), name="approval-detail"),
    path("approvals/<uuid:pk>/decisions", DecisionCreate.as_view(), name="approval-decide"),
    path("approvals/<uuid:pk>/comments", CommentCreate.as_view(), name="approval-comment"),
]
