"""The executors that come with the runner. Each is found by name through the entry points of
``pyperunner.executors``.
"""
