SELECT login FROM app.logins
