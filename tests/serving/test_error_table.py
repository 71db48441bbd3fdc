"""The error table: each way to fail is told apart, blamed rightly and given a remedy."""

import pytest

from workers.serving.errors import BY_CODE, OwnDeadlinePassed, ServingError, revive

CLASSES = list(BY_CODE.values())


def test_no_two_errors_share_a_code():
    assert len(BY_CODE) == 1 + len(ServingError.__subclasses__())


@pytest.mark.parametrize("error", CLASSES, ids=list(BY_CODE))
def test_each_error_says_what_is_wrong_and_what_to_do(error):
    assert error.message.endswith(".") and error.remedy and error.fault in ("caller", "model", "platform")


@pytest.mark.parametrize("error", CLASSES, ids=list(BY_CODE))
def test_the_callers_faults_and_only_those_are_in_the_400s(error):
    in_400s = 400 <= error.status < 500 and error.status != 429
    # As HTTP has it: 501 for what is asked and not there, 504 for a time limit that passed, whoever set it.
    assert (error.fault == "caller") == (in_400s or error.status == 501 or error is OwnDeadlinePassed)


@pytest.mark.parametrize("error", [each for each in CLASSES if each.status in (429, 503)], ids=lambda each: each.code)
def test_whoever_may_try_again_is_told_when(error):
    assert error.retry_after and error.retry_after > 0


def test_an_error_survives_the_reply_stream():
    error = revive("bad_media", "Input 'image': sample 0 is damaged.")
    assert (error.code, error.status, str(error)) == ("bad_media", 400, "Input 'image': sample 0 is damaged.")


def test_a_code_from_a_newer_replica_is_still_an_error():
    assert (revive("of_tomorrow", "x").status, str(revive("of_tomorrow", "x"))) == (500, "x")
