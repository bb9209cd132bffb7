-- The database of the integration tests. The agent's role owns almost everything: what holds it back is the gate alone.
CREATE SCHEMA app AUTHORIZATION agent_repair_db;
ALTER ROLE agent_repair_db SET search_path = app;

CREATE TABLE app.customers (id integer PRIMARY KEY, email text UNIQUE, name text NOT NULL);
CREATE TABLE app.orders (
  id integer PRIMARY KEY,
  customer_id integer REFERENCES app.customers,
  status text NOT NULL DEFAULT 'new',
  amount numeric(10,2) NOT NULL CHECK (amount >= 0),
  payload bytea,
  created timestamptz NOT NULL DEFAULT '2024-02-29 12:00:00+00',
  tags text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE app.events (id serial PRIMARY KEY, tag text NOT NULL, size integer NOT NULL DEFAULT 0);
CREATE TABLE app.later (id integer UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE app.users (id integer PRIMARY KEY, ssn text NOT NULL);
CREATE TABLE app.ledger (id integer PRIMARY KEY, amount numeric(10,2) NOT NULL);

ALTER TABLE app.customers OWNER TO agent_repair_db;
ALTER TABLE app.orders OWNER TO agent_repair_db;
ALTER TABLE app.events OWNER TO agent_repair_db;
ALTER TABLE app.later OWNER TO agent_repair_db;
ALTER TABLE app.users OWNER TO agent_repair_db;
ALTER TABLE app.ledger OWNER TO agent_repair_db;
