INSERT INTO app.events (kind) VALUES ('seen')
