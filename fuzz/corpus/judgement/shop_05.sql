SELECT id, CASE WHEN amount > 5 THEN 'big' ELSE 'small' END FROM app.orders
