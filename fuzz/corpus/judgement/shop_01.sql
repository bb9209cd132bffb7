SELECT * FROM app.orders WHERE amount > 10 AND status IN ('open', 'paid') LIMIT 5
