"""Adds up the test reports of a directory: "N passed, N failed"; exit 1 if any failed or none ran.

A Boost.Test case and a pytest case count one each; a pytest case that records the property "runs"
(a property test) counts as many; a program that ended without a report counts as one failure.
"""
import pathlib
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
        count = runs[0] if runs else 1
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            passed += count - 1
        elif case.find("skipped") is None:
            passed += count
    return passed, failed


def count(path):
    root = xml.parse(path).getroot()
    if root.tag == "crashed":
        print(f"{path.name.split('.')[0]} ended without a report")
        return 0, 1
    return boost(root) if ".boost." in path.name else pytest(root)


counts = [count(path) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.xml"))]
passed, failed = sum(p for p, _ in counts), sum(f for _, f in counts)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed or not passed else 0)
