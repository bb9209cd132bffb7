-- The rows that every test starts from.
TRUNCATE app.customers, app.orders, app.events, app.later, app.users, app.ledger RESTART IDENTITY;
INSERT INTO app.customers VALUES (1, 'ada@example.com', 'Ada'), (2, 'grace@example.com', 'Grace'), (3, NULL, 'Zoë');
INSERT INTO app.orders (id, customer_id, status, amount, payload, tags) VALUES
  (1, 1, 'new', 10.50, '\x00ff10', '{a,b}'), (2, 1, 'paid', 20.00, NULL, '{}'), (3, 2, 'new', 0.01, '\x', '{"c d"}'),
  (4, 3, 'sent', 99999.99, NULL, '{NULL}'), (5, 2, 'paid', 5.00, NULL, '{}');
INSERT INTO app.users VALUES (1, '123-45-6789');
INSERT INTO app.ledger VALUES (1, 100.00);
