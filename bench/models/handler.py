"""Quartet's handler of the same models: an artifact holds this file, the model's module and its weights."""

import importlib
from typing import Any


class Model:
    """Text -> embedding."""

    def load(self, context: Any) -> None:
        """The manifest's name says which model: "<module>" or "<module>-<variant>"."""
        module, _, variant = context.manifest["name"].partition("-")
        self._predict = importlib.import_module(f".{module}", __package__).load(context.directory, variant)

    def preprocess(self, sample: dict[str, Any]) -> dict[str, Any]:
        """As it is: the model tokenizes a batch at once, behind every server."""
        return sample

    def predict(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One call for the batch."""
        return [{"embedding": row} for row in self._predict([str(each["text"]) for each in batch])]

    def postprocess(self, prediction: dict[str, Any]) -> dict[str, Any]:
        """As it is."""
        return prediction
