"""What a script printed directly and through the gate, compared step by step and line by line."""

# The columns of the table. A script prints `# STEP` before the lines of a step, which may come more than once.
STEPS = ("connect", "query", "parameters", "binary", "prepared", "transaction", "error", "COPY", "cancel", "refusal", "more")


def by_step(lines):
    """The lines of each step; what stands before the first one belongs to the first."""
    found, step = {}, STEPS[0]
    for line in lines:
        if line.startswith("# "):
            step = line[2:]
            found.setdefault(step, [])
        else:
            found.setdefault(step, []).append(line)
    return found


class Comparison:
    """The output of one client on both ways. `without` names the steps that it has not. `closed` names lines: what they
    ask for is refused by the gate's defaults, with 42501, and by nothing else."""

    def __init__(self, direct, gate, without, closed):
        self.problems = {}  # by step, and under another name what is wrong with the script
        self._direct, self._gate = by_step(direct), by_step(gate)
        self._closed = {name: None for name in closed}  # the step in which it was seen
        if not direct or direct[-1] != "done":
            self.blame("script", f"did not come to its end: {direct[-1] if direct else 'it printed nothing'}")
        self._check_steps(without)
        for step in STEPS:
            self._compare(step)
        for name in [name for name, step in self._closed.items() if step is None]:
            self.blame("script", f"{name} differs no longer: drivers.py says that it does")

    def cell(self, step):
        """For the table."""
        if step in self.problems:
            return "DIFFERS"
        if step not in self._direct:
            return "-"
        return "refused" if step == "refusal" else "equal, but" if step in self._closed.values() else "equal"

    def blame(self, step, text):
        self.problems.setdefault(step, []).append(text)

    def _check_steps(self, without):
        """A step that is lost compares well, and so does a refusal that is none."""
        for step in sorted(set(self._direct) ^ (set(STEPS) - set(without))):
            self.blame("script", f"{step} is a step of the script or of drivers.py, not of both")
        if not any("42501" in line or "refused" in line for line in self._direct.get("refusal", [])):
            self.blame("refusal", "nothing was refused")

    def _compare(self, step):
        direct, gate = self._direct.get(step, []), self._gate.get(step, [])
        for left, right in zip(direct, gate):
            if left != right and not self._is_closed(step, left, right):
                self.blame(step, f"directly: {left}\n      the gate: {right}")
        if len(direct) != len(gate):
            self.blame(step, f"{len(direct)} lines directly, {len(gate)} through the gate")

    def _is_closed(self, step, direct, gate):
        name = gate.split(":")[0]
        if name not in self._closed or not direct.startswith(name + ":") or "42501" not in gate:
            return False
        self._closed[name] = step
        return True
