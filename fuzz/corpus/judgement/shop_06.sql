SELECT amount::int4, CAST(amount AS text) FROM app.orders
