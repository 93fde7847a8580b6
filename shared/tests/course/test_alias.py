import gc
import importlib
import sys

import numpy as np
import pytest

from needle_shared.course import install_alias


@pytest.fixture
def alias(fake_stage):
    with install_alias("fake") as alias:
        yield alias


def test_names_are_the_objects_of_the_stage(alias):
    import needle
    import needle_fake
    import needle_fake.autograd

    assert needle.double is needle_fake.double
    assert needle.Value is needle_fake.Value
    assert needle.autograd.Value is needle_fake.Value
    assert isinstance(needle.Value(), needle_fake.Value)


def test_every_way_of_importing_gives_the_same_module(alias):
    import needle as ndl
    import needle.ops
    from needle import ops
    from needle.ops import exp

    assert ndl is sys.modules["needle"] is alias["needle"]
    assert ops is needle.ops is ndl.ops is importlib.import_module("needle.ops")
    assert ops is alias["needle.ops"]
    assert exp is ops.exp


def test_attributes_follow_the_stage(alias, monkeypatch):
    import needle
    import needle_fake

    monkeypatch.setattr(needle_fake, "double", "replaced")
    assert needle.double == "replaced"


def star(module):
    names = {}
    exec(f"from {module} import *", names)
    return names.keys() - {"__builtins__"}


def test_a_star_import_binds_the_public_names_and_what_the_course_leaks(alias):
    modules = {"autograd", "ops", "backend_numpy"}
    assert star("needle") == {"np", "absent", "Value", "double", *modules}
    assert star("needle.ops") == {"exp", "Value"}


def test_a_star_import_leaves_the_functions_of_python_alone(alias):
    assert "max" not in star("needle.ops")
    assert alias["needle.ops"].max(3) == 3


def test_a_star_import_binds_the_aliases_of_submodules(alias):
    names = {}
    exec("from needle import *", names)
    assert names["autograd"] is alias["needle.autograd"]


def test_dir_lists_what_can_be_asked_for(alias):
    assert {"double", "np", "autograd"} <= set(dir(alias["needle"]))


def test_an_unknown_attribute_is_an_error_that_names_the_module(alias):
    with pytest.raises(AttributeError, match=r"needle_fake.*'Tensr'"):
        _ = alias["needle"].Tensr
    with pytest.raises(ImportError, match="Tensr"):
        exec("from needle import Tensr")
    with pytest.raises(AttributeError, match=r"'needle\.ops' has no attribute '_private'"):
        _ = alias["needle.ops"]._private


def test_a_name_whose_package_is_missing_raises_only_when_called(alias):
    import needle

    with pytest.raises(ImportError, match=r"not_installed:thing .* not_installed is not installed"):
        needle.absent(1, key=2)


def test_an_unknown_submodule_is_not_taken_from_sys_path(fake_stage):
    (fake_stage / "needle").mkdir()
    (fake_stage / "needle" / "nn.py").write_text("")
    with (
        install_alias("fake"),
        pytest.raises(ModuleNotFoundError, match=r"No module named 'needle\.nn'$"),
    ):
        importlib.import_module("needle.nn")
    assert importlib.import_module("needle.nn").__file__


def test_a_module_says_where_it_comes_from(alias):
    import needle.ops

    assert repr(needle.ops) == "<module 'needle.ops' (needle_fake)>"
    assert importlib.util.find_spec("needle.ops").loader is alias


COURSE_SEED = 0


@pytest.mark.parametrize(
    "statement",
    [
        "import model",
        "from model import double",
        "from model import *",
        "import apps.model",
        "from apps import model",
        "from apps.model import *",
    ],
)
def test_a_module_that_seeds_does_so_when_it_is_imported_first(alias, global_generator, statement):
    expected = np.random.RandomState(COURSE_SEED).rand(4)
    np.random.seed(7)
    assert np.random.rand() == np.random.RandomState(7).rand(), "the alias alone changes nothing"
    exec(statement)
    np.testing.assert_array_equal(np.random.rand(2), expected[:2])
    exec(statement)
    assert alias["model"].double(2) == alias["apps.model"].double(2) == 4
    np.testing.assert_array_equal(np.random.rand(2), expected[2:], "nor do a second import and use")


