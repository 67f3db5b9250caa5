from __future__ import annotations

import pytest

from pyperunner_dag import Pipeline, Task, draw_dot, draw_mermaid, draw_svg, run


class Step(Task):
    @run
    def run(self):
        return 1


@pytest.fixture
def pipeline():
    return Pipeline("p", [Step("a")])


@pytest.mark.parametrize(
    ("suffix", "draw"), [("svg", draw_svg), ("SVG", draw_svg), ("mmd", draw_mermaid), ("dot", draw_dot)]
)
def test_the_suffix_tells_the_kind(pipeline, tmp_path, suffix, draw):
    path = tmp_path / f"graph.{suffix}"
    pipeline.plot_graph(path)
    assert path.read_text(encoding="utf-8") == draw(pipeline.dag())


def test_png(pipeline, tmp_path):
    pytest.importorskip("PIL")
    pipeline.plot_graph(str(tmp_path / "graph.png"))
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["graph", "graph.gif", ".svg"])
def test_other_names_list_the_kinds(pipeline, tmp_path, name):
    with pytest.raises(ValueError, match=r"\.svg, \.mmd, \.dot, \.png"):
        pipeline.plot_graph(tmp_path / name)
    assert not list(tmp_path.iterdir())
