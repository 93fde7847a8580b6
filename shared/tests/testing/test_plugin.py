"""The fixtures, in test runs of their own."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

STAND_IN = """
class Device:
    def __init__(self, name, on):
        self.name, self.on, self.why_disabled = name, on, "no such chip"
    def __repr__(self):
        return self.name + "()"
    def enabled(self):
        return self.on
def first(): return Device("first", True)
def second(): return Device("second", True)
def absent(): return Device("absent", False)
"""


@pytest.fixture
def run(pytester):
    """Return a function that runs test code with options, in a process of its own."""
    pytester.makepyfile(stand_in=STAND_IN)
    pytester.syspathinsert()

    def run(code, *options):
        pytester.makepyfile(test_it=code)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-v", "-rs", *options)

    return run


def test_device_runs_a_test_on_each_device_that_is_named(run):
    code = "def test_it(device): print('on', device)"
    result = run(code, "-s", "--device", "stand_in:first", "--device", "stand_in:second")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*on first()*", "*on second()*"])


def test_a_device_that_is_not_enabled_is_skipped_with_its_reason(run):
    result = run("def test_it(device): pass", "--device", "stand_in:absent")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*absent() is not available: no such chip*"])


@pytest.mark.parametrize(
    "mark", ['"device", [7]', '"x, device", [(1, 7)]', '["x", "device"], [(1, 7)]',
             'argnames="device", argvalues=[7]'],
)  # fmt: skip
def test_a_test_may_name_devices_of_its_own(run, mark):
    code = f"""
    import pytest
    @pytest.mark.parametrize({mark})
    def test_it({"x, device" if "x" in mark else "device"}):
        assert device == 7
    """
    run(code).assert_outcomes(passed=1)


def test_a_conftest_names_the_devices_of_the_tests_below_it(run, pytester):
    names = "def pytest_default_devices(): return ['stand_in:first', 'stand_in:second']"
    pytester.mkdir("inner").joinpath("conftest.py").write_text(names)
    code = "def test_it(device): print('on', device)"
    pytester.path.joinpath("inner", "test_inner.py").write_text(code)
    result = run("def test_other(): pass", "-s")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*on first()*", "*on second()*"])
    run("def test_other(): pass", "--device", "stand_in:first").assert_outcomes(passed=2)


def test_another_parameter_leaves_the_devices(run):
    code = """
    import pytest
    @pytest.mark.parametrize("device_name", [7])
    def test_it(device, device_name): assert device_name == 7
    """
    result = run(code, "--device", "stand_in:first", "--device", "stand_in:second")
    result.assert_outcomes(passed=2)


def test_rng_does_not_depend_on_what_runs_before(run, pytester):
    code = """
    import pathlib
    def test_a(rng): rng.random(100)
    def test_b(rng): pathlib.Path("drawn").write_text(repr(rng.random()))
    """
    run(code).assert_outcomes(passed=2)
    after_a = (pytester.path / "drawn").read_text()
    (pytester.path / "drawn").unlink()
    run(code, "-k", "test_b").assert_outcomes(passed=1, deselected=1)
    alone = (pytester.path / "drawn").read_text()
    assert alone == after_a


def test_rng_differs_between_tests(run):
    code = """
    drawn = []
    def test_a(rng): drawn.append(rng.random())
    def test_b(rng): drawn.append(rng.random())
    def test_c(): assert len(set(drawn)) == 2
    """
    run(code).assert_outcomes(passed=3)


def test_hypothesis_draws_the_same_examples_without_a_deadline_unless_told_otherwise(run):
    code = """
    from hypothesis import settings
    def test_ours(): assert settings().deadline is None and settings().derandomize
    def test_own(): assert settings().deadline is not None
    """
    run(code, "-k", "ours").assert_outcomes(passed=1, deselected=1)
    own = run(code, "-k", "own", "--hypothesis-profile=default")
    own.assert_outcomes(passed=1, deselected=1)


def test_the_plugin_needs_nothing_but_pytest_and_numpy(pytester, monkeypatch):
    pytester.makepyfile(
        test_it="def test_it(rng): assert rng.random() < 1",
        hypothesis="raise ModuleNotFoundError('hypothesis is not installed')",
    )
    pytester.syspathinsert()
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess("-p", "needle_shared.pytest_plugin")
    result.assert_outcomes(passed=1)
