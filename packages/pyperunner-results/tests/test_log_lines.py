from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from pyperunner_results.log_lines import format_lines, parse_line

any_text = st.text(st.characters(codec=None), max_size=60)


def test_a_line_holds_its_six_fields():
    (line,) = format_lines("hello", "Load(csv)", "INFO", 4711, "stdout", 1_700_000_000.25).decode().splitlines()
    fields = parse_line(line)
    assert fields[1:] == ("INFO", "4711", "Load(csv)", "stdout", "hello")
    moment = datetime.strptime(fields.time, "%Y-%m-%dT%H:%M:%S.%f%z")
    assert moment.timestamp() == 1_700_000_000.25


@given(any_text, any_text)
def test_no_text_forges_a_line_or_a_field(text, task):
    lines = format_lines(text, task, "INFO", None, "stdout", None).decode().splitlines()
    assert len(lines) == len(text.removesuffix("\n").split("\n"))
    for line in lines:
        fields = parse_line(line)
        assert (fields.level, fields.process, fields.stream) == ("INFO", "-", "stdout")
        assert "\x1b" not in line


def test_a_logger_and_a_level_forge_nothing_either():
    line = format_lines("text", "A()", "MY\x1bLEVEL\n", 1, "my\tlogger\nINFO", None).decode()
    assert line.count("\n") == 1
    assert (parse_line(line).level, parse_line(line).stream) == (r"MY\x1bLEVEL\n", r"my\tlogger\nINFO")


def test_what_is_no_log_line_is_none():
    assert parse_line("just text") is None
