"""Whether a program that these tests start is there."""

import os


def must_be_built(path):
    """False: it is not built, and FARSHORE_BUILD is not set. Where FARSHORE_BUILD names the build, its absence is a failure."""
    if not path.exists() and "FARSHORE_BUILD" in os.environ:
        raise FileNotFoundError(f"{path} is missing, and FARSHORE_BUILD says that it is built")
    return path.exists()
