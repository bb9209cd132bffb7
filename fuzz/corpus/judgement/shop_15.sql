SELECT ssn FROM app.customers
