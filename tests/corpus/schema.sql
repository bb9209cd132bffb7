-- A shop with everything behind which something protected can stand. Loaded once, as a superuser, into a database that is
-- then the template of all others. What must stay hidden holds a marker that stands nowhere else: MARKUSERS, MARKSSN,
-- MARKSECRET, MARKLARGE. A row in audit.trips means that a function of a user ran.
SET client_min_messages = warning;
CREATE SCHEMA app;
CREATE SCHEMA secret;
CREATE SCHEMA audit;
CREATE SCHEMA evil;
SET search_path = app;

-- --- tables without a trap -----------------------------------------------------------------------------------------
CREATE TYPE app.order_status AS ENUM ('open', 'paid', 'shipped', 'cancelled');
CREATE TYPE app.place AS (street text, city text, zip text);
CREATE TYPE app.address AS (street text, city text, zip text);  -- with operators and casts that are traps
CREATE DOMAIN app.email AS text CHECK (VALUE ~ '^[^@]+@[^@]+$');
CREATE TYPE app.price_range AS RANGE (SUBTYPE = numeric);

CREATE TABLE app.customers (
  id integer PRIMARY KEY, name text NOT NULL, email app.email, country text NOT NULL, ssn text, joined date NOT NULL,
  tags text[] NOT NULL DEFAULT '{}', profile jsonb NOT NULL DEFAULT '{}', home app.place);
INSERT INTO app.customers VALUES
  (1, 'Ada', 'ada@example.com', 'UK', 'MARKSSN-1', '2024-01-10', '{gold,news}', '{"age": 36, "likes": ["tea", "maths"]}', ('1 High St', 'London', 'N1')),
  (2, 'Grace', 'grace@example.com', 'US', 'MARKSSN-2', '2024-02-20', '{news}', '{"age": 45, "likes": ["ships"]}', ('2 Main St', 'Arlington', '22201')),
  (3, 'Edsger', NULL, 'NL', 'MARKSSN-3', '2024-03-05', '{}', '{"age": 50, "address": {"city": "Nuenen"}}', NULL),
  (4, 'Barbara', 'barbara@example.com', 'US', NULL, '2024-05-17', '{gold}', '{}', NULL),
  (5, 'Tony', 'tony@example.com', 'UK', 'MARKSSN-5', '2025-01-01', '{silver}', '{"age": 60}', NULL);

CREATE TABLE app.products (
  id integer PRIMARY KEY, sku text NOT NULL UNIQUE, name text NOT NULL, price numeric(10,2) NOT NULL CHECK (price >= 0),
  words tsvector GENERATED ALWAYS AS (to_tsvector('english', name)) STORED);
INSERT INTO app.products (id, sku, name, price) VALUES (1, 'T-1', 'green tea', 4.50), (2, 'T-2', 'black tea', 3.90),
  (3, 'C-1', 'coffee beans', 12.00), (4, 'M-1', 'large mugs', 7.25), (5, 'B-1', 'books about ships', 30.00);

CREATE TABLE app.orders (
  id serial PRIMARY KEY, customer_id integer NOT NULL REFERENCES app.customers, status app.order_status NOT NULL DEFAULT 'open',
  amount numeric(12,2) NOT NULL DEFAULT 0, placed timestamptz NOT NULL DEFAULT now(), note text, gift boolean);
INSERT INTO app.orders (customer_id, status, amount, placed, note)
  SELECT 1 + g % 5, (ARRAY['open', 'paid', 'shipped', 'cancelled'])[1 + g % 4]::app.order_status, g * 7.5,
         timestamptz '2024-06-01 12:00+00' + g * interval '5 days', CASE WHEN g % 3 = 0 THEN 'note ' || g END
  FROM generate_series(1, 40) AS g;
CREATE INDEX orders_customer ON app.orders (customer_id);
CREATE INDEX orders_placed ON app.orders (placed) WHERE status <> 'cancelled';

CREATE TABLE app.order_items (
  order_id integer REFERENCES app.orders ON DELETE CASCADE, line integer, product_id integer REFERENCES app.products,
  quantity integer NOT NULL CHECK (quantity > 0), PRIMARY KEY (order_id, line));
