-- Every kind of thing that needs another, for cascade_test.py.
CREATE SCHEMA app;
CREATE SCHEMA other;
CREATE SCHEMA doomed;
SET search_path = app;

CREATE TYPE app.mood AS ENUM ('good', 'bad');
CREATE TYPE app.place AS (street text, feels app.mood);
CREATE DOMAIN app.moody AS app.mood CHECK (VALUE <> 'bad');
CREATE TYPE app.floats AS RANGE (SUBTYPE = float8);
CREATE FUNCTION app.one() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION app.of_mood(m app.mood) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION app.noticed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE PROCEDURE app.proceed(m app.mood) LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE app.moods (app.mood) (SFUNC = array_append, STYPE = app.mood[], INITCOND = '{}');
CREATE FUNCTION app.same(a app.place, b app.place) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR app.=== (LEFTARG = app.place, RIGHTARG = app.place, FUNCTION = app.same);
CREATE FUNCTION app.to_mac(app.place) RETURNS macaddr LANGUAGE sql IMMUTABLE AS 'SELECT NULL::macaddr';
CREATE CAST (app.place AS macaddr) WITH FUNCTION app.to_mac(app.place);

CREATE TABLE app.customers (
  id serial PRIMARY KEY, name text NOT NULL UNIQUE, feels app.mood DEFAULT 'good', felt app.mood[], rank integer DEFAULT app.one(),
  born integer CHECK (born > 0), twice integer GENERATED ALWAYS AS (born * 2) STORED, home app.place, span app.floats,
  checked app.moody, CHECK (born < rank + 5000));
CREATE INDEX customers_born ON app.customers (born);
CREATE INDEX customers_called ON app.customers ((app.one() + born));
CREATE STATISTICS app.customers_both (dependencies) ON born, rank FROM app.customers;
CREATE TABLE app.orders (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer integer REFERENCES app.customers,
  customer_name text REFERENCES app.customers (name), note text);
CREATE TABLE other.lines (order_id integer REFERENCES app.orders ON DELETE CASCADE, number integer DEFAULT nextval('app.customers_id_seq'));
CREATE TABLE app.family (parent integer REFERENCES app.family, id integer PRIMARY KEY);
ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_customer ON app.orders USING (EXISTS (SELECT FROM app.customers c WHERE c.id = customer AND c.born > 0));
CREATE POLICY by_note ON app.orders USING (note <> '');
CREATE TRIGGER noticed BEFORE INSERT ON app.orders FOR EACH ROW EXECUTE FUNCTION app.noticed();
CREATE TRIGGER noticed_when BEFORE UPDATE ON app.orders FOR EACH ROW WHEN (OLD.note <> '') EXECUTE FUNCTION app.noticed();
CREATE CONSTRAINT TRIGGER far AFTER INSERT ON other.lines FROM app.customers FOR EACH ROW EXECUTE FUNCTION app.noticed();
CREATE TABLE app.watched (id integer);
CREATE RULE also AS ON INSERT TO app.watched DO ALSO DELETE FROM app.orders WHERE note = 'x';

CREATE VIEW app.people AS SELECT id, name, born FROM app.customers;
CREATE VIEW other.people AS SELECT id FROM app.people;
CREATE VIEW app.grouped AS SELECT id, name, count(*) FROM app.customers GROUP BY id;
CREATE MATERIALIZED VIEW app.ranks AS SELECT rank, app.one() AS one FROM app.customers;
CREATE INDEX ranks_key ON app.ranks (rank);
CREATE VIEW app.counted AS SELECT app.moods(feels) FROM app.customers;
CREATE VIEW app.compared AS SELECT ('(a,good)'::app.place OPERATOR(app.===) '(b,good)'::app.place) AS same;
CREATE VIEW app.of_rows AS SELECT c FROM app.customers c;
CREATE FUNCTION app.of_row(app.customers) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TABLE app.typed OF app.place;
CREATE TABLE app.has_row (c app.customers, other integer);

CREATE TABLE app.base (id integer, name text);
CREATE TABLE other.child (extra integer) INHERITS (app.base);
CREATE VIEW app.children AS SELECT extra FROM other.child;

CREATE TABLE app.events (day date NOT NULL, id integer, customer integer REFERENCES app.customers, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE other.events_2025 PARTITION OF app.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TRIGGER on_events BEFORE INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION app.noticed();
CREATE INDEX events_customer ON app.events (customer);
CREATE VIEW app.of_2025 AS SELECT id FROM other.events_2025;
CREATE TABLE app.remarks (day date, id integer, FOREIGN KEY (day, id) REFERENCES app.events);

CREATE TABLE doomed.things (id serial, feels app.mood);
CREATE TYPE doomed.colour AS ENUM ('red');
CREATE FUNCTION doomed.helper() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE SEQUENCE doomed.numbers;
CREATE TABLE app.user_of_doomed (id integer DEFAULT nextval('doomed.numbers'), colour doomed.colour, helped integer DEFAULT doomed.helper());
CREATE VIEW app.view_of_doomed AS SELECT id FROM doomed.things;
CREATE SEQUENCE other.loose OWNED BY other.child.extra;
CREATE PUBLICATION shown FOR TABLE app.orders;
