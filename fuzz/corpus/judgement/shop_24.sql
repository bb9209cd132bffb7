DELETE FROM app.accounts WHERE id = 1
