"""SQLAlchemy through the gate: what it reflects is what it reflects directly, and none of it is refused."""

import unittest
import warnings

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.automap import automap_base

import clients

MADE = ["app.authors", "app.books"]
WEB = {"id": "web", "allow": ["select"], "on": ["web.*"], "to": ["*"]}
POLICY = clients.policy(
    WEB,
    {"id": "shape", "allow": ["create table", "drop table", "create index", "select", "insert", "update", "delete",
                              "references", "comment", "alter table *",
                              "rename column"], "on": [*MADE, "app.alembic_version"], "to": ["*"]},
    {"id": "index", "allow": ["drop index"], "on": ["app.authors", "app.authors_by_birth"], "to": ["*"]},
    {"id": "serial", "allow": ["create sequence"], "on": ["app.authors_id_seq", "app.books_id_seq"], "to": ["*"]},
    {"id": "mood", "allow": ["use type"], "on": ["app.mood"], "to": ["*"]})

OF_SCHEMA = ["get_table_names", "get_view_names", "get_sequence_names", "get_enums", "get_foreign_table_names",
             "get_sorted_table_and_fkc_names"]
OF_TABLE = ["get_columns", "get_pk_constraint", "get_foreign_keys", "get_indexes", "get_unique_constraints",
            "get_check_constraints", "get_table_comment", "get_table_options", "get_table_oid", "has_table"]

Base = orm.declarative_base(metadata=sa.MetaData(schema="app"))


class Author(Base):
    __tablename__ = "authors"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.Text, nullable=False, unique=True, comment="as on the cover")
    mood = sa.Column(postgresql.ENUM("sad", "ok", "happy", name="mood", schema="app", create_type=False))
    books = orm.relationship("Book", back_populates="author", cascade="all, delete-orphan", order_by="Book.id")


class Book(Base):
    __tablename__ = "books"
    __table_args__ = (sa.Index("books_by_title", "title"), {"comment": "what they wrote"})
    id = sa.Column(sa.Integer, primary_key=True)
    author_id = sa.Column(sa.ForeignKey("app.authors.id", ondelete="CASCADE"), nullable=False)
    title = sa.Column(sa.String(80), nullable=False)
    tags = sa.Column(postgresql.ARRAY(sa.Text), server_default="{}")
    details = sa.Column(postgresql.JSONB)
    price = sa.Column(sa.Numeric(10, 2), sa.CheckConstraint("price >= 0", name="price_positive"))
    author = orm.relationship("Author", back_populates="books")


class Note(Base):
    __tablename__ = "notes"
    id = sa.Column(sa.Integer, primary_key=True)
    text = sa.Column(sa.Text, nullable=False)


def inspected(engine):
    """All that the inspector says, by question."""
    inspector = sa.inspect(engine)
    seen = {"schemas": inspector.get_schema_names(), "default": inspector.default_schema_name,
            "sequence": inspector.has_sequence("tickets", schema="app")}
    for schema in (None, "app", "hr", "information_schema"):
        for question in OF_SCHEMA:
            seen[question, schema] = getattr(inspector, question)(schema=schema)
        views = set(inspector.get_view_names(schema=schema)) | {"totals"}
        for name in inspector.get_table_names(schema=schema) + sorted(views) if schema == "app" else []:
            for question in OF_TABLE:
                seen[question, name] = repr(getattr(inspector, question)(name, schema=schema))
        for name in views if schema == "app" else []:
            seen["definition", name] = inspector.get_view_definition(name, schema=schema)
    return seen


def reflected(engine):
    """The tables that MetaData finds, and the classes that automap makes of them."""
    by_path, by_schema = sa.MetaData(), sa.MetaData(schema="app")
    by_path.reflect(engine)
    by_schema.reflect(engine, views=True)
    base = automap_base(metadata=by_schema)
    base.prepare()
    tables = {name: [(column.name, repr(column.type), column.nullable, column.primary_key, column.comment,
                      sorted(key.target_fullname for key in column.foreign_keys)) for column in table.columns]
              for metadata in (by_path, by_schema) for name, table in metadata.tables.items()}
    return tables, sorted(base.classes.keys())


