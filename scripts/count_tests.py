"""Adds up the test reports of a directory: "N passed, N failed"; exit 1 if any failed or none ran.

A Boost.Test case and a pytest case count one each; a pytest case that records the property "runs"
(a property test) counts as many; a script is taken at its word ("N passed, N failed" or "N tables, N
wrong"); a program that ended without a report counts as one failure.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as xml


def boost(root):
    suite = root.find("TestSuite")
    failed = int(suite.get("test_cases_failed")) + int(suite.get("test_cases_aborted"))
    passed = int(suite.get("test_cases_passed"))
    return passed, failed or int(suite.get("result") != "passed")


def pytest(root):
    passed = failed = 0
    for case in root.iter("testcase"):
        runs = [int(p.get("value")) for p in case.iter("property") if p.get("name") == "runs"]
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is None:
            passed += runs[0] if runs else 1
    return passed, failed


def no_report(path):
    print(f"{path.name.split('.')[0]} ended without a report")
    return 0, 1


def script(text):
    said = re.findall(r"^(\d+) passed, (\d+) failed", text, re.M)
    if said:
        return int(said[-1][0]), int(said[-1][1])
    tables = re.findall(r"^(\d+) tables, (\d+) wrong", text, re.M)
    if tables:
        return int(tables[-1][0]) - int(tables[-1][1]), int(tables[-1][1])
    return None


def count(path):
    if path.suffix == ".out":
        return script(path.read_text()) or no_report(path)
    root = xml.parse(path).getroot()
    if root.tag == "crashed":
        return no_report(path)
    return boost(root) if ".boost." in path.name else pytest(root)


counts = [count(path) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.*"))
          if path.suffix in {".xml", ".out"}]
passed, failed = sum(p for p, _ in counts), sum(f for _, f in counts)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed or not passed else 0)
