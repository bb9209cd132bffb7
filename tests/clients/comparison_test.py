"""The comparison sees what must not pass: a difference, a step or a refusal that is lost, an exception that is none."""

import unittest

from comparison import STEPS, Comparison

WITHOUT = {step: "it has none" for step in STEPS if step not in ("connect", "query", "refusal")}
LINES = ["# connect", "in: yes", "# query", "rows: 1", "keys: 2", "# refusal", "refusal: 42501", "done"]


def changed(old, new):
    return [new if line == old else line for line in LINES if line != old or new is not None]


class ComparisonTest(unittest.TestCase):
    def test_equal_output_passes(self):
        compared = Comparison(LINES, LINES, WITHOUT, {})
        self.assertEqual(compared.problems, {})
        self.assertEqual([compared.cell(step) for step in ("connect", "query", "COPY", "refusal")],
                         ["equal", "equal", "-", "refused"])

    def test_another_value_or_line_is_a_difference_of_its_step_alone(self):
        for lines in (changed("rows: 1", "rows: 2"), changed("rows: 1", None), changed("keys: 2", None)):
            compared = Comparison(LINES, lines, WITHOUT, {})
            self.assertEqual(list(compared.problems), ["query"])
            self.assertEqual(compared.cell("query"), "DIFFERS")

    def test_a_script_that_ends_early_on_both_ways_fails(self):
        for lines in (LINES[:-1], []):
            self.assertIn("script", Comparison(lines, lines, WITHOUT, {}).problems)

    def test_a_step_is_in_the_script_and_in_its_list_or_in_neither(self):
        short = [line for line in LINES if line not in ("# query", "rows: 1", "keys: 2")]
        self.assertIn("script", Comparison(short, short, WITHOUT, {}).problems)
        self.assertIn("script", Comparison(LINES, LINES, {**WITHOUT, "query": "it has none"}, {}).problems)

    def test_a_refusal_that_is_answered_on_both_ways_fails(self):
        lines = changed("refusal: 42501", "refusal: 078-05-1120")
        self.assertIn("refusal", Comparison(lines, lines, WITHOUT, {}).problems)

    def test_what_is_closed_may_be_refused_and_must_be(self):
        closed = {"keys": "the gate's defaults"}
        refused = changed("keys: 2", "keys: ERROR 42501")
        compared = Comparison(LINES, refused, WITHOUT, closed)
        self.assertEqual((compared.problems, compared.cell("query")), ({}, "equal, but"))
        self.assertIn("script", Comparison(LINES, LINES, WITHOUT, closed).problems)
        self.assertIn("query", Comparison(LINES, changed("keys: 2", "keys: 3"), WITHOUT, closed).problems)
        self.assertIn("query", Comparison(LINES, refused, WITHOUT, {}).problems)


if __name__ == "__main__":
    unittest.main()