INSERT INTO app.order_items SELECT g, l, 1 + (g + l) % 5, 1 + (g * l) % 4 FROM generate_series(1, 40) AS g, generate_series(1, 2) AS l;

CREATE TABLE app.events (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL DEFAULT 'seen', body jsonb, at timestamptz DEFAULT '2025-01-01 00:00+00');
INSERT INTO app.events (kind, body) SELECT 'seen', jsonb_build_object('n', g) FROM generate_series(1, 10) AS g;

CREATE TABLE app.counters (name text PRIMARY KEY, hits integer NOT NULL DEFAULT 0, doubled integer GENERATED ALWAYS AS (hits * 2) STORED);
INSERT INTO app.counters VALUES ('home', 10), ('cart', 3);

CREATE TABLE app.notes (id integer PRIMARY KEY, body text, touched integer NOT NULL DEFAULT 0);
INSERT INTO app.notes VALUES (1, 'first'), (2, 'second');

CREATE TABLE app.recent (id integer PRIMARY KEY, body text);     -- named as a CTE is; nobody may write to it
INSERT INTO app.recent VALUES (1, 'kept'), (2, 'kept too');
CREATE TABLE app.totals (id integer, total numeric);             -- and another
INSERT INTO app.totals VALUES (1, 10), (2, 20);
CREATE TABLE app."Mixed Case" (id integer PRIMARY KEY, "Value" text);
INSERT INTO app."Mixed Case" VALUES (1, 'x'), (2, 'y');
CREATE TABLE app."größe" (id integer PRIMARY KEY, wert text);
INSERT INTO app."größe" VALUES (1, 'ä');
CREATE TABLE app."select" (id integer PRIMARY KEY, "from" text);
INSERT INTO app."select" VALUES (1, 'z');

CREATE TABLE app.readings (day date NOT NULL, value integer) PARTITION BY RANGE (day);
CREATE TABLE app.readings_2024 PARTITION OF app.readings FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.readings_2025 PARTITION OF app.readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO app.readings SELECT date '2024-06-01' + g * 10, g FROM generate_series(1, 50) AS g;

CREATE VIEW app.order_totals AS
  SELECT o.id, c.name, o.amount, sum(i.quantity) AS pieces FROM app.orders o JOIN app.customers c ON c.id = o.customer_id
  JOIN app.order_items i ON i.order_id = o.id GROUP BY o.id, c.name, o.amount;
CREATE VIEW app.customer_public AS SELECT id, name, country, joined FROM app.customers;
CREATE VIEW app.open_orders AS SELECT id, customer_id, amount, note FROM app.orders WHERE status = 'open';
CREATE MATERIALIZED VIEW app.sales_by_month AS
  SELECT date_trunc('month', placed AT TIME ZONE 'UTC')::date AS month, sum(amount) AS total FROM app.orders GROUP BY 1;
CREATE UNIQUE INDEX sales_by_month_key ON app.sales_by_month (month);

-- --- what is protected ---------------------------------------------------------------------------------------------
CREATE TABLE app.regions (code text PRIMARY KEY, name text);
INSERT INTO app.regions VALUES ('EU', 'Europe'), ('US', 'United States');
CREATE TABLE app.users (
  id integer PRIMARY KEY, login text NOT NULL UNIQUE, ssn text, pin integer, region text REFERENCES app.regions ON DELETE SET NULL ON UPDATE CASCADE);
INSERT INTO app.users VALUES (1, 'root', 'MARKUSERS-1', 4711, 'EU'), (2, 'ada', 'MARKUSERS-2', 1234, 'US'), (3, 'eve', 'MARKUSERS-3', 9999, 'EU');
ALTER TABLE app.users ADD COLUMN badge text DEFAULT 'MARKUSERS-BADGE';
ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_row ON app.users USING (login = current_user);
CREATE INDEX users_ssn ON app.users (ssn);
CREATE SEQUENCE app.users_numbers OWNED BY app.users.id;
SELECT setval('app.users_numbers', 424242);

CREATE TABLE app.ledger (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entry text NOT NULL, amount numeric);
INSERT INTO app.ledger (entry, amount) VALUES ('opened', 0), ('deposit', 100), ('withdrawal', -20);

