INSERT INTO app.orders (id) SELECT id FROM app.users
