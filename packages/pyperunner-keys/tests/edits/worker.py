"""Runs small projects in fresh processes and prints, as JSON, what each returns and what its fingerprint is.

Usage: worker.py FOLDER…   (each holds flow.py with a function run; a line of output per folder, in their order)
"""

import contextlib
import io
import json
import os
import sys


def look(folder):
    sys.path.insert(0, folder)
    import flow

    from pyperunner_keys import fingerprint

    found = fingerprint(flow.run)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            result = repr(flow.run())
    except Exception as error:
        result = repr(error)
    return {"result": result, "digest": found.digest, "gaps": found.gaps, "parts": found.parts}


def main():
    # All that every child needs is imported once; the children do not share what they import themselves.
    import pyperunner_keys.code.fingerprint  # noqa: F401

    sys.dont_write_bytecode = True
    for folder in sys.argv[1:]:
        read, write = os.pipe()
        child = os.fork()
        if not child:
            try:
                answer = look(folder)
            except BaseException as error:
                import traceback

                answer = {"error": f"{error!r}\n{traceback.format_exc()}"}
            with open(write, "w") as file:
                json.dump(answer, file)
            os._exit(0)
        os.close(write)
        with open(read) as file:
            print(file.read())
        os.waitpid(child, 0)


main()
