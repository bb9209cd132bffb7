INSERT INTO app.ledger (entry) VALUES ('x')
