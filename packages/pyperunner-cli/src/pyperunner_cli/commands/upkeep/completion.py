"""``pyperunner completion SHELL``: the script that lets a shell complete what is typed."""

from __future__ import annotations

import argparse

from pyperunner_cli.text import visible

__all__ = ["configure", "execute"]

_SCRIPTS = {
    "bash": """\
_pyperunner() {
    local word
    COMPREPLY=()
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(
        pyperunner completion words "$COMP_CWORD" -- "${COMP_WORDS[@]}" 2>/dev/null
    )
    [[ ${COMP_WORDS[COMP_CWORD]} == -* || $COMP_CWORD == 1 ]] || compopt -o filenames 2>/dev/null
}
complete -o default -o bashdefault -F _pyperunner pyperunner
""",
    "zsh": """\
#compdef pyperunner
_pyperunner() {
    local -a found
    found=(${(f)"$(pyperunner completion words $((CURRENT - 1)) -- "${words[@]}" 2>/dev/null)"})
    (( $#found )) && compadd -a found
    _files
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _pyperunner pyperunner
""",
    "fish": """\
function __pyperunner
    set -l typed (commandline -opc)
    pyperunner completion words (count $typed) -- $typed (commandline -ct) 2>/dev/null
end
complete -c pyperunner -a '(__pyperunner)'
""",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = (
        'in ~/.bashrc: eval "$(pyperunner completion bash)"; zsh alike; fish: pyperunner completion fish | source'
    )
    parser.add_argument("shell", choices=(*_SCRIPTS, "words"), metavar="SHELL", help="bash, zsh or fish")
    parser.add_argument("words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def execute(options: argparse.Namespace) -> int:
    """Print the script; or, for the script, what the word that is typed could be."""
    if options.shell != "words":
        print(_SCRIPTS[options.shell], end="")
        return 0
    from pyperunner_cli.commands.upkeep.completing import candidates

    place, *words = options.words
    for word in candidates([word for word in words if word != "--"] if words[:1] == ["--"] else words, int(place)):
        if word == visible(word):
            print(word)
    return 0
