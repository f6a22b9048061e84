"""Queries as text and as trees: what they name, and how one is asked outside a board."""

import promql_parser as promql

COMPARISONS = {"==", "!=", ">", "<", ">=", "<="}
SETS = {"and", "or", "unless"}


def asked(expression: str, window: str = "1m") -> str:
    """A panel's query as Grafana asks it with all functions chosen; `window` stands for its interval."""
    return expression.replace("$__rate_interval", window).replace("$function", ".+")


def names(expression: str) -> set[str]:
    """The metrics that a query reads. Raises ValueError, with what is wrong, where it is no query."""
    return {node.name for node in nodes(expression) if isinstance(node, promql.VectorSelector)}


def labels(expression: str) -> set[str]:
    """The labels by which a query chooses, groups or joins."""
    found = set()
    for node in nodes(expression):
        if isinstance(node, promql.VectorSelector):
            found |= {matcher.name for matcher in node.matchers.matchers}
        elif isinstance(node, promql.AggregateExpr) and node.modifier:
            found |= set(node.modifier.labels)
        elif isinstance(node, promql.BinaryExpr) and node.modifier:
            matching = node.modifier.matching
            found |= {*(matching.labels if matching else ()), *(node.modifier.group_labels or ())}
    return found


def measured(expression: str) -> list[str]:
    """What an alert compares, without the comparison: that must have data even while all is well."""
    tree = promql.parse(expression)
    if isinstance(tree, promql.ParenExpr):
        return measured(tree.expr.prettify())
    if isinstance(tree, promql.BinaryExpr) and str(tree.op) in SETS | COMPARISONS:
        return [one for side in (tree.lhs, tree.rhs) for one in measured(side.prettify())]
    return [expression] if names(expression) else []


def nodes(expression: str) -> list[promql.Expr]:
    """Every part of a query, the outermost first."""
    found = []
    promql.walk(promql.parse(expression), found.append)
    # A choice of series over a time holds one, which the walk leaves out.
    return [node.vector_selector if isinstance(node, promql.MatrixSelector) else node for node in found]
