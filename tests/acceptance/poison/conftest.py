"""What poison is told by is shown in full when an assertion fails."""

import pytest

pytest.register_assert_rewrite("tests.acceptance.poison.batches")
