INSERT INTO app.order_items (order_id, line) SELECT id, 1 FROM app.orders
