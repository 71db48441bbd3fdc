"""What the registry's views share."""

from rest_framework.views import APIView

from apps.core.models import User


class RegistryView(APIView):
    """A view whose writes a key may do with the scope `models:write`."""

    write_scope = "models:write"

    @property
    def actor(self) -> User:
        """Who asks; the permission class let nobody in without a name."""
        assert isinstance(self.request.user, User)
        return self.request.user
