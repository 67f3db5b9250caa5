from __future__ import annotations

from pyperunner_dag import testing


def test_the_suite_is_there_and_its_assertions_explain_themselves():
    assert testing.__all__ == ["OutputStoreContract"]
    code = testing.OutputStoreContract.test_absent_entries.__code__
    assert "@pytest_ar" in code.co_names
