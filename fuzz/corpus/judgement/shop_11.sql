UPDATE app.orders SET amount = 0 FROM app.customers c WHERE c.id = orders.customer_id
