"""Rules that hold for the sources of every package of the repository, read from its checkout."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = sorted(ROOT.glob("*/src/needle_*"))
MAY_IMPORT = {  # packages of this repository; an import inside a function counts, too
    "needle_shared": set(),
    "needle_hw0": set(),
    "needle_hw1": set(),
    "needle_hw2": {"needle_hw0", "needle_hw1"},
    "needle_hw3": set(),
    "needle_hw4": {"needle_hw0", "needle_hw1", "needle_hw2", "needle_hw3"},
}

if not PACKAGES:
    pytest.skip("these rules are about a checkout of the repository", allow_module_level=True)

each_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)


def module_name(package, file):
    parts = file.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(node, name, *, is_package):
    """Return the dotted names that an import statement of the module `name` asks for."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        above = name.split(".")[: len(name.split(".")) - node.level + is_package]
        base = ".".join([*above, *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" for alias in node.names]


def bound_names(tree):
    """Return the names that a module defines or imports at its top."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def import_graph(package):
    """Return, for each module of a package, the modules of the package that it imports."""
    files = {module_name(package, file): file for file in package.rglob("*.py")}
    trees = {name: ast.parse(file.read_text()) for name, file in files.items()}
    graph = {name: set() for name in files}
    for name, tree in trees.items():
        for node in ast.walk(tree):
            for target in imported(node, name, is_package=files[name].stem == "__init__"):
                # `from a.b import c` is about the module a.b.c if there is one, else about a.b,
                # unless a.b has no c: then c is a module that a compiler made.
                base, _, member = target.rpartition(".")
                if target in files:
                    graph[name].add(target)
                elif base in files and member in bound_names(trees[base]):
                    graph[name].add(base)
        graph[name].discard(name)
    return graph


def find_cycle(graph):
    """Return modules that import each other in a ring, or None; depth first, with three colours."""
    done, path = set(), []

    def visit(name):
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return None
        path.append(name)
        for target in sorted(graph[name]):
            if cycle := visit(target):
                return cycle
        path.pop()
        done.add(name)
        return None

    return next((cycle for name in sorted(graph) if (cycle := visit(name))), None)


@each_package
def test_modules_of_a_package_do_not_import_each_other_in_a_ring(package):
    graph = import_graph(package)
    assert find_cycle(graph) is None
    assert len(graph) == 1 or any(graph.values())  # the search found imports at all


@pytest.mark.parametrize("guard", ["", "if TYPE_CHECKING:\n    ", "def f():\n    "])
def test_ring_is_found_wherever_its_imports_stand(tmp_path, guard):
    package = tmp_path / "src" / "needle_ring"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from .a import x\n")
    (package / "a.py").write_text("from needle_ring import b\nx = 1\n")
    (package / "b.py").write_text("import needle_ring.c\n")
    (package / "c.py").write_text("import math\n")
    assert find_cycle(import_graph(package)) is None
    (package / "c.py").write_text(f"{guard}from . import a\n")
    ring = ["needle_ring.a", "needle_ring.b", "needle_ring.c", "needle_ring.a"]
    assert find_cycle(import_graph(package)) == ring


@each_package
def test_package_imports_only_the_packages_below_it(package):
    found = set()
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            for target in imported(node, module_name(package, file), is_package=False):
                found.add(target.split(".")[0])
    others = {name for name in found if name.startswith("needle_")} - {package.name}
    assert others <= MAY_IMPORT[package.name]


@each_package
def test_nothing_is_imported_by_a_star_or_printed(package):
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert [alias.name for alias in node.names] != ["*"], f"{file}:{node.lineno}"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", f"{file}:{node.lineno}"


@each_package
def test_environment_is_read_only_to_find_data(package):
    for file in package.rglob("*.py"):
        if "data" in file.relative_to(package).parts or package.name == "needle_shared":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute | ast.Name | ast.alias):
                name = ast.unparse(node).split(".")[-1]
                assert name not in {"environ", "getenv"}, f"{file}:{getattr(node, 'lineno', '?')}"


@each_package
def test_user_errors_are_not_checked_by_assert(package):
    for file in package.rglob("*.py"):
        if "testing" in file.relative_to(package).parts:
            continue
        found = [
            node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Assert)
        ]
        assert found == [], f"{file}: assert vanishes with python -O"
