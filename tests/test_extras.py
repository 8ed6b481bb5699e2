"""A package that is not installed becomes the command that installs it."""

import pytest

from ishara.errors import IsharaError
from ishara.extras import extra


def test_a_missing_package_names_itself_what_needs_it_and_the_command() -> None:
    says = r"^Pages need no_such_package, which is not installed\. Type: pip install 'ishara\[report\]', or go without$"
    with pytest.raises(IsharaError, match=says), extra("report", "Pages", otherwise="go without"):
        import no_such_package  # noqa: F401


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), extra("report", "Pages"):
        raise KeyError("x")