class SqlAlchemy(clients.ClientCase):
    policy = POLICY

    def setUp(self):
        super().setUp()
        self.before = self.judged()[0]
        warnings.simplefilter("ignore", sa.exc.SAWarning)  # of types that it does not know

    def engine(self, front, **options):
        login = front.login_of(clients.AGENT)
        made = sa.create_engine(sa.engine.URL.create(
            "postgresql+psycopg2", login["user"], login["password"], login["host"], login["port"],
            login["database"]), **options)
        self.addCleanup(made.dispose)
        return made

    def tearDown(self):
        self.assertEqual(self.judged(self.before)[1], {})

    def test_inspection(self):
        expected = inspected(self.engine(self.postgres))
        self.assertIn("archived_orders", expected["get_table_names", "app"])
        self.assertEqual(inspected(self.engine(self.gate)), expected)
        self.assertGreater(self.judged()[0] - self.before, 150)

    def test_reflection(self):
        expected = reflected(self.engine(self.postgres))
        self.assertIn("customers", expected[1])
        self.assertEqual(reflected(self.engine(self.gate)), expected)

    def test_tables_are_made_used_and_dropped(self):
        engine = self.engine(self.gate)
        tables = [Author.__table__, Book.__table__]
        Base.metadata.create_all(engine, tables)
        Base.metadata.create_all(engine, tables)  # asks what is there
        with orm.Session(engine) as session:
            ada = Author(name="Ada", mood="happy", books=[
                Book(title="Notes", tags=["a"], price=3), Book(title="Letters")])
            session.add_all([ada, Author(name="Grace")])
            session.commit()
            ada.books[0].details = {"pages": [1, 2]}
            ada.books.pop()
            session.commit()
            found = session.query(Author).options(orm.joinedload(Author.books)).order_by(Author.name).all()
            self.assertEqual([(a.name, [(b.title, b.tags, b.details) for b in a.books]) for a in found],
                             [("Ada", [("Notes", ["a"], {"pages": [1, 2]})]), ("Grace", [])])
            session.delete(ada)
            session.commit()
            self.assertEqual(session.query(Book).count(), 0)
        Base.metadata.drop_all(engine, tables)
        self.assertFalse(sa.inspect(engine).has_table("authors", schema="app"))

    def test_one_transaction_makes_fills_reflects_and_drops(self):
        engine, tables = self.engine(self.gate), [Author.__table__, Book.__table__]
        with engine.connect() as connection:
            with connection.begin() as whole:
                Base.metadata.create_all(connection, tables)
                connection.execute(sa.insert(Author), [{"name": "Ada"}, {"name": "Grace"}])
                with connection.begin_nested() as part:
                    Base.metadata.drop_all(connection, tables)
                    part.rollback()
                self.assertEqual(connection.execute(sa.select(Author.name)).scalars().all(), ["Ada", "Grace"])
                seen = sa.MetaData(schema="app")
                seen.reflect(connection, only=["authors", "books"])
                self.assertEqual(sorted(seen.tables), MADE)
                whole.rollback()
            self.assertFalse(sa.inspect(connection).has_table("authors", schema="app"))

    def test_a_migration_is_one_transaction(self):
        """What Alembic does: its own table, then steps that build on each other, all in one transaction."""
        engine = self.engine(self.gate)
        version = sa.Table("alembic_version", sa.MetaData(schema="app"), sa.Column("version_num", sa.String(32)))
        for _ in range(2):
            with engine.begin() as connection:
                version.create(connection)
                connection.execute(sa.insert(version).values(version_num="1"))
                Author.__table__.create(connection)
                for step in ("ADD COLUMN born integer", "ALTER COLUMN born SET NOT NULL",
                             "ADD CONSTRAINT born_known CHECK (born > 0)", "RENAME COLUMN born TO birth",
                             "ALTER COLUMN birth TYPE bigint", "ADD UNIQUE (name, birth)"):
                    connection.exec_driver_sql(f"ALTER TABLE app.authors {step}")
                connection.exec_driver_sql("CREATE INDEX authors_by_birth ON app.authors (birth)")
                connection.execute(sa.update(version).values(version_num="2"))
                connection.exec_driver_sql("INSERT INTO app.authors (name, birth) VALUES ('Ada', 1815)")
            with engine.begin() as connection:  # and back
                self.assertEqual(connection.exec_driver_sql("SELECT name, birth FROM app.authors").all(), [("Ada", 1815)])
                connection.exec_driver_sql("DROP INDEX app.authors_by_birth")
                connection.exec_driver_sql("ALTER TABLE app.authors DROP COLUMN birth")
                Author.__table__.drop(connection)
                version.drop(connection)

    def test_search_path(self):
        """By what programs do: the options of the start-up, or a SET on each new connection."""
        def said(engine):
            with engine.connect() as connection:
                found = connection.exec_driver_sql("SHOW search_path").scalar()
                return found, connection.exec_driver_sql("SELECT text FROM notes ORDER BY id").scalars().all()

        by_options = self.engine(self.gate, connect_args={"options": "-csearch_path=web,app"})
        self.assertEqual(said(by_options), ("web,app", ["first", "second"]))
        by_statement = self.engine(self.gate)

        @sa.event.listens_for(by_statement, "connect", insert=True)
        def on_connect(connection, _):
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION search_path=web, app")
            connection.autocommit = False

        self.assertEqual(said(by_statement), ("web, app", ["first", "second"]))
        self.assertEqual(sa.inspect(by_statement).default_schema_name, "web")

    def test_rows_and_transactions(self):
        engine = self.engine(self.gate)
        with orm.Session(engine) as session:
            session.bulk_insert_mappings(Note, [{"text": f"bulk {n}"} for n in range(20)])
            with session.begin_nested() as nested:
                session.add(Note(text="lost"))
                session.flush()
                nested.rollback()
            session.execute(sa.update(Note).where(Note.text.like("bulk%")).values(text=Note.text + "!"),
                            execution_options={"synchronize_session": "fetch"})
            session.commit()
            self.assertEqual(session.query(sa.func.count(Note.id)).scalar(), 22)
            self.assertEqual(session.get(Note, 3).text, "bulk 0!")
        upsert = postgresql.insert(Note).values(id=1, text="again")
        with engine.begin() as connection:
            connection.execute(upsert.on_conflict_do_update(index_elements=["id"], set_={"text": upsert.excluded.text}))
            gone = connection.execute(sa.delete(Note).where(Note.id > 2).returning(Note.id)).all()
            self.assertEqual(len(gone), 20)
        self.assertEqual(self.postgres.sql("SELECT text FROM app.notes ORDER BY id"), [["again"], ["second"]])

    def test_connections(self):
        engine = self.engine(self.gate, pool_pre_ping=True, isolation_level="REPEATABLE READ", pool_size=1)
        for level in (None, "SERIALIZABLE", "READ COMMITTED"):
            with engine.connect() as connection:
                if level:
                    connection = connection.execution_options(isolation_level=level)
                self.assertEqual(connection.get_isolation_level(), level or "REPEATABLE READ")
                rows = connection.execution_options(stream_results=True).execute(sa.select(Note.text).order_by(Note.id))
                self.assertEqual(rows.scalars().all(), ["first", "second"])


if __name__ == "__main__":
    unittest.main()
