"""What may be said in torch.compile(options=) and waferc.torch.compile()."""

from collections.abc import Mapping
from typing import Any

from ..program import compile_options

# Of Python, not of the compiler.
_PROGRESS = {"progress": "True, or a function of a text and a fraction: waferc.compile"}
_SESSION = {
    "disk_cache": "False: programs are not kept in the user's cache folder",
    "count_cycles": "False: no timing, which is a little faster; 'exact': cycle by cycle, on small meshes",
    "threads": "that one run may use; else one on each processor",
}


def check_options(options: Mapping[str, Any], *, session: bool) -> dict[str, Any]:
    """The options, if each is known. `session`: those of running count, too."""
    known = {**compile_options(), **_PROGRESS, **(_SESSION if session else {})}
    if unknown := sorted(set(options) - set(known)):
        raise ValueError(
            f"waferc has no option {', '.join(map(repr, unknown))}; there are "
            + ", ".join(sorted(known))
            + " (waferc.compile_options() says more)"
        )
    return dict(options)
