"""Django through the gate: what it finds out about tables is what it finds out directly, but for protected tables."""

import io
import unittest

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections, migrations, models, transaction
from django.db.migrations.state import ProjectState

import clients

settings.configure(DATABASES={"default": {}}, USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
                   INSTALLED_APPS=[f"django.contrib.{app}" for app in ("contenttypes", "auth", "sessions")])
django.setup()

OF_TABLE = ["get_sequences", "get_relations", "get_key_columns", "get_constraints", "get_primary_key_column"]
# Django reads a table's columns from a row of it.
PROTECTED = {"select app.users: select on app.users is protected",
             "select app.customers: select on app.customers touches email, which is protected"}
WEB = {"id": "web", "allow": ["select", "insert", "update", "delete", "create table", "create index", "alter table *",
                              "create sequence", "references", "drop table", "drop index", "rename table",
                              "rename column"], "on": ["web.*"], "to": ["*"]}


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
    """In transactions, which is how Django changes tables on PostgreSQL."""

    policy = clients.policy(WEB)
    config = {"upstream": {"search_path": ["web"]}}

    def setUp(self):
        super().setUp()
        self.postgres.sql("DROP SCHEMA web CASCADE; CREATE SCHEMA web AUTHORIZATION agent_repair")
        self.alias = self.connect(self.gate)
        self.before = self.judged()[0]

    def migrate(self, *arguments):
        call_command("migrate", *arguments, database=self.alias, verbosity=0)

    def applied(self):
        return {f"{app}.{number}" for app, number in self.postgres.sql(
            "SELECT app, left(name, 4) FROM web.django_migrations")}

    def change(self, state, *operations):
        """As one migration does. What the models are afterwards."""
        after = state.clone()
        with connections[self.alias].schema_editor(atomic=True) as editor:
            for operation in operations:
                earlier = after.clone()
                operation.state_forwards("shop", after)
                operation.database_forwards("shop", editor, earlier, after)
        return after

    def test_tables_are_made_and_changed(self):
        alias = self.alias
        born = models.IntegerField(null=True)
        born.set_attributes_from_name("born")
        with connections[alias].schema_editor() as editor:
            editor.create_model(Author)
            editor.create_model(Book)
            editor.add_field(Author, born)
            editor.add_index(Book, models.Index(fields=["price"], name="books_by_price"))
            ada = Author.objects.using(alias).create(name="Ada")
        Book.objects.using(alias).create(author=ada, title="Notes", price=3, details={"pages": [1]})
        book = Book.objects.using(alias).select_related("author").get(details__pages=[1])
        self.assertEqual((book.author.name, book.price), ("Ada", 3))
        self.assertEqual([book.delete()[0], ada.delete()[0]], [1, 1])
        self.assertEqual(self.judged(self.before)[1], {})
        # It drops with CASCADE, whatever there is to drop.
        with connections[alias].schema_editor() as editor:
            editor.remove_field(Author, born)
            editor.delete_model(Author)
            editor.delete_model(Book)

    def test_a_change_that_fails_leaves_nothing(self):
        with self.assertRaises(ZeroDivisionError), connections[self.alias].schema_editor() as editor:
            editor.create_model(Author)
            self.assertEqual(Author.objects.using(self.alias).count(), 0)
            1 / 0
        self.assertNotIn("authors", connections[self.alias].introspection.table_names())
        self.assertEqual(self.judged(self.before)[1], {})

    def test_manage_py_migrate(self):
        """Django's own migrations up and down, with the columns and tables that these drop by CASCADE."""
        self.migrate()
        self.assertTrue({"contenttypes.0002", "auth.0012", "sessions.0001"} <= self.applied())
        self.migrate("auth", "0005")
        self.migrate("auth", "zero")
        self.assertEqual(self.judged(self.before)[1], {})

    def test_operations_of_migrations(self):
        key = models.BigAutoField(primary_key=True)
        author = models.ForeignKey("shop.Author", models.CASCADE, null=True)
        steps = [
            [migrations.CreateModel("Author", [("id", key), ("name", models.CharField(max_length=20, unique=True))]),
             migrations.CreateModel("Tag", [("id", key.clone()), ("label", models.SlugField(unique=True))]),
             migrations.CreateModel("Book", [("id", key.clone()), ("title", models.CharField(max_length=20)),
                                             ("price", models.IntegerField(default=0))])],
            [migrations.AddField("Book", "author", author), migrations.AddField("Book", "pages",
                                                                                models.IntegerField(default=3)),
             migrations.AddField("Book", "tags", models.ManyToManyField("shop.Tag"))],
            [migrations.AlterField("Author", "name", models.CharField(max_length=80, unique=True, null=True)),
             migrations.AlterField("Book", "price", models.DecimalField(max_digits=10, decimal_places=2, default=1)),
             migrations.AlterField("Book", "author", models.ForeignKey("shop.Author", models.SET_NULL, null=True,
                                                                       db_constraint=False))],
            [migrations.RenameField("Book", "pages", "leaves"), migrations.RenameModel("Tag", "Label"),
             migrations.AlterModelTable("Author", "writers")],
            [migrations.AlterUniqueTogether("Book", {("title", "price")}),
             migrations.AddIndex("Book", models.Index(fields=["price"], name="books_by_price")),
             migrations.AddConstraint("Book", models.CheckConstraint(check=models.Q(price__gte=0), name="positive"))],
            [migrations.RunSQL("INSERT INTO shop_book (title, price, leaves) VALUES ('Notes', 1, 2)"),
             migrations.RunPython(lambda apps, editor: apps.get_model("shop", "Book").objects.using(self.alias).create(
                 title="Letters", leaves=3))],
            [migrations.RemoveConstraint("Book", "positive"), migrations.RemoveIndex("Book", "books_by_price"),
             migrations.AlterUniqueTogether("Book", set())],
        ]
        state = ProjectState()
        for operations in steps:
            state = self.change(state, *operations)
        self.assertEqual(self.postgres.sql("SELECT title, leaves FROM web.shop_book ORDER BY id"),
                         [["Notes", "2"], ["Letters", "3"]])
        self.change(state, migrations.RemoveField("Book", "tags"), migrations.RemoveField("Book", "leaves"),
                    migrations.DeleteModel("Book"))
        self.assertEqual(self.judged(self.before)[1], {})


if __name__ == "__main__":
    unittest.main()
