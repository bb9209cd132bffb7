"""What the tests of sealed logs have in common."""

import built
import case
import forge_notes
import keys
import sample
import sealed_sample


class Sealed(case.Folder):
    """Of logs of sealed_sample, with the first key of the log and its own newest note."""

    def verdict(self, writer, sealing_keys=None):
        """Of what the writer wrote. sealing_keys: {name: bytes}; None: without."""
        return self.of_files(writer.log()[1], sealing_keys)

    def of_entries(self, entries, sealing_keys=None):
        """Chain and notes are made again, by the log's own key."""
        return self.of_files(sealed_sample.signed(entries)[1], sealing_keys)

    def of_files(self, files, sealing_keys=None):
        trusted = [keys.of_seed(sample.ORIGIN, forge_notes.SEEDS[0])]
        return self.judged(files, trusted, [forge_notes.newest(files)], sealing_keys, built.knows_sealing)

    def assert_found(self, writer, *found, sealing_keys=None):
        status = 0 if not found else 2 if {check for check, _ in found} <= {"read", "kept"} else 1
        self.assertEqual(self.verdict(writer, sealing_keys), (status, list(found)))


class Opened(Sealed):
    """`writer`: a log of two starts, and of an epoch each; `at`: entries with sealed fields, of both."""

    def setUp(self):
        self.writer = sealed_sample.Writer()
        self.at = [self.writer.statement(), self.writer.failed(), self.writer.refused(), self.writer.tried()]
        self.writer.stop()
        self.writer.start()
        self.at += [self.writer.statement(), self.writer.failed()]
        self.first, self.second = sorted(self.writer.epochs)

    def sealed_at(self, epoch):
        return [e["i"] for e in self.writer.entries if e.get("sealed", {}).get("epoch") == epoch]

    def found(self, *found, sealing_keys=None):
        self.assert_found(self.writer, *found, sealing_keys=self.writer.keys() if sealing_keys is None else sealing_keys)

    def name(self, epoch):
        return f"{epoch:020}.sealing"