def test_sys_modules_is_restored(fake_stage, monkeypatch):
    earlier = object()
    monkeypatch.setitem(sys.modules, "needle", earlier)
    monkeypatch.setitem(sys.modules, "needle.nn", earlier)
    monkeypatch.delitem(sys.modules, "mugrade", raising=False)
    finders = [*sys.meta_path]
    handle = install_alias("fake")
    import mugrade  # noqa: F401
    import needle

    assert sys.modules["needle"] is needle is handle["needle"]
    assert "needle.nn" not in sys.modules
    assert "mugrade" in sys.modules
    sys.modules["needle.extra"] = earlier
    handle.remove()
    assert sys.modules["needle"] is sys.modules["needle.nn"] is earlier
    assert not {"mugrade", "needle.extra", "needle.ops"} & set(sys.modules)
    assert sys.meta_path == finders
    del sys.modules["needle.nn"]
    handle.remove()
    assert "needle.nn" not in sys.modules, "the second time changes nothing"


def test_a_with_block_removes_the_alias_also_after_an_error(fake_stage):
    def fail():
        with install_alias("fake"):
            import needle  # noqa: F401

            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert "needle" not in sys.modules


def test_aliases_nest(fake_stage):
    with install_alias("fake") as outer:
        outer_needle = importlib.import_module("needle")
        with install_alias("fake") as inner:
            assert importlib.import_module("needle") is inner["needle"]
            assert inner["needle"] is not outer_needle
        assert importlib.import_module("needle") is outer["needle"] is outer_needle


def test_the_counter_counts_live_values_and_a_record_with_its_leaf_once(alias):
    import needle

    def count():
        return needle.autograd.TENSOR_COUNTER

    gc.collect()
    before = count()
    leaf = needle.Value()
    other = needle.Value()
    assert count() == before + 2
    record = needle.Value(owner=leaf)
    assert count() == before + 2
    del leaf
    assert count() == before + 2, "the record is what is left of the leaf"
    del record, other
    assert count() == before


def test_counting_runs_no_code_of_other_objects(alias):
    class Proxy:
        @property
        def __class__(self):
            raise RuntimeError

    proxy = Proxy()
    assert alias["needle.autograd"].TENSOR_COUNTER >= 0
    del proxy


def test_lazy_mode_is_off_and_switches_the_mode_of_the_stage(alias):
    import needle

    assert needle.autograd.LAZY_MODE is False
    for enabled in (True, True, False, False, True):  # setting what is set changes nothing
        needle.autograd.LAZY_MODE = enabled
        assert needle.autograd.LAZY_MODE is enabled
        assert needle.autograd.depth_of_lazy == int(enabled)


def test_lazy_mode_ends_with_the_alias(fake_stage):
    with install_alias("fake"):
        import needle

        needle.autograd.LAZY_MODE = True
    import needle_fake.autograd

    assert needle_fake.autograd.depth_of_lazy == 0


def test_mugrade_records(alias):
    import mugrade

    mugrade.submit(1.5)
    mugrade.submit([2])
    mugrade.submit_test("a", key=1)
    assert alias["mugrade"].submissions == [1.5, [2]]
    assert alias["mugrade"].test_submissions == [(("a",), {"key": 1})]


def test_an_unknown_stage_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'hw9'.*hw0, hw1, hw2, hw3, hw4"):
        install_alias("hw9")


def test_a_stage_that_is_not_installed_is_named(monkeypatch, fake_stage):
    monkeypatch.setattr("needle_shared.course.alias.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="needle_fake is not installed: pip install needle-fake"):
        install_alias("fake")
    assert "needle" not in sys.modules
