-- psql: types, variables, statements on the server, transactions, COPY, errors, refusals.
\set VERBOSITY sqlstate
\echo '# query'
\encoding
SELECT * FROM app.samples ORDER BY id \gx
\set FETCH_COUNT 10
SELECT n FROM generate_series(1, 25) AS n;
\unset FETCH_COUNT
\echo '# parameters'
\set id 2
SELECT a_text, :'id' FROM app.samples WHERE id = :id;
SELECT a_int8 AS eight FROM app.samples WHERE id = 1 \gset
\echo :eight
\echo '# prepared'
PREPARE one AS SELECT a_text FROM app.samples WHERE id = $1;
EXECUTE one (1);
EXECUTE one (2);
\echo '# transaction'
BEGIN;
INSERT INTO app.notes (text, size) VALUES ('kept', 1) RETURNING id;
COMMIT;
BEGIN;
INSERT INTO app.notes (text) VALUES ('lost');
ROLLBACK;
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT 1/0;
UPDATE app.notes SET size = size + 1;
COMMIT;
\unset ON_ERROR_ROLLBACK
\echo '# COPY'
\copy app.notes (text, size) from stdin
one	1
two	2
\.
\copy app.notes (text, size) to stdout csv
COPY (SELECT text FROM app.notes ORDER BY id) TO STDOUT;
\echo '# error'
SELECT é FROM FROM app.samples;
SELECT nothing FROM app.samples;
INSERT INTO app.notes (text) VALUES ('kept');
INSERT INTO app.notes (text, size) VALUES ('x', -1);
\set VERBOSITY default
SELECT nothing FROM app.samples;
INSERT INTO app.notes (text) VALUES ('kept');
\set VERBOSITY sqlstate
\echo '# refusal'
SELECT ssn FROM app.users;
\if :ERROR
\echo refusal: :LAST_ERROR_SQLSTATE
\endif
\copy app.users to stdout
BEGIN;
SELECT ssn FROM app.users;
SELECT 1;
ROLLBACK;
SELECT count(*) FROM app.notes;
\echo '# more'
SELECT 1 \; SELECT 2;
\d app.notes
\dt app.*
\dT+ app.*
