"""The hot path starts without what it must not need."""

import subprocess
import sys

import pytest

from tests.serving.processes import ROOT

FORBIDDEN = ["django", "celery", "kombu", "channels", "rest_framework", "apps", "controlplane"]


@pytest.mark.parametrize("module", ["gateway", "engine"])
def test_neither_django_nor_celery_nor_an_app_is_loaded(module):
    check = f"import sys, workers.serving.{module}; print(*(name for name in {FORBIDDEN} if name in sys.modules))"
    said = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.split() == []


def test_the_gateway_loads_no_model_library_and_decodes_no_media():
    heavy = ["torch", "transformers", "PIL", "soundfile", "av"]
    check = f"import sys, workers.serving.gateway; print(*(name for name in {heavy} if name in sys.modules))"
    said = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.split() == []


@pytest.mark.parametrize(
    ("modality", "loaded"), [("text", []), ("image", ["PIL"]), ("audio", ["soundfile", "av"]), ("video", ["av"])]
)
def test_a_replica_loads_the_libraries_of_its_modality_alone(modality, loaded):
    check = f"""
import sys, workers.serving.engine
from workers.serving import media
media.formats({modality!r})
print(*(name for name in ["PIL", "soundfile", "av"] if name in sys.modules))"""
    said = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.split() == loaded


def test_a_gateway_with_a_wrong_setting_says_which_and_ends(tmp_path):
    env = {"REDIS_URL": "redis://127.0.0.1:1/0", "QUARTET_GATEWAY_PORT": "http"}
    command = [sys.executable, "-m", "workers.serving.gateway"]
    said = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert said.returncode == 2 and "QUARTET_GATEWAY_PORT is 'http'" in said.stderr