CREATE TABLE app."Vault" (id integer PRIMARY KEY, content text);
INSERT INTO app."Vault" VALUES (1, 'MARKSECRET-VAULT');
CREATE TABLE app."trésor" (id integer PRIMARY KEY, content text);
INSERT INTO app."trésor" VALUES (1, 'MARKSECRET-TRESOR');
CREATE TABLE app.a_name_of_63_bytes_is_the_longest_that_any_table_may_ever_get_x (id integer PRIMARY KEY, content text);
INSERT INTO app.a_name_of_63_bytes_is_the_longest_that_any_table_may_ever_get_x VALUES (1, 'MARKSECRET-LONG');

CREATE TABLE secret.keys (id integer PRIMARY KEY, name text, value text);
INSERT INTO secret.keys VALUES (1, 'api', 'MARKSECRET-KEY1'), (2, 'mail', 'MARKSECRET-KEY2');
CREATE TABLE secret.documents (id integer PRIMARY KEY, body text);
ALTER TABLE secret.documents ALTER COLUMN body SET STORAGE EXTERNAL;
INSERT INTO secret.documents VALUES (1, repeat('MARKSECRET-DOC ', 400));
CREATE SEQUENCE secret.numbers START 777000;
SELECT nextval('secret.numbers');
CREATE TYPE secret.level AS ENUM ('low', 'high');

-- Reached from tables that agents may write to.
CREATE TABLE app.accounts (id integer PRIMARY KEY, owner text);
INSERT INTO app.accounts VALUES (1, 'ada'), (2, 'grace'), (3, 'nobody');
CREATE TABLE secret.cards (id integer PRIMARY KEY, account_id integer REFERENCES app.accounts ON DELETE CASCADE ON UPDATE CASCADE, number text);
INSERT INTO secret.cards VALUES (1, 1, 'MARKSECRET-CARD1'), (2, 2, 'MARKSECRET-CARD2');
CREATE TABLE app.teams (id integer PRIMARY KEY, name text);
INSERT INTO app.teams VALUES (1, 'red'), (2, 'blue');
CREATE TABLE app.memberships (id integer PRIMARY KEY, team_id integer REFERENCES app.teams ON DELETE CASCADE);  -- a step between
INSERT INTO app.memberships VALUES (1, 1), (2, 2);
CREATE TABLE secret.badges (id integer PRIMARY KEY, membership_id integer DEFAULT 2 REFERENCES app.memberships ON DELETE SET DEFAULT);
INSERT INTO secret.badges VALUES (1, 1), (2, 2);

CREATE TABLE app.people (id integer, name text);
INSERT INTO app.people VALUES (1, 'nobody special');
CREATE TABLE app.employees (desk text) INHERITS (app.people);
INSERT INTO app.employees VALUES (2, 'somebody', 'D1');
CREATE TABLE secret.agents (cover text) INHERITS (app.people);
INSERT INTO secret.agents VALUES (7, 'MARKSECRET-AGENT', 'baker');

CREATE TABLE app.measurements (day date NOT NULL, value text) PARTITION BY RANGE (day);
CREATE TABLE app.measurements_2025 PARTITION OF app.measurements FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE secret.measurements_2024 PARTITION OF app.measurements FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO app.measurements VALUES ('2025-03-01', 'plain'), ('2024-03-01', 'MARKSECRET-MEASURED');

-- --- views and copies ----------------------------------------------------------------------------------------------
CREATE VIEW app.user_names AS SELECT id, login, ssn FROM app.users;
CREATE VIEW app.user_names_again AS SELECT * FROM app.user_names;
CREATE VIEW app.user_rows AS SELECT u FROM app.users u;
CREATE VIEW app.user_json AS SELECT to_jsonb(u) AS j FROM app.users u;
CREATE VIEW app.user_barrier WITH (security_barrier) AS SELECT id, ssn FROM app.users WHERE id > 0;
/* since 15 */ CREATE VIEW app.user_invoker WITH (security_invoker) AS SELECT id, ssn FROM app.users;
CREATE VIEW app.user_checked AS SELECT id, ssn FROM app.users WHERE id < 100 WITH CASCADED CHECK OPTION;
CREATE VIEW app.user_sub AS SELECT o.id, (SELECT max(u.ssn) FROM app.users u) AS top FROM app.orders o WHERE o.id < 3;
CREATE VIEW app.user_union AS SELECT id, name AS label FROM app.customers UNION ALL SELECT id, ssn FROM app.users;
CREATE VIEW app.user_cte AS WITH q AS (SELECT ssn FROM app.users) SELECT * FROM q;
CREATE RECURSIVE VIEW app.user_walk (n, s) AS
  SELECT 1, ssn FROM app.users WHERE id = 1 UNION ALL SELECT n + 1, s FROM user_walk WHERE n < 2;
