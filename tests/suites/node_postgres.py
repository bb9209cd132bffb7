"""node-postgres's own integration tests, a result for each file. Their text is in no package: they need a checkout.

    git clone --branch pg@8.16.3 https://github.com/brianc/node-postgres

What they test is the driver from npm, as pinned in node/package.json.
"""

import json
import pathlib
import shutil
import subprocess

import sources
from fronts import processes

HERE = pathlib.Path(__file__).resolve().parent


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


def _run_file(test, folder, environment, output):
    with open(output, "wb") as told:
        try:
            done = subprocess.run(["node", test], cwd=folder, env=environment, stdout=told, stderr=subprocess.STDOUT,
                                  check=False, timeout=180)
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0


def runner(checkout, modules):
    """The suite, as suites.SUITES has them."""
    def run(_fetched, front, keep):
        folder = processes.new_folder("node-postgres")
        for part in ("test", "script"):
            shutil.copytree(checkout / "packages" / "pg" / part, folder / part)
        for part in ("lib", "esm"):
            shutil.copytree(modules / "pg" / part, folder / part)
        shutil.copy(modules / "pg" / "package.json", folder)
        (folder / "node_modules").symlink_to(modules)
        login = front.login
        environment = {**front.environment(), "PGTESTNOSSL": "true", "TEST_TIMEOUT": "60000",
                       "SCRAM_TEST_PGUSER": login["user"], "SCRAM_TEST_PGPASSWORD": login["password"]}
        subprocess.run(["node", "script/create-test-tables.js"], cwd=folder, env=environment, check=True, timeout=180,
                       stdout=subprocess.DEVNULL)
        tests = sorted((folder / "test" / "integration").rglob("*-tests.js"))
        names = {test: str(test.relative_to(folder / "test" / "integration")) for test in tests}
        return {name: _run_file(test, folder, environment, keep / name.replace("/", "_")) for test, name in names.items()}
    return run
