"""One module per sub-command, in rooms by what they work on; each is a ``pyperunner_cli.registry.CommandModule``."""
