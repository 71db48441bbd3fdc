"""What can be wrong with a reference profile."""

from apps.core.errors import QuartetError


class ProfileUnknownSchema(QuartetError):
    code = "profile_unknown_schema"
    remedy = "Build the version's reference profile anew with this release."


class ProfileMalformed(QuartetError):
    code = "profile_malformed"
    remedy = "Build the version's reference profile anew; this one was damaged or written by hand."
