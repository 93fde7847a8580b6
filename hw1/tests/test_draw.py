"""Pictures of graphs: every node and edge, with shapes, in both languages."""

import re
import shutil
import sys

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor, TensorOp


@pytest.fixture
def graph():
    """Make a graph of 6 nodes and 6 edges; x is used twice, and c needs no gradient."""
    x = Tensor(np.ones((2, 3), "float32"))
    c = Tensor(np.ones((3, 4)), dtype="float32", requires_grad=False)
    return (ndl.exp(x @ c) * 2.5).sum(0), x, c


def test_dot_has_every_node_and_edge(graph):
    y, *_ = graph
    assert ndl.draw_graph(y).splitlines() == [
        "digraph {",
        '  node [shape=box, fontname="Helvetica"]',
        r'  n0 [label="Tensor\n(2, 3) float32", style="rounded"]',
        r'  n1 [label="Tensor\n(3, 4) float32", style="rounded,dashed"]',
        r'  n2 [label="MatMul\n(2, 4) float32"]',
        "  n0 -> n2",
        "  n1 -> n2",
        r'  n3 [label="Exp\n(2, 4) float32"]',
        "  n2 -> n3",
        r'  n4 [label="MulScalar(scalar=2.5)\n(2, 4) float32"]',
        "  n3 -> n4",
        r'  n5 [label="Summation(axes=0)\n(4,) float32"]',
        "  n4 -> n5",
        "}",
    ]


def test_mermaid_has_every_node_and_edge(graph):
    y, *_ = graph
    assert ndl.draw_graph(y, format="mermaid").splitlines() == [
        "flowchart TD",
        '  n0("Tensor<br>(2, 3) float32")',
        '  n1("Tensor<br>(3, 4) float32")',
        "  style n1 stroke-dasharray: 5 5",
        '  n2["MatMul<br>(2, 4) float32"]',
        "  n0 --> n2",
        "  n1 --> n2",
        '  n3["Exp<br>(2, 4) float32"]',
        "  n2 --> n3",
        '  n4["MulScalar(scalar=2.5)<br>(2, 4) float32"]',
        "  n3 --> n4",
        '  n5["Summation(axes=0)<br>(4,) float32"]',
        "  n4 --> n5",
    ]


@pytest.mark.parametrize(("format", "arrow"), [("dot", "->"), ("mermaid", "-->")])
def test_arrows_of_a_large_graph_are_those_of_its_inputs(format, arrow, rng):
    values = [Tensor(np.ones(2)), Tensor(np.ones(2))]
    for _ in range(40):
        i, j = rng.integers(len(values), size=2)
        values.append(values[i] * values[j])
    order = ndl.autograd.find_topo_sort([values[-1]])
    number = {id(value): position for position, value in enumerate(order)}
    expected = [(number[id(x)], number[id(value)]) for value in order for x in value.inputs]
    text = ndl.draw_graph(values[-1], format=format)
    found = re.findall(rf"^  n(\d+) {arrow} n(\d+)$", text, re.MULTILINE)
    assert [(int(a), int(b)) for a, b in found] == expected
    assert len(re.findall(r"^  n\d+ ?[\[(]", text, re.MULTILINE)) == len(order)


def test_value_used_twice_by_one_op_has_two_arrows():
    x = Tensor(1.0)
    assert ndl.draw_graph(x * x).count("n0 -> n1") == 2


def test_settings_that_are_zero_are_shown_and_those_not_given_are_not():
    x = Tensor(np.ones((2, 3)))
    assert "AddScalar(scalar=0)" in ndl.draw_graph(x + 0)
    assert "Summation(axes=0)" in ndl.draw_graph(x.sum(0))
    assert r"Summation\n" in ndl.draw_graph(x.sum())
    assert "Summation(axes=1, keepdims=True)" in ndl.draw_graph(x.sum(1, keepdims=True))
    assert "GetItem(index=0)" in ndl.draw_graph(x[0])
    assert "Reshape(shape=(3, 2))" in ndl.draw_graph(x.reshape(3, 2))


class Quoted(TensorOp):
    """Has a setting that is awkward to write."""

    scalar = 'say "hi"\\ \n<b> & #1;'

    def compute(self, x):
        return x


def test_quotes_backslashes_and_new_lines_are_escaped_in_dot():
    text = ndl.draw_graph(Quoted()(Tensor(1.0)))
    assert r'label="Quoted(scalar=say \"hi\"\\ \n<b> & #1;)\n() float64"' in text


def test_quotes_brackets_and_new_lines_are_escaped_in_mermaid():
    text = ndl.draw_graph(Quoted()(Tensor(1.0)), format="mermaid")
    label = '"Quoted(scalar=say #quot;hi#quot;\\ <br>#lt;b#gt; #amp; #35;1;)<br>() float64"'
    assert f"  n1[{label}]" in text.splitlines()


@pytest.mark.parametrize("format", ["dot", "mermaid"])
def test_leaf_and_deferred_value_are_drawn(format):
    assert "n0" in ndl.draw_graph(Tensor(1.0), format=format)
    with ndl.lazy():
        y = Tensor([1.0, 2.0]) + Tensor(3.0)
        text = ndl.draw_graph(y, format=format)
    assert "EWiseAdd" in text
    assert "BroadcastTo" in text  # it is known what was broadcast when all is computed


def test_gradient_is_a_graph_that_can_be_drawn():
    x = Tensor([1.0, 2.0])
    (x * x * x).backward()
    assert "EWiseMul" in ndl.draw_graph(x.grad)


def test_unknown_language_is_refused():
    with pytest.raises(ValueError, match=r"\['dot', 'mermaid'\], got 'svg'"):
        ndl.draw_graph(Tensor(1.0), format="svg")


def test_picture_without_graphviz_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install needle-hw1\[draw\]"):
        ndl.draw_graph(Tensor(1.0), path=tmp_path / "graph.svg")
    assert list(tmp_path.iterdir()) == []


def test_picture_is_rendered(graph, tmp_path):
    pytest.importorskip("graphviz", reason="needs the extra `draw`")
    if shutil.which("dot") is None:
        pytest.skip("needs the programs of Graphviz")
    path = tmp_path / "graph.svg"
    text = ndl.draw_graph(graph[0], path=path)
    assert text.startswith("digraph")
    assert "MatMul" in path.read_text()


def test_picture_without_the_programs_of_graphviz_says_so(monkeypatch, tmp_path):
    graphviz = pytest.importorskip("graphviz", reason="needs the extra `draw`")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(graphviz.ExecutableNotFound, match="Graphviz executables"):
        ndl.draw_graph(Tensor(1.0), path=tmp_path / "graph.svg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["graph", "graph.docx2"])
def test_picture_of_an_unknown_format_is_refused(name, tmp_path):
    pytest.importorskip("graphviz", reason="needs the extra `draw`")
    with pytest.raises(ValueError, match="ends in no format of Graphviz"):
        ndl.draw_graph(Tensor(1.0), path=tmp_path / name)
