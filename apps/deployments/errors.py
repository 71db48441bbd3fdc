"""What can be wrong with a deployment: each error says whose fault it is and what to do."""

from apps.core.errors import CallerError, Conflict, NotFound


class BadDeploymentName(CallerError):
    code = "bad_name"
    remedy = "Use lower-case letters, digits and single hyphens, beginning with a letter; 63 characters at most."


class DeploymentNameTaken(Conflict):
    code = "deployment_name_taken"
    remedy = "Choose another name, or request a revision of the deployment that holds it."


class BadSpec(CallerError):
    code = "bad_spec"
    remedy = "Correct the revision's specification and request it again."


class VersionUnfit(Conflict):
    code = "version_unfit"
    remedy = "Register the version's files again, or deploy another version."


class WillNotFit(CallerError):
    code = "will_not_fit"
    status = 422
    remedy = "Add a node that is large enough, or deploy a smaller version."


class NothingKept(Conflict):
    code = "nothing_kept"
    remedy = "Request a revision with the version that should serve; once approved, its replicas are loaded anew."


class NotByDegrees(Conflict):
    code = "not_by_degrees"
    remedy = (
        "Look at the rollout's state; only one that shares the traffic by degrees can be promoted, paused or resumed."
    )


class StepPassed(Conflict):
    code = "step_passed"
    remedy = "Look where it stands now and decide again; a request that was repeated has been carried out before."


class KeptAnother(Conflict):
    code = "kept_another"
    remedy = "Look which revision is kept now and decide again."


class RolloutOver(Conflict):
    code = "rollout_over"
    remedy = "Where the old revision is kept, roll the deployment back."


class InputUnknown(NotFound):
    code = "input_unknown"
    remedy = "Use the name of one of the model's inputs; the live version's page lists them."


class InputNeeded(Conflict):
    code = "input_needed"
    remedy = "Leave it as it is, or roll out a version that can do without."


class NothingLive(Conflict):
    code = "nothing_live"
    remedy = "Request a revision first; once it is live, its inputs are known."


class NothingToFollow(Conflict):
    code = "nothing_live"
    remedy = "Request a revision first, with everything that it is to be served with."


class InputNotMuted(NotFound):
    code = "input_not_muted"
    remedy = "Look at the deployment's muted inputs; somebody else may have been quicker."
