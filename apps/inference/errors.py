"""What can be wrong with a key."""

from apps.core.errors import CallerError, Conflict, Forbidden, NotFound, QuartetError


class UnknownScope(CallerError):
    code = "unknown_scope"


class KeyNameTaken(Conflict):
    code = "key_name_taken"
    remedy = "Choose another name, or revoke the key that holds it."


class KeyRefused(Forbidden):
    code = "key_refused"
    remedy = "Ask for a new key."


class UnknownPrediction(CallerError):
    code = "unknown_prediction"
    status = 422
    remedy = "Send the id that came with the answer, in X-Quartet-Prediction or as parameters.prediction_id."


class PredictionGone(NotFound):
    code = "prediction_gone"
    remedy = "Nothing is known of it any more; its deployment's record.keep_days says how long predictions are kept."


class NoSuchSample(CallerError):
    code = "no_such_sample"
    status = 422
    remedy = "Say which sample of the request it is about, counted from 0."


class TruthRefused(CallerError):
    code = "truth_refused"
    status = 422
    remedy = "Send what the model's label should have been, in its own words."


class OtherDeployment(Forbidden):
    code = "other_deployment"
    remedy = "Use a key that may ask this deployment."


class MalformedNews(QuartetError):
    code = "malformed_news"
    remedy = "The gateway and the ingest process must be of one release; restart the older."
