"""In how many ways a translated requirement can be met, and whether each of them counts a course."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.program_file import ROUTES

if TYPE_CHECKING:
    from credrules.scribe.drafting import Node


def routes(node: Node | str) -> int:
    """In how many combinations a requirement can be met, as the program file's reader counts them."""
    if isinstance(node, str):
        return 1
    if "if" in node:
        conditions = len(node["if"])
        without = conditions * (routes(node["else"]) if "else" in node else 1)
        return min(routes(node["then"]) + without, ROUTES + 1)
    parts = node.get("all") or node.get("any") or node.get("of") or []
    if "credits" in node or not parts:
        return len(node["from"]["subject"]) if node.get("same") else 1
    need = len(parts) if "all" in node else 1 if "any" in node else node["choose"]
    if need < len(parts) and all(isinstance(part, str) for part in parts):
        return 1
    below = [routes(part) for part in parts]
    ways = [1] + [0] * need  # ways[k]: in how many ways k of the parts so far can be met
    for count in below:
        for k in range(need, 0, -1):
            ways[k] = min(ways[k] + ways[k - 1] * count, ROUTES + 1)
    return ways[need]


def always_counts(node: Node | str) -> bool:
    """Whether meeting a requirement always counts a course that tests look at."""
    if isinstance(node, str):
        return True
    if "share-group" in node or "milestone" in node:
        return False
    if "if" in node:
        return "else" in node and always_counts(node["then"]) and always_counts(node["else"])
    parts = node.get("all") or node.get("any") or (node.get("of") if "choose" in node else None)
    if not parts:
        return True
    need = len(parts) if "all" in node else 1 if "any" in node else node["choose"]
    return need > sum(not always_counts(part) for part in parts)


def may_ask_nothing(node: Node | str) -> bool:
    """Whether a requirement may ask nothing of some learner, whose facts are others."""
    if isinstance(node, str):
        return False
    if "if" in node:
        return "else" not in node or may_ask_nothing(node["then"]) or may_ask_nothing(node["else"])
    return "all" in node and all(map(may_ask_nothing, node["all"]))
