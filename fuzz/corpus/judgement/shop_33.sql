SELECT app.nothing(1)
