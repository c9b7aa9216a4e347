"""The story modules assert too: let pytest show what they compared."""

import pytest

pytest.register_assert_rewrite("tests.stories.story", "tests.stories.laws")
