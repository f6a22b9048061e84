"""Container images of all functions: built, described, tried, pushed. `python -m infra.images --help`."""
