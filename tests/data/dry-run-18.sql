-- What only PostgreSQL 18 has, beside the tables of dry-run.sql: the statements themselves are in everybody's grammar.
SET ROLE agent_repair_db;
SET search_path = app;
CREATE TABLE modern (
  id integer PRIMARY KEY,
  price integer,
  twice integer GENERATED ALWAYS AS (price * 2) VIRTUAL,
  inverse integer GENERATED ALWAYS AS (1000 / (price - 50)) VIRTUAL,
  filled text,
  holey text,
  parent integer,
  named integer CONSTRAINT named_filled NOT NULL,
  CONSTRAINT dear CHECK (price > 1000) NOT ENFORCED,
  CONSTRAINT parent_known FOREIGN KEY (parent) REFERENCES parents NOT ENFORCED
);
CREATE TABLE elder (v integer CONSTRAINT own NOT NULL NO INHERIT);
CREATE TABLE heir (w integer) INHERITS (elder);
CREATE TABLE split (v integer CONSTRAINT split_v NOT NULL, w text) PARTITION BY LIST (v);
CREATE TABLE split_1 PARTITION OF split FOR VALUES IN (1);
CREATE TABLE spells (id int4range, during daterange, spans datemultirange NOT NULL, PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE visits (id int4range, during daterange, note text);
CREATE TABLE stays (id int4range, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS)) PARTITION BY RANGE (id);
CREATE TABLE stays_here (id int4range NOT NULL, during daterange NOT NULL);

INSERT INTO modern (id, price, filled, holey, parent, named)
  SELECT g, g + 100, 'x', nullif(g, 500)::text, g, 1 FROM generate_series(1, 1000) g;
INSERT INTO elder VALUES (1);
INSERT INTO heir VALUES (NULL, 1);
INSERT INTO split VALUES (1, 'a');
INSERT INTO spells VALUES ('[1,2)', '[2024-01-01,2024-06-01)', '{}'), ('[1,2)', '[2024-07-01,2025-01-01)', '{}');
INSERT INTO visits VALUES ('[1,2)', '[2024-05-01,2024-08-01)', 'over a gap');
INSERT INTO stays_here VALUES ('[1,2)', '[2024-01-01,2024-06-01)'), ('[1,2)', '[2024-05-01,2024-07-01)');
ALTER TABLE modern ADD CONSTRAINT filled_later NOT NULL filled NOT VALID;
ALTER TABLE modern ADD CONSTRAINT holey_later NOT NULL holey NOT VALID;
ALTER TABLE visits ADD CONSTRAINT in_a_spell FOREIGN KEY (id, PERIOD during) REFERENCES spells (id, PERIOD during) NOT VALID;
RESET ROLE;
ANALYZE;
