"""Django, briefly (more in tests/integration/orm_django_test.py): over TLS too, and cancelling.

Prints a line for each result, under the name of its step.
"""

import os

import django
from django.conf import settings

settings.configure(USE_TZ=True, TIME_ZONE="UTC", DATABASES={"default": {
    "ENGINE": "django.db.backends.postgresql", "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"],
    "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"], "PASSWORD": os.environ["PGPASSWORD"]}})
django.setup()

from django.db import Error, connection, models, transaction

from common import cancelled_when_told, shown


class Note(models.Model):
    text = models.TextField()
    size = models.IntegerField(null=True)

    class Meta:
        app_label = "clients"
        managed = False
        db_table = "notes"


def attempt(step, body):
    try:
        print(f"{step}: {body()}")
    except Error as error:
        told = error.__cause__.diag
        words = [] if step.startswith("refusal") else [told.message_primary, told.statement_position, told.constraint_name]
        print(f"{step}: {type(error).__name__} {told.sqlstate} {words}")


def run(text, values=None):
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return [shown(row) for row in cursor]


def transactions():
    with transaction.atomic():
        Note.objects.create(text="kept", size=1)
        try:
            with transaction.atomic():
                Note.objects.create(text="lost")
                run("SELECT 1/0")
        except Error as error:
            print("in the savepoint:", type(error).__name__)
    Note.objects.bulk_create([Note(text=f"row {number}", size=number) for number in range(50)])
    Note.objects.filter(size__gt=40).update(size=models.F("size") + 1)
    return list(Note.objects.order_by("id").values_list("id", "text", "size")), Note.objects.aggregate(models.Sum("size"))


def cancel():
    connection.ensure_connection()
    with cancelled_when_told(connection.connection):
        attempt("cancelled", lambda: run("SELECT pg_sleep(3600)"))
    attempt("after the cancel", lambda: run("SELECT 'usable'"))


def main():
    print("# connect")
    print("connect:", run("SELECT current_database()"))
    print("# query")
    attempt("types", lambda: run("SELECT * FROM app.samples ORDER BY id"))
    print("# parameters")
    attempt("parameters", lambda: run("SELECT %s, %s, %s::date, %s", [2**40 + 7, "it's é", None, [1, None, 3]]))
    print("# transaction")
    attempt("transactions", transactions)
    print("# more")
    attempt("iterator", lambda: sum(note.size for note in Note.objects.iterator(chunk_size=7)))
    attempt("tables", lambda: connection.introspection.table_names())
    print("# error")
    attempt("unique violation", lambda: Note.objects.create(text="kept"))
    attempt("check violation", lambda: Note.objects.create(text="x", size=-1))
    attempt("unknown column", lambda: run("SELECT nothing FROM app.samples"))
    print("# cancel")
    cancel()
    print("# refusal")
    attempt("refusal", lambda: run("SELECT ssn FROM app.users"))
    attempt("refusal of parameters", lambda: run("SELECT ssn FROM app.users WHERE id = %s", [1]))
    attempt("after the refusal", lambda: Note.objects.count())
    connection.close()
    print("done")


main()