CREATE VIEW app.customer_contacts AS SELECT id, name, ssn AS contact FROM app.customers;
CREATE VIEW app.customer_rows AS SELECT c FROM app.customers c;
CREATE VIEW app.customer_hint AS SELECT id, left(ssn, 7) AS hint FROM app.customers;
CREATE VIEW app.key_names AS SELECT value AS name FROM secret.keys;
CREATE VIEW evil.orders AS SELECT id, value AS status FROM secret.keys;
CREATE VIEW evil.customer_public AS SELECT id, ssn AS name FROM app.users;
CREATE MATERIALIZED VIEW app.user_cards AS SELECT id, ssn FROM app.users;
CREATE TABLE audit.trips (what text, who text DEFAULT current_user);

-- --- functions -----------------------------------------------------------------------------------------------------
CREATE FUNCTION app.trip(what text) RETURNS integer LANGUAGE plpgsql VOLATILE AS
  $$ BEGIN INSERT INTO audit.trips (what) VALUES ($1); RETURN 1; END $$;
CREATE FUNCTION app.trip_immutable(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN PERFORM app.trip('immutable'); RETURN n; END $$;
CREATE FUNCTION app.trip_stable(n integer DEFAULT 1) RETURNS integer LANGUAGE plpgsql STABLE AS
  $$ BEGIN PERFORM app.trip_immutable(n); RETURN n; END $$;
CREATE FUNCTION app.trip_now() RETURNS timestamptz LANGUAGE plpgsql AS
  $$ BEGIN PERFORM app.trip('now'); RETURN now(); END $$;
CREATE FUNCTION app.trip_many(VARIADIC n integer[]) RETURNS SETOF integer LANGUAGE plpgsql AS
  $$ BEGIN PERFORM app.trip('many'); RETURN QUERY SELECT unnest(n); END $$;
CREATE FUNCTION app.peek(n integer DEFAULT 1) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT value FROM secret.keys WHERE id = n $$;
CREATE FUNCTION app.peek_inline(n integer) RETURNS text LANGUAGE sql STABLE AS $$ SELECT ssn FROM app.users WHERE id = n $$;
CREATE FUNCTION app.peek_rows() RETURNS SETOF app.users LANGUAGE sql STABLE AS $$ SELECT * FROM app.users $$;
/* since 14 */ CREATE FUNCTION app.peek_body() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT ssn FROM app.users; END;
CREATE FUNCTION app.run_text(statement text) RETURNS text LANGUAGE plpgsql AS
  $$ DECLARE answer text; BEGIN EXECUTE statement INTO answer; RETURN answer; END $$;
CREATE PROCEDURE app.purge(what text DEFAULT 'purge') LANGUAGE plpgsql AS $$ BEGIN DELETE FROM app.ledger; COMMIT; END $$;
CREATE FUNCTION app.order_total(n integer) RETURNS numeric LANGUAGE sql STABLE AS
  $$ SELECT sum(i.quantity * p.price) FROM app.order_items i JOIN app.products p ON p.id = i.product_id WHERE i.order_id = n $$;
CREATE FUNCTION app.order_total(n text) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN PERFORM app.trip('overload'); RETURN 0; END $$;
CREATE FUNCTION app.order_pieces(n integer) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT sum(quantity) FROM app.order_items WHERE order_id = n $$;
CREATE FUNCTION app.full_name(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT a || ' ' || b $$;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.touched := NEW.touched + 1; RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON app.notes FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE FUNCTION evil.lower(t text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM app.trip('evil lower'); RETURN t; END $$;
CREATE FUNCTION app.cbrt(n smallint) RETURNS smallint LANGUAGE plpgsql AS $$ BEGIN PERFORM app.trip('own cbrt'); RETURN n; END $$;
CREATE FUNCTION app.clock_timestamp(n integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN PERFORM app.trip('own clock'); RETURN n; END $$;

-- Attribute notation: these look like columns.
CREATE FUNCTION app.boom(app.orders) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN PERFORM app.trip('attribute'); RETURN 1; END $$;
CREATE FUNCTION app.hidden(app.customers) RETURNS text LANGUAGE sql STABLE AS $$ SELECT ssn FROM app.users WHERE id = $1.id $$;

-- Aggregates and windows.
CREATE FUNCTION app.trip_step(integer, integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN PERFORM app.trip('aggregate'); RETURN coalesce($1, 0) + coalesce($2, 0); END $$;
CREATE AGGREGATE app.trip_sum(integer) (SFUNC = app.trip_step, STYPE = integer);
CREATE FUNCTION app.trip_final(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM app.trip('final'); RETURN $1; END $$;
CREATE AGGREGATE app.quiet_sum(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0', FINALFUNC = app.trip_final);

-- Operators.
CREATE OPERATOR app.### (FUNCTION = app.trip_step, LEFTARG = integer, RIGHTARG = integer);
CREATE OPERATOR app.@@@ (FUNCTION = app.trip_immutable, RIGHTARG = integer);
CREATE FUNCTION app.trip_equal(app.address, app.address) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN PERFORM app.trip('equal'); RETURN true; END $$;
CREATE TABLE app.homes (id integer, home app.address);
INSERT INTO app.homes VALUES (1, ('1 High St', 'London', 'N1')), (2, ('2 Main St', 'Arlington', '22201'));
CREATE OPERATOR app.= (FUNCTION = app.trip_equal, LEFTARG = app.address, RIGHTARG = app.address);

-- Types: domains, casts, ranges.
CREATE FUNCTION app.trip_check(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN PERFORM app.trip('check'); RETURN true; END $$;
CREATE DOMAIN app.tripping AS integer CHECK (app.trip_check(VALUE));
CREATE DOMAIN app.tripping_too AS app.tripping;
CREATE DOMAIN app.trip_list AS integer[] CHECK (app.trip_check(VALUE[1]));
CREATE TYPE app.trip_pair AS (a app.tripping, b text);
CREATE TABLE app.things (id integer, size app.tripping);
CREATE TYPE app.label AS (text text);
CREATE FUNCTION app.to_label(integer) RETURNS app.label LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN PERFORM app.trip('cast'); RETURN ROW($1::text)::app.label; END $$;
CREATE CAST (integer AS app.label) WITH FUNCTION app.to_label(integer) AS ASSIGNMENT;
CREATE TABLE app.labels (id integer, label app.label);
CREATE FUNCTION app.label_text(app.label) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM app.trip('implicit cast'); RETURN 5; END $$;
CREATE CAST (app.label AS bigint) WITH FUNCTION app.label_text(app.label) AS IMPLICIT;
CREATE FUNCTION app.trip_diff(integer, integer) RETURNS double precision LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN PERFORM app.trip('difference'); RETURN $1 - $2; END $$;
CREATE TYPE app.trip_range AS RANGE (SUBTYPE = integer, SUBTYPE_DIFF = app.trip_diff);
CREATE TABLE app.spans (id integer, span app.trip_range);
CREATE INDEX spans_gist ON app.spans USING gist (span);

CREATE FUNCTION app.trip_order(text, text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN PERFORM app.trip('order'); RETURN pg_catalog.bttextcmp($1, $2); END $$;
CREATE OPERATOR CLASS app.trip_ops FOR TYPE text USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 app.trip_order(text, text);
CREATE TABLE app.sorted (name text);
CREATE INDEX sorted_name ON app.sorted (name app.trip_ops);
INSERT INTO app.sorted VALUES ('a');

-- --- tables with a trap --------------------------------------------------------------------------------------------
CREATE TABLE app.defaulted (id integer, n integer DEFAULT app.trip('default'));
CREATE TABLE app.generated (id integer, n integer GENERATED ALWAYS AS (app.trip_immutable(id)) STORED);
CREATE TABLE app.checked (id integer CHECK (app.trip_check(id)));
CREATE TABLE app.indexed (id integer);
CREATE INDEX indexed_trip ON app.indexed (app.trip_immutable(id));
CREATE TABLE app.part_indexed (id integer);
CREATE INDEX part_indexed_trip ON app.part_indexed (id) WHERE app.trip_check(id);
CREATE TABLE app.excluded (id integer, EXCLUDE USING btree ((app.trip_immutable(id)) WITH =));
CREATE TABLE app.keyed (id integer) PARTITION BY RANGE (app.trip_immutable(id));
CREATE TABLE app.keyed_all PARTITION OF app.keyed DEFAULT;
CREATE TABLE app.measured (id integer, n integer);
/* since 14 */ CREATE STATISTICS app.measured_trip ON (app.trip_immutable(n)) FROM app.measured;
INSERT INTO app.measured SELECT g, g FROM generate_series(1, 5) AS g;
CREATE TABLE app.guarded (id integer, n integer);
INSERT INTO app.guarded VALUES (1, 1);
ALTER TABLE app.guarded ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION app.trip_trigger() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM app.trip(TG_NAME || ' ' || TG_OP); IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$;
CREATE TABLE app.watched_before (id integer, n integer);
CREATE TRIGGER before_row BEFORE INSERT OR UPDATE OR DELETE ON app.watched_before FOR EACH ROW EXECUTE FUNCTION app.trip_trigger();
INSERT INTO app.watched_before VALUES (1, 1);
CREATE TABLE app.watched_after (id integer, n integer);
CREATE TRIGGER after_row AFTER INSERT OR UPDATE OR DELETE ON app.watched_after FOR EACH ROW EXECUTE FUNCTION app.trip_trigger();
INSERT INTO app.watched_after VALUES (1, 1);
CREATE TABLE app.watched_statement (id integer, n integer);
CREATE TRIGGER statement_only AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON app.watched_statement FOR EACH STATEMENT EXECUTE FUNCTION app.trip_trigger();
CREATE TABLE app.watched_deferred (id integer, n integer);
CREATE CONSTRAINT TRIGGER deferred AFTER INSERT ON app.watched_deferred DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.trip_trigger();
CREATE TABLE app.watched_when (id integer, n integer);
CREATE TRIGGER conditional BEFORE UPDATE ON app.watched_when FOR EACH ROW WHEN (app.trip_check(NEW.id)) EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger();
INSERT INTO app.watched_when VALUES (1, 1);
CREATE TABLE app.watched_moves (id integer, n integer) PARTITION BY LIST (id);
CREATE TABLE app.watched_moves_all PARTITION OF app.watched_moves DEFAULT;
CREATE TRIGGER on_partition AFTER INSERT ON app.watched_moves_all FOR EACH ROW EXECUTE FUNCTION app.trip_trigger();

CREATE FUNCTION app.to_ledger() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
  $$ BEGIN DELETE FROM app.ledger WHERE id = 1; RETURN NEW; END $$;
CREATE VIEW app.inbox AS SELECT id, body FROM app.notes;
CREATE TRIGGER instead INSTEAD OF INSERT OR UPDATE OR DELETE ON app.inbox FOR EACH ROW EXECUTE FUNCTION app.to_ledger();

CREATE TABLE app.suggestions (id integer, body text);
CREATE RULE also AS ON INSERT TO app.suggestions DO ALSO DELETE FROM app.ledger;
CREATE TABLE app.wishes (id integer, body text);
INSERT INTO app.wishes VALUES (1, 'a wish');
CREATE RULE instead AS ON UPDATE TO app.wishes DO INSTEAD UPDATE app.users SET pin = 0;
CREATE RULE gone AS ON DELETE TO app.wishes DO ALSO (INSERT INTO secret.keys VALUES (99, 'x', 'x'); DELETE FROM secret.badges);
CREATE VIEW app.mailbox AS SELECT id, name FROM secret.keys WHERE false;
CREATE RULE into_keys AS ON INSERT TO app.mailbox DO INSTEAD INSERT INTO secret.keys VALUES (NEW.id, NEW.name, 'planted');
CREATE TABLE app.calls (id integer);
CREATE RULE calls AS ON INSERT TO app.calls DO ALSO SELECT app.trip('rule');
CREATE TABLE app.conditional (id integer);
CREATE RULE only_some AS ON INSERT TO app.conditional WHERE NEW.id > 0 DO ALSO UPDATE secret.keys SET name = 'ruled';

CREATE VIEW app.trip_view AS SELECT app.trip('view') AS n;
CREATE VIEW app.trip_operator AS SELECT 1 OPERATOR(app.###) 2 AS n;
CREATE VIEW app.peek_view AS SELECT app.peek() AS n;

-- --- what may be dropped, and what needs it --------------------------------------------------------------------------
CREATE TABLE app.dropped (id serial PRIMARY KEY, seen text UNIQUE, plain text, watched text);
INSERT INTO app.dropped (seen, plain) VALUES ('MARKSEEN', 'x');
CREATE VIEW secret.of_dropped AS SELECT seen FROM app.dropped;
CREATE MATERIALIZED VIEW app.dropped_copy AS SELECT seen FROM app.dropped;  -- nobody may drop it
CREATE TABLE secret.key_to_dropped (seen text REFERENCES app.dropped (seen));
CREATE TABLE secret.numbered (id integer DEFAULT nextval('app.dropped_id_seq'));
CREATE POLICY by_dropped ON app.users USING (EXISTS (SELECT FROM app.dropped d WHERE d.watched = login));
CREATE FUNCTION secret.of_row(app.dropped) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TYPE app.dropped_type AS ENUM ('a');
CREATE TABLE secret.typed (id integer, value app.dropped_type);
CREATE FUNCTION app.dropped_code() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER of_dropped AFTER INSERT ON secret.documents FOR EACH STATEMENT EXECUTE FUNCTION app.dropped_code();
CREATE TABLE app.dropped_alone (id integer PRIMARY KEY, plain text, more text);
CREATE VIEW app.dropped_view AS SELECT more FROM app.dropped_alone;
CREATE TABLE app.dropped_child (alone integer REFERENCES app.dropped_alone);
CREATE VIEW app.dropped_top AS SELECT 1 AS one;
CREATE VIEW secret.on_top AS SELECT one FROM app.dropped_top;
CREATE TABLE app.dropped_base (id integer);
CREATE TABLE secret.dropped_child (cover text) INHERITS (app.dropped_base);
INSERT INTO secret.dropped_child VALUES (1, 'MARKSECRET-CHILD');
CREATE TABLE app.dropped_emptied (id integer PRIMARY KEY);
INSERT INTO app.dropped_emptied VALUES (1);
CREATE TABLE secret.emptied (id integer REFERENCES app.dropped_emptied);
INSERT INTO secret.emptied VALUES (1);
CREATE SCHEMA dropped;
CREATE TYPE dropped.kind AS ENUM ('a');
CREATE TABLE secret.of_kind (kind dropped.kind);

CREATE FUNCTION audit.on_comment() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM app.trip('event trigger'); END $$;
CREATE EVENT TRIGGER on_comment ON ddl_command_end WHEN TAG IN ('COMMENT') EXECUTE FUNCTION audit.on_comment();

CREATE FOREIGN DATA WRAPPER nothing;
CREATE LANGUAGE spare HANDLER plpgsql_call_handler;
CREATE PUBLICATION shop FOR TABLE app.orders;
CREATE EXTENSION dblink SCHEMA public;
CREATE EXTENSION file_fdw SCHEMA public;
CREATE EXTENSION pgcrypto SCHEMA public;
CREATE EXTENSION tablefunc SCHEMA public;
CREATE EXTENSION lo SCHEMA public;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE app.version_file (line text) SERVER files OPTIONS (filename 'PG_VERSION');

SELECT lo_from_bytea(4242, 'MARKLARGE');
ANALYZE app.users, app.customers, secret.keys;
TRUNCATE audit.trips;
