"""REST addresses of webhook endpoints and their deliveries."""

from django.urls import path

from apps.webhooks import api

urlpatterns = [
    path("webhooks", api.EndpointList.as_view(), name="webhook-list"),
    path("webhooks/<int:endpoint_id>", api.EndpointDetail.as_view(), name="webhook-detail"),
    path("webhooks/<int:endpoint_id>/rotate-secret", api.SecretRotate.as_view(), name="webhook-rotate-secret"),
    path("webhooks/<int:endpoint_id>/ping", api.EndpointPing.as_view(), name="webhook-ping"),
    path("webhooks/<int:endpoint_id>/deliveries", api.DeliveryList.as_view(), name="webhook-deliveries"),
    path(
        "webhooks/<int:endpoint_id>/deliveries/<uuid:delivery_id>",
        api.DeliveryDetail.as_view(),
        name="webhook-delivery",
    ),
    path(
        "webhooks/<int:endpoint_id>/deliveries/<uuid:delivery_id>/redeliver",
        api.DeliveryRedeliver.as_view(),
        name="webhook-redeliver",
    ),
]
