"""The error table: each way to fail is told apart, blamed rightly and given a remedy."""

import pytest

from workers.serving.errors import BY_CODE, ServingError, revive

CLASSES = list(BY_CODE.values())


def test_no_two_errors_share_a_code():
    assert len(BY_CODE) == 1 + len(ServingError.__subclasses__())


@pytest.mark.parametrize("error", CLASSES, ids=list(BY_CODE))
def test_each_error_says_what_is_wrong_and_what_to_do(error):
    assert error.message.endswith(".") and error.remedy and error.fault in ("caller", "model", "platform")


@pytest.mark.parametrize("error", CLASSES, ids=list(BY_CODE))
def test_the_callers_faults_and_only_those_are_in_the_400s(error):
    assert (error.fault == "caller") == ((400 <= error.status < 500 and error.status != 429) or error.status == 501)


@pytest.mark.parametrize("error", [each for each in CLASSES if each.status in (429, 503)], ids=lambda each: each.code)
def test_whoever_may_try_again_is_told_when(error):
    assert error.retry_after and error.retry_after > 0


def test_an_error_survives_the_reply_stream():
    error = revive("bad_media", "Input 'image': sample 0 is damaged.")
    assert (error.code, error.status, str(error)) == ("bad_media", 400, "Input 'image': sample 0 is damaged.")


def test_a_code_from_a_newer_replica_is_still_an_error():
    assert (revive("of_tomorrow", "x").status, str(revive("of_tomorrow", "x"))) == (500, "x")
