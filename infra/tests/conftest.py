"""What several tests of infra start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.tests.doubles.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A stage to deploy; whatever was asked of AWS, or answered, otherwise than its models say fails the test."""
    made = Scene(tmp_path)
    yield made
    made.close()
    assert made.account.faults() == []
