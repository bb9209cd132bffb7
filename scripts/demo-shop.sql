-- The shop that the policies in policies/ speak of, all of it the agent's: what holds the agent back is the gate alone.
SET ROLE agent_repair_db;
CREATE SCHEMA app;
CREATE TABLE app.customers (id int PRIMARY KEY, name text NOT NULL, email text);
CREATE TABLE app.products (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2) NOT NULL);
CREATE TABLE app.orders (id int PRIMARY KEY, customer_id int REFERENCES app.customers, amount numeric(10,2) NOT NULL,
                         status text NOT NULL);
CREATE TABLE app.order_items (order_id int REFERENCES app.orders, product_id int REFERENCES app.products,
                              quantity int NOT NULL, PRIMARY KEY (order_id, product_id));
CREATE TABLE app.payments (id int PRIMARY KEY, order_id int REFERENCES app.orders, amount numeric(10,2) NOT NULL);
CREATE TABLE app.users (id int PRIMARY KEY, login text NOT NULL, password_hash text NOT NULL);
CREATE TABLE app.audit_ledger (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entry text NOT NULL);
INSERT INTO app.customers VALUES (1, 'Ada', 'ada@example.com'), (2, 'Grace', 'grace@example.com'), (3, 'Emmy', NULL);
INSERT INTO app.products VALUES (1, 'Compass', 24.90), (2, 'Sextant', 189.00);
INSERT INTO app.orders VALUES (41, 1, 24.90, 'paid'), (42, 2, 213.90, 'open');
INSERT INTO app.order_items VALUES (41, 1, 1), (42, 1, 1), (42, 2, 1);
INSERT INTO app.payments VALUES (1, 41, 24.90);
INSERT INTO app.users VALUES (1, 'ada', 'not for agents');
INSERT INTO app.audit_ledger (entry) VALUES ('the shop opens');
-- By its statistics a table is known to be small.
ANALYZE;
