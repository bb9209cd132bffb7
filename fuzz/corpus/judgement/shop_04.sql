SELECT id, name FROM app.people
