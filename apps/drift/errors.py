"""What can be wrong with reference profiles, policies and runs."""

from apps.core.errors import CallerError, Conflict, QuartetError


class ProfileUnknownSchema(QuartetError):
    code = "profile_unknown_schema"
    status = 422
    fault = "caller"
    remedy = "Build the version's reference profile anew with this release."


class ProfileMalformed(QuartetError):
    code = "profile_malformed"
    status = 422
    fault = "caller"
    remedy = "Build the version's reference profile anew; this one was damaged or written by hand."


class ProfileTooLarge(CallerError):
    code = "profile_too_large"
    status = 413
    remedy = "Keep fewer values of each signal: a profile that is built by this release is bounded."


class TooFewPredictions(CallerError):
    code = "too_few_predictions"
    status = 422
    remedy = "Wait for more predictions, or have more inputs kept: record.rate of the revision says how many."


class BadPolicy(CallerError):
    code = "bad_drift_policy"
    remedy = "Correct the drift policy and send it again."


class NothingLive(Conflict):
    code = "nothing_live"
    remedy = "Bring a revision live first; drift is looked for in what it answers."


class NoReferenceProfile(Conflict):
    code = "no_reference_profile"
    remedy = (
        "Give the version a reference profile: reference.json in its artifact, "
        "PUT /api/v1/models/{model}/versions/{version}/reference, or POST there to build one of recorded predictions."
    )


class RunUnderWay(Conflict):
    code = "drift_run_under_way"
    remedy = "Wait until it is done; it takes some seconds."


class RunNotDone(Conflict):
    code = "run_not_done"
    remedy = "Wait until the run is done; a run that failed says why."
