"""Why a job is refused, or what it may no longer be told."""

from apps.core.errors import CallerError, Conflict, NotFound


class UnknownRecipe(CallerError):
    code = "unknown_recipe"
    remedy = "GET /api/v1/training/recipes lists them with their parameters."


class BadParameters(CallerError):
    code = "bad_parameters"
    remedy = "GET /api/v1/training/recipes lists every recipe's parameters with their limits."


class BadPolicy(CallerError):
    code = "bad_policy"
    remedy = "docs/training.md says what a clause may hold."


class DatasetUnfit(CallerError):
    code = "dataset_unfit"
    remedy = (
        "Freeze a dataset version whose samples have the model's inputs, and measure with another than you train on."
    )


class ParentUnusable(Conflict):
    code = "parent_unusable"
    remedy = "Bring its files back, or start from another version."


class OtherModel(CallerError):
    code = "other_model"
    remedy = "Name two versions of one model: they answer the same samples with the same labels."


class NoChampion(Conflict):
    code = "no_champion"
    remedy = "Say in 'champion' which version to measure beside, or point the alias champion at one."


class SameVersion(Conflict):
    code = "same_version"
    remedy = "Register other files, or measure beside another version."


class UnknownJob(NotFound):
    code = "unknown_training_job"


class JobEnded(Conflict):
    code = "training_job_ended"


class BadRetrainPolicy(CallerError):
    code = "bad_retrain_policy"
    remedy = "docs/training.md says what a retraining policy may hold; nothing was changed."


class NoRetrainPolicy(NotFound):
    code = "no_retrain_policy"
    remedy = "PUT /api/v1/training/policies/{deployment} says what a retraining learns from, and how."


class NothingServes(Conflict):
    code = "nothing_live"
    remedy = "Let a version go live first: a retraining begins with it."


class ChampionChanged(Conflict):
    code = "champion_changed"
    remedy = "Retrain anew: a candidate is to be measured beside what it would replace."
