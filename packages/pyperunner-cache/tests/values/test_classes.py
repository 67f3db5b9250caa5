from __future__ import annotations

import pytest

from pyperunner_cache import ForeignEntryError
from pyperunner_cache.values.pack import pack, unpack


def test_safe_mode_imports_nothing(tmp_path, monkeypatch):
    (tmp_path / "evilmodule.py").write_text("import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\n")
    monkeypatch.syspath_prepend(tmp_path)
    import sys

    import evilmodule

    packed = pack(evilmodule.A(1))
    del sys.modules["evilmodule"]
    with pytest.raises(ForeignEntryError, match="import evilmodule yourself"):
        unpack(packed, pickles=False)
    assert "evilmodule" not in sys.modules
    assert unpack(packed).x == 1
    sys.modules.pop("evilmodule")
