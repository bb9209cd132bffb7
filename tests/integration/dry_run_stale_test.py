"""Dry runs while others change the structure: what counts is what there is behind the run, and what never rests is refused."""

import threading
import time
import unittest

import dry_run_faults_test
from dry_run_faults_test import ADD, DROP
from wire import query


class Stale(dry_run_faults_test.Case):
    def test_what_changes_while_it_is_tried_out_counts(self):
        """Tried again where there is what others have made meanwhile."""
        self.allowed("INSERT INTO made.slow DEFAULT VALUES")
        self.connection.send(query("ALTER TABLE made.slow ADD COLUMN mine integer DEFAULT made.pause()"))
        time.sleep(0.5)
        self.postgres.sql("ALTER TABLE made.slow ADD COLUMN mine text")
        self.addCleanup(self.postgres.sql, "ALTER TABLE made.slow DROP COLUMN mine")
        error, = [one for one in self.connection.read_until() if one.type == "E"]
        self.assertEqual(error.code, "42701", error.fields)
        self.assertIn("its dry run fails", error.fields["M"])
        decision = self.gate.wait_for_entry("decision", lambda one: "mine integer" in one.get("text", ""))
        self.assertEqual((decision["verdict"], decision["sqlstate"]), ("deny", "42701"))

    def test_a_structure_that_never_rests_is_refused(self):
        self.allowed(ADD.format("a"))
        self.postgres.sql("CREATE TABLE made.restless (n0 integer)")
        self.addCleanup(self.postgres.sql, "DROP TABLE made.restless")
        ends = threading.Event()
        def change():
            with self.postgres.superuser_connection() as other:
                number = 0
                while not ends.wait(0.05):
                    other.rows(f"ALTER TABLE made.restless RENAME COLUMN n{number} TO n{number + 1}")
                    number += 1
        thread = threading.Thread(target=change)
        thread.start()
        try:
            error = self.refused(DROP.format("a"), "57P03", 'denied by "grow": it was not tried out: ', "in a moment")
            self.assertRegex(error.fields["M"], "keeps changing|not ready yet")
            self.goes_on(self.connection)
        finally:
            ends.set()
            thread.join()
        self.works_again(self.connection, DROP.format("a"))


if __name__ == "__main__":
    unittest.main()
