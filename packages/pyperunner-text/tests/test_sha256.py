"""SHA-256 that needs no OpenSSL."""

from __future__ import annotations

import hashlib
import subprocess
import sys

from pyperunner_text.sha256 import sha256


def test_it_is_that_of_hashlib():
    digest = sha256(b"a")
    digest.update(b"bc" * 100)
    assert digest.hexdigest() == hashlib.sha256(b"a" + b"bc" * 100).hexdigest()


def test_openssl_is_not_loaded():
    code = "import sys, pyperunner_text.sha256; print('_hashlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
