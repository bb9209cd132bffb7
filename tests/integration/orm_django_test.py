"""Django through the gate: what it finds out about tables is what it finds out directly, but for protected tables."""

import io
import unittest

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections, models, transaction
from django.db.utils import ProgrammingError

import clients

settings.configure(DATABASES={"default": {}}, USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
django.setup()

OF_TABLE = ["get_sequences", "get_relations", "get_key_columns", "get_constraints", "get_primary_key_column"]
# Django reads a table's columns from a row of it.
PROTECTED = {"select app.users: select on app.users is protected",
             "select app.customers: select on app.customers touches email, which is protected"}
WEB = {"id": "web", "allow": ["select", "insert", "update", "delete", "create table", "create index", "alter table *",
                              "create sequence", "references"], "on": ["web.*"], "to": ["*"]}


class Note(models.Model):
    text = models.TextField()

    class Meta:
        app_label, db_table, managed = "clients", "notes", False


class Author(models.Model):
    name = models.CharField(max_length=80, unique=True)

    class Meta:
        app_label, db_table = "clients", "authors"


class Book(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    title = models.CharField(max_length=80, db_index=True)
    price = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    details = models.JSONField(null=True)
    written = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label, db_table = "clients", "books"
        constraints = [models.CheckConstraint(check=models.Q(price__gte=0), name="price_positive")]


class DjangoCase(clients.ClientCase):
    def connect(self, front):
        """The name of a connection that ends with the test."""
        login = front.login_of(clients.AGENT)
        alias = type(front).__name__
        connections.databases[alias] = {
            "ENGINE": "django.db.backends.postgresql", "NAME": login["database"], "USER": login["user"],
            "PASSWORD": login["password"], "HOST": login["host"], "PORT": login["port"]}
        connections.ensure_defaults(alias)
        connections.prepare_test_settings(alias)
        self.addCleanup(lambda: (connections[alias].close(), connections.__delitem__(alias)))
        return alias


class Introspection(DjangoCase):
    @staticmethod
    def seen(alias):
        found = {"tables": connections[alias].introspection.table_names(include_views=True),
                 "sequences": sorted(map(str, connections[alias].introspection.sequence_list()))}
        with connections[alias].cursor() as cursor:
            inspect = connections[alias].introspection
            for table in found["tables"]:
                for question in OF_TABLE:
                    found[question, table] = getattr(inspect, question)(cursor, table)
        return found

    @staticmethod
    def models(alias, *names, **options):
        out = io.StringIO()
        call_command("inspectdb", *names, database=alias, stdout=out, **options)
        return out.getvalue()

    def test_tables_keys_and_constraints(self):
        before, expected = self.judged()[0], self.seen(self.connect(self.postgres))
        self.assertIn("orders", expected["tables"])
        self.assertEqual(self.seen(self.connect(self.gate)), expected)
        self.assertEqual(self.judged(before)[1], {})

    def test_inspectdb(self):
        direct, gate = self.connect(self.postgres), self.connect(self.gate)
        expected = self.models(direct, include_views=True, include_partitions=True)
        names = [line.split("'")[1] for line in expected.splitlines() if " db_table = " in line]
        self.assertIn("totals", names)
        before = self.judged()[0]
        got = self.models(gate, include_views=True, include_partitions=True)
        after, refused = self.judged(before)
        self.assertEqual(set(refused), PROTECTED)
        self.assertGreater(after - before, 50)
        closed = ["users", "customers"]
        self.assertEqual([line.split("'")[1] for line in got.splitlines() if "Unable to inspect" in line],
                         [name for name in names if name in closed])
        open_tables = [name for name in names if name not in closed]
        self.assertEqual(self.models(gate, *open_tables), self.models(direct, *open_tables))


class Rows(DjangoCase):
    def test_rows_and_transactions(self):
        alias = self.connect(self.gate)
        notes = Note.objects.using(alias)
        notes.bulk_create([Note(text=f"bulk {n}") for n in range(20)])
        notes.filter(text__startswith="bulk").update(text="changed")
        with self.assertRaises(ZeroDivisionError), transaction.atomic(using=alias):
            notes.create(text="lost")
            1 / 0
        with transaction.atomic(using=alias):
            notes.create(text="kept")
            with self.assertRaises(ZeroDivisionError), transaction.atomic(using=alias):  # a savepoint
                notes.create(text="lost")
                1 / 0
        notes.filter(id=1).first().delete()
        self.assertEqual(notes.update_or_create(id=2, defaults={"text": "again"})[1], False)
        counts = notes.values_list("text").annotate(n=models.Count("*")).order_by("text")
        self.assertEqual(list(counts), [("again", 1), ("changed", 20), ("kept", 1)])
        self.assertEqual(len(list(notes.order_by("id").iterator(chunk_size=5))), 22)  # a cursor of the server
        self.assertEqual(self.judged()[1], {})


class Schema(DjangoCase):
    policy = clients.policy(WEB)
    config = {"upstream": {"search_path": ["web"]}}

    def test_tables_are_made_and_changed(self):
        alias = self.connect(self.gate)
        # A transaction's own tables are unknown to the gate until its COMMIT.
        connections[alias].features.can_rollback_ddl = False
        with connections[alias].schema_editor() as editor:
            editor.create_model(Author)
            editor.create_model(Book)
        born = models.IntegerField(null=True)
        born.set_attributes_from_name("born")
        with connections[alias].schema_editor() as editor:
            editor.add_field(Author, born)
            editor.add_index(Book, models.Index(fields=["price"], name="books_by_price"))
        ada = Author.objects.using(alias).create(name="Ada")
        Book.objects.using(alias).create(author=ada, title="Notes", price=3, details={"pages": [1]})
        book = Book.objects.using(alias).select_related("author").get(details__pages=[1])
        self.assertEqual((book.author.name, book.price), ("Ada", 3))
        self.assertEqual([book.delete()[0], ada.delete()[0]], [1, 1])
        self.assertEqual(self.judged()[1], {})
        # It drops with CASCADE, whatever there is to drop.
        with self.assertRaisesRegex(ProgrammingError, "CASCADE on web.authors is not allowed"):
            with connections[alias].schema_editor() as editor:
                editor.remove_field(Author, born)


if __name__ == "__main__":
    unittest.main()
