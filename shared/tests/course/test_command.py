import pytest

SETUP = """
import os, sys
sys.path[0] = os.getcwd()  # as `python -m` has it
from needle_shared.course.__main__ import main
from needle_shared.course.table import STAGES, Stage, answered_by
sys.path.insert(0, {path!r})
STAGES["fake"] = Stage("needle_fake", {{"needle": answered_by("needle_fake")}})
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout with a `needle` of its own that must not be imported, and one test."""
    folder = tmp_path / "above" / "checkout"
    (folder / "tests").mkdir(parents=True)
    (folder / "python" / "needle").mkdir(parents=True)
    (folder / "python" / "needle" / "__init__.py").write_text("raise RuntimeError('shadowed')")
    (folder / "tests" / "test_double.py").write_text(
        "import sys\n"
        "sys.path.append('./python')\n"
        "import needle as ndl\n"
        "def test_double():\n"
        "    assert ndl.double(2) == 4\n"
        "def test_other():\n"
        "    assert ndl.double(1) == 2\n"
    )
    return folder


@pytest.fixture
def course(run, fake_stage):
    """Run the command, which knows the fake stage too."""
    setup = SETUP.format(path=str(fake_stage))
    return lambda *arguments: run("-c", setup, *arguments)


def test_the_tests_of_a_checkout_run_on_the_stage(course, checkout):
    result = course("fake", "above/checkout")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 passed" in result.stdout
    assert "needle_fake" in result.stdout, "the header names the files under test"
    assert "warning" not in result.stdout


def test_options_reach_pytest(course, checkout):
    result = course("fake", checkout, "-k", "other", "-v")
    assert "1 passed, 1 deselected" in result.stdout
    assert "test_other PASSED" in result.stdout


def test_a_failing_test_gives_its_exit_code(course, checkout):
    (checkout / "tests" / "test_no.py").write_text("def test_no():\n    assert False\n")
    assert course("fake", checkout).returncode == 1


def test_a_conftest_of_the_checkout_may_import_needle(course, checkout):
    (checkout / "tests" / "conftest.py").write_text("import needle\nneedle.double(1)\n")
    assert course("fake", checkout).returncode == 0


def test_code_of_the_checkout_runs_in_its_folder_and_finds_its_modules(course, checkout):
    (checkout / "helper.py").write_text("value = 3\n")
    (checkout / "tests" / "test_place.py").write_text(
        "import os, helper\n"
        "def test_place():\n"
        "    assert os.path.isdir('python') and helper.value == 3\n"
    )
    assert course("fake", checkout).returncode == 0


WARNS = "import warnings\ndef test_warns():\n    warnings.warn('old')\n"


def test_settings_above_the_checkout_do_not_reach_it(course, checkout):
    (checkout.parent / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (checkout.parent / "conftest.py").write_text("raise RuntimeError('not ours')\n")
    (checkout / "tests" / "test_warns.py").write_text(WARNS)
    result = course("fake", checkout)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 passed, 1 warning" in result.stdout


@pytest.mark.parametrize("folder", [".", "tests"])
def test_settings_of_the_checkout_hold(course, checkout, folder):
    (checkout / folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (checkout / "tests" / "test_warns.py").write_text(WARNS)
    assert "1 failed, 2 passed" in course("fake", checkout).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hw9", "above/checkout"], "invalid choice: 'hw9'"),
        (["fake", "nowhere"], "there is no directory nowhere"),
        (["fake", "above"], "above is no checkout of the course: it has no directory tests"),
        (["fake"], "checkout"),
    ],
)
def test_a_usage_error_is_one_message_and_exit_code_2(course, checkout, arguments, message):
    result = course(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_stage_that_is_not_installed_is_a_usage_error(run, checkout):
    setup = SETUP.format(path="nowhere")
    result = run("-c", setup, "fake", "above/checkout")
    assert result.returncode == 4, "pytest's code for a usage error"
    assert "needle_fake is not installed: pip install needle-fake" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "needs --stage, one of hw0, hw1, hw2, hw3, hw4"),
        (["--stage", "hw9"], "no stage 'hw9': choose one of hw0, hw1, hw2, hw3, hw4"),
    ],
)
def test_the_plugin_asks_for_a_known_stage(run, checkout, options, message):
    result = run("-m", "pytest", "-p", "needle_shared.course", *options, checkout / "tests")
    assert result.returncode == 4
    assert message in result.stderr


def test_the_module_is_a_command(run):
    result = run("-m", "needle_shared.course", "--help")
    assert result.returncode == 0
    assert "{hw0,hw1,hw2,hw3,hw4}" in result.stdout
