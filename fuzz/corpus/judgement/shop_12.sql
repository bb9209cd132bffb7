DELETE FROM app.order_items USING app.orders o WHERE o.id = order_items.order_id
