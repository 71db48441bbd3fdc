"""Media that is kept, each file once, by what is in it; and samples of it, frozen as dataset versions."""

from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    name = "apps.datasets"
    label = "datasets"
