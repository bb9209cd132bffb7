SELECT o.id FROM app.orders o JOIN app.customers c ON c.ssn = o.note
