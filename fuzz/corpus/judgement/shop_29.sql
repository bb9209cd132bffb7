CREATE TABLE app.more (id int4)
