SELECT c.* FROM app.customers c
