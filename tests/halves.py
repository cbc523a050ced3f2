"""
Run all tests, in two halves side by side: `make test`.

One half starts an Airflow or a cluster in most of its files, and waits for it much of the time; the
other needs the processor. What the first one says is shown live, and then what the second one said.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

#: Folders whose tests start an Airflow, a browser, or somebody else's client.
AIRFLOW = ("browser", "chaos", "cluster", "demo", "judges")


def main() -> int:
    """Run both halves; arguments go to both."""
    command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    with tempfile.TemporaryFile() as said:
        airflow = subprocess.Popen(
            [*command, *(f"tests/{folder}" for folder in AIRFLOW)],
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        try:
            rest = [f"--ignore=tests/{folder}" for folder in AIRFLOW]
            failed = subprocess.call([*command, *rest])
            print(f"Waiting for the tests in {', '.join(AIRFLOW)}.", flush=True)
            failed = airflow.wait() or failed
        finally:
            airflow.terminate()
            airflow.wait()
        said.seek(0)
        sys.stdout.buffer.write(said.read())
    return failed


if __name__ == "__main__":
    sys.exit(main())
