WITH u AS (SELECT login FROM app.users) SELECT login FROM u
