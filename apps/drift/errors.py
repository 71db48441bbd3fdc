"""What can be wrong with a reference profile."""

from apps.core.errors import Conflict, QuartetError


class ProfileUnknownSchema(QuartetError):
    code = "profile_unknown_schema"
    remedy = "Build the version's reference profile anew with this release."


class ProfileMalformed(QuartetError):
    code = "profile_malformed"
    remedy = "Build the version's reference profile anew; this one was damaged or written by hand."


class RunNotDone(Conflict):
    code = "run_not_done"
    remedy = "Wait until the run is done; a run that failed says why."
