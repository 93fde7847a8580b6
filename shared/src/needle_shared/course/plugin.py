"""The pytest plugin: installs the alias before the first file of a checkout is imported."""

from importlib import import_module
from typing import TYPE_CHECKING

from needle_shared.course.alias import install_alias
from needle_shared.course.table import STAGES

if TYPE_CHECKING:  # pytest is needed by those who run it only
    import pytest


def pytest_addoption(parser: "pytest.Parser") -> None:
    """Add `--stage`."""
    parser.addoption("--stage", help=f"answers `import needle`: {', '.join(STAGES)}")


def pytest_load_initial_conftests(early_config: "pytest.Config") -> None:
    """Install the alias, until the end of the run."""
    from pytest import UsageError  # noqa: PLC0415, PT013 -- see above

    stage = early_config.known_args_namespace.stage
    if stage is None:
        raise UsageError(f"needle_shared.course needs --stage, one of {', '.join(STAGES)}")
    try:
        early_config.add_cleanup(install_alias(stage).remove)
    except (ValueError, ImportError) as error:
        raise UsageError(str(error)) from error


def pytest_report_header(config: "pytest.Config") -> str:
    """Return a line that names the files under test."""
    stage = config.getoption("stage")
    package = import_module(STAGES[stage].package)
    return f"course code runs on {stage}: {package.__file__}"
