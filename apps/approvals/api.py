"""Approval requests over REST."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.approvals.access import request_to_read
from apps.approvals.models import KINDS, ApprovalRequest, Comment, Decision
from apps.approvals.selectors import approvals_given, approvals_required, request_overdue, requests_list
from apps.approvals.services import comment_add, decision_record
from apps.core.permissions import actor_of


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    reviewer = serializers.CharField(source="reviewer.username", read_only=True)

    class Meta:
        model = Decision
        fields = ["reviewer", "verdict", "comment", "at"]
        read_only_fields = ["at"]


class CommentSerializer(serializers.ModelSerializer[Comment]):
    author = serializers.CharField(source="author.username", read_only=True)

    class Meta:
        model = Comment
        fields = ["author", "text", "at"]
        read_only_fields = ["at"]


class ApprovalRequestSerializer(serializers.ModelSerializer[ApprovalRequest]):
    requested_by = serializers.CharField(source="requested_by.username")
    approvals_required = serializers.SerializerMethodField()
    approvals_given = serializers.SerializerMethodField()
    reviewers = serializers.CharField(
        source="reviewers.name", allow_null=True, default=None, help_text="The group whose members may decide, if any."
    )
    decisions = DecisionSerializer(many=True)
    comments = CommentSerializer(many=True)

    class Meta:
        model = ApprovalRequest
        fields = [
            *("id", "kind", "subject_id", "scope", "summary", "evidence", "digest", "evidence_digest", "requested_by"),
            *("approvals_required", "approvals_given", "reviewers", "state", "state_reason"),
            *("opened_at", "expires_at", "closed_at", "decisions", "comments"),
        ]

    def get_approvals_required(self, request: ApprovalRequest) -> int:
        """By the policy when it was asked, and by the present one while it is open."""
        return approvals_required(request)

    def get_approvals_given(self, request: ApprovalRequest) -> int:
        """While it is open those that count: by people who may decide still."""
        return approvals_given(request)

    def to_representation(self, request: ApprovalRequest) -> dict[str, Any]:
        """One whose time is over says so, although housekeeping has not come by yet."""
        shown: dict[str, Any] = super().to_representation(request)
        return shown | ({"state": ApprovalRequest.State.EXPIRED.value} if request_overdue(request) else {})


class ApprovalQuestion(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=ApprovalRequest.State.choices, required=False)
    kind = serializers.ChoiceField(choices=KINDS, required=False)
    subject_id = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class ApprovalList(generics.ListAPIView[ApprovalRequest]):
    """Every approval request, newest first."""

    queryset = ApprovalRequest.objects.none()
    serializer_class = ApprovalRequestSerializer

    def get_queryset(self) -> Any:
        asked = ApprovalQuestion(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return requests_list(**asked.validated_data)

    @extend_schema(parameters=[ApprovalQuestion])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List approval requests: all, or those in one state or about one thing."""
        return super().get(request, *args, **kwargs)


class ApprovalDetail(APIView):
    """One approval request with its decisions and comments."""

    @extend_schema(responses=ApprovalRequestSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Show an approval request."""
        return Response(ApprovalRequestSerializer(request_to_read(actor_of(request), pk)).data)


class DecisionCreate(APIView):
    """Decide a request. Whoever asked cannot."""

    write_scope = "approvals:write"

    @extend_schema(request=DecisionSerializer, responses=ApprovalRequestSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Approve or reject."""
        data = DecisionSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        decided = decision_record(actor=actor_of(request), request_id=pk, **data.validated_data)
        return Response(ApprovalRequestSerializer(decided).data)


class CommentCreate(APIView):
    """Talk about a request. A comment decides nothing."""

    write_scope = "approvals:write"

    @extend_schema(request=CommentSerializer, responses={201: CommentSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Say something about a request."""
        data = CommentSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        comment = comment_add(actor=actor_of(request), request_id=pk, **data.validated_data)
        return Response(CommentSerializer(comment).data, status=201)
