UPDATE app.ledger SET entry = 'x' WHERE id = 1
