"""node-postgres's own integration tests, a result for each file. Their text is in no package: they need a checkout.

    git clone --branch pg@8.16.3 https://github.com/brianc/node-postgres

What they test is the driver from npm, as pinned in node/package.json.
"""

import json
import pathlib
import shutil
import subprocess
import time

import sources
from fronts import processes

HERE = pathlib.Path(__file__).resolve().parent
# Some tests give the driver 100 ms to log in. One that failed is run once more, on either front, and the output says
# so; one that took this many seconds to fail hung, and is not.
_HUNG = 45
# How long a test may take is no question to the gate; some make 10,000 statements. Their other times TEST_TIMEOUT sets.
_PATIENCE = ("this.timeout = 5000", "this.timeout = 60000")
_WITH_TLS = ("client/ssl-tests.js", "gh-issues/2085-tests.js")


def check(checkout, modules):
    """Raises sources.NotAvailable unless the tests are there, and those of the installed driver."""
    package = checkout / "packages" / "pg" / "package.json"
    driver = modules / "pg" / "package.json"
    for needed, remedy in ((package, "give --node-postgres a checkout"),
                           (driver, f"run `npm ci --ignore-scripts` with {HERE / 'node'} and give --node-modules")):
        if not needed.exists():
            raise sources.NotAvailable(f"{needed} is missing: {remedy}")
    versions = [json.loads(file.read_text(encoding="utf-8"))["version"] for file in (package, driver)]
    if versions[0] != versions[1]:
        raise sources.NotAvailable(f"the checkout is of version {versions[0]}, the driver of {versions[1]}")


def _run_once(test, folder, environment, output):
    with open(output, "wb") as told:
        try:
            done = subprocess.run(["node", test], cwd=folder, env=environment, stdout=told, stderr=subprocess.STDOUT,
                                  check=False, timeout=120)
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0


def _run_file(test, folder, environment, output):
    begun = time.monotonic()
    if _run_once(test, folder, environment, output):
        return True
    if time.monotonic() - begun > _HUNG:
        return False
    first = output.rename(output.with_name(f"{output.name}.first"))
    passed = _run_once(test, folder, environment, output)
    if passed:
        print(f"passed at the second attempt only: {test.name}, see {first}", flush=True)
    return passed


def _make_patient(folder):
    suite = folder / "test" / "suite.js"
    text = suite.read_text(encoding="utf-8")
    if text.count(_PATIENCE[0]) != 1:
        raise RuntimeError(f"{suite} does not set its tests' time as it used to: adapt _PATIENCE")
    suite.write_text(text.replace(*_PATIENCE), encoding="utf-8")


def runner(checkout, modules):
    """The suite, as suites.SUITES has them."""
    def run(_fetched, front, keep):
        folder = processes.new_folder("node-postgres")
        for part in ("test", "script"):
            shutil.copytree(checkout / "packages" / "pg" / part, folder / part)
        for part in ("lib", "esm"):
            shutil.copytree(modules / "pg" / part, folder / part)
        _make_patient(folder)
        shutil.copy(modules / "pg" / "package.json", folder)
        (folder / "node_modules").symlink_to(modules)
        login = front.login
        environment = {**front.environment(), "TEST_TIMEOUT": "60000",
                       "SCRAM_TEST_PGUSER": login["user"], "SCRAM_TEST_PGPASSWORD": login["password"]}
        subprocess.run(["node", "script/create-test-tables.js"], cwd=folder, env=environment, check=True, timeout=180,
                       stdout=subprocess.DEVNULL)
        tests = sorted((folder / "test" / "integration").rglob("*-tests.js"))
        names = {test: str(test.relative_to(folder / "test" / "integration")) for test in tests}
        with_tls = {**environment, "PGPORT": str(front.login_for_tls["port"])}
        return {name: _run_file(test, folder, with_tls if name in _WITH_TLS else environment, keep / name.replace("/", "_"))
                for test, name in names.items()}
    return run
