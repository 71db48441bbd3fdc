"""Approval requests over REST."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.approvals.models import ApprovalRequest, Decision
from apps.approvals.services import decision_record
from apps.core.permissions import actor_of


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    reviewer = serializers.CharField(source="reviewer.username", read_only=True)

    class Meta:
        model = Decision
        fields = ["reviewer", "verdict", "comment", "at"]
        read_only_fields = ["at"]


class ApprovalRequestSerializer(serializers.ModelSerializer[ApprovalRequest]):
    requested_by = serializers.CharField(source="requested_by.username")
    decisions = DecisionSerializer(many=True)

    class Meta:
        model = ApprovalRequest
        fields = [
            "id",
            "kind",
            "summary",
            "evidence",
            "digest",
            "requested_by",
            "approvals_required",
            "state",
            "opened_at",
            "closed_at",
            "decisions",
        ]


class ApprovalList(generics.ListAPIView[ApprovalRequest]):
    """Every approval request, newest first."""

    queryset = ApprovalRequest.objects.select_related("requested_by").prefetch_related("decisions__reviewer")
    serializer_class = ApprovalRequestSerializer


class ApprovalDetail(generics.RetrieveAPIView[ApprovalRequest]):
    """One approval request with its decisions."""

    queryset = ApprovalList.queryset
    serializer_class = ApprovalRequestSerializer


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
