"""One real, short training that the tests of this folder share: about ten seconds on one core."""

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from workers.training.digits_av.cache import Cache
from workers.training.digits_av.dataset import Dataset, dataset
from workers.training.digits_av.job import Job, run
from workers.training.digits_av.train import Features

STEPS = 200


@dataclass
class Context:
    """What a serving process gives to a handler's `load`."""

    directory: Path
    device: str = "cpu"
    manifest: dict[str, Any] = field(default_factory=dict)
    stages: tuple[str, ...] = ("preprocess", "infer", "postprocess")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """The promise of repeatable weights is made for one thread."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def no_bytecode() -> Iterator[None]:
    """Importing an artifact's code must not add compiled files to it; serving processes see to that as well."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    yield
    sys.dont_write_bytecode = before


@pytest.fixture(scope="session")
def cache_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def store(cache_directory: Path) -> Cache:
    return Cache(cache_directory)


@pytest.fixture(scope="session")
def data(store: Cache) -> Dataset:
    return dataset(store)


@pytest.fixture(scope="session")
def features(data: Dataset) -> Features:
    """Those of the training part."""
    return Features.of(data.train)


@pytest.fixture(scope="session")
def report(cache_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a training of STEPS steps said of itself."""
    job = Job(tmp_path_factory.mktemp("artifacts") / "digits-av", steps=STEPS, cache=cache_directory)
    return run(job, lambda *_, **__: None)


@pytest.fixture(scope="session")
def artifact(report: dict[str, Any]) -> Path:
    """The directory that training wrote."""
    return Path(report["directory"])


@pytest.fixture(scope="session")
def artifact_module(artifact: Path) -> ModuleType:
    """The artifact's own copy of the code, imported from its file as a serving process does."""
    specification = importlib.util.spec_from_file_location("artifact_under_test", artifact / "digits_av.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def handler(artifact: Path, artifact_module: ModuleType) -> Any:
    """The artifact's handler, loaded."""
    handler = artifact_module.DigitsHandler()
    handler.load(Context(artifact))
    return handler
