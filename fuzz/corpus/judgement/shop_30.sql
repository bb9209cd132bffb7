SELECT app.order_total('1'::text)
