"""The property test as part of ./test: 200 runs, 2,000 with PGSTRATA_LONG, any number by run.py itself."""
import os
import pathlib
import re
import subprocess
import sys


def test_random_lives_agree_with_the_oracle(pgstrata, record_property):
    runs = 2000 if os.environ.get("PGSTRATA_LONG") else 200
    script = pathlib.Path(__file__).with_name("run.py")
    done = subprocess.run([sys.executable, "-B", str(script), "--runs", str(runs)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    record_property("runs", runs)
    print(re.search(r"property: .*", done.stdout).group(0))
    assert done.returncode == 0, done.stdout[-6000:]
