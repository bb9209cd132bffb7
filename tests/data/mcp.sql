-- The database that the statements of mcp-servers-sql.jsonl were recorded on, as far as they need it.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE customers (id serial PRIMARY KEY, email text NOT NULL UNIQUE, name text);
CREATE TABLE orders (
  id serial PRIMARY KEY,
  customer_id integer REFERENCES customers,
  status text NOT NULL DEFAULT 'new' CHECK (status <> ''),
  amount numeric(10,2) NOT NULL DEFAULT 0
);
CREATE INDEX orders_status ON orders (status);
CREATE TABLE people (id serial PRIMARY KEY, m mood);
CREATE VIEW recent_orders AS SELECT id, status FROM orders;
INSERT INTO customers (email, name) VALUES ('ada@example.com', 'Ada'), ('grace@example.com', 'Grace');
INSERT INTO orders (customer_id, status, amount) VALUES (1, 'new', 10), (1, 'paid', 20), (2, 'new', 5);
INSERT INTO people (m) VALUES ('happy');
ALTER TABLE customers OWNER TO agent_repair_db;
ALTER TABLE orders OWNER TO agent_repair_db;
ALTER TABLE people OWNER TO agent_repair_db;
ALTER VIEW recent_orders OWNER TO agent_repair_db;
GRANT ALL ON SCHEMA public TO agent_repair_db;
