DELETE FROM app.users WHERE id = 1
