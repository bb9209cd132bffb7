DELETE FROM app.order_items
