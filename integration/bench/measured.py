"""A line of the table, and how measurements become its text."""
import collections
import statistics

Row = collections.namedtuple("Row", "figure goal measured")


def median(values):
    return statistics.median(values)


def against(tool_values, plain_values, unit="s", digits=1):
    """"1.21x (14.2 s / 11.7 s)"."""
    tool, plain = median(tool_values), median(plain_values)
    return f"{tool / plain:.2f}x ({tool:.{digits}f} / {plain:.{digits}f} {unit})"
