// node-postgres with pg-cursor and pg-copy-streams, briefly (more in tests/integration/drivers_test.py): over TLS too, and
// cancelling. Prints a line for each result, under its step.
// Address from PGHOST, PGPORT, ...; the argument is the folder of the packages.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const load = createRequire(process.argv[2] + '/');
const pg = load('pg');
const Cursor = load('pg-cursor');
const { from: copyFrom, to: copyTo } = load('pg-copy-streams');
const secure = process.env.PGSSLMODE !== 'disable';
const client = new pg.Client({ ssl: secure && { ca: readFileSync(process.env.PGSSLROOTCERT) } });
await client.connect();

async function attempt(step, text, values, more = {}) {
  try {
    const result = await client.query({ text, values, rowMode: 'array', ...more });
    const shown = [result].flat().map(({ command, rowCount, rows }) => [command, rowCount, rows]);
    console.log(`${step}: ${JSON.stringify(shown)}`);
  } catch (error) {
    tell(step, error);
  }
}

function tell(step, error) {
  if (!error.severity) throw error; // it does not come from the server
  const words = step.startsWith('refusal') ? [] : [error.severity, error.message, error.position, error.constraint];
  console.log(`${step}: ${error.code} ${JSON.stringify(words)}`);
}

async function parameters() {
  await attempt('parameters', 'SELECT $1::int8, $2::text, $3::bytea, $4::numeric, $5::date, $6::int4[], $7::jsonb',
    [2 ** 40 + 7, "it's é", Buffer.from([0, 1, 255]), '12.50', null, [1, null, 3], { a: [1] }]);
}

async function binary() { // of what the driver can read in binary: bytes below 128
  await attempt('binary', 'SELECT id, a_bool, a_int2, a_int4, a_int8, a_float8, a_text FROM app.samples WHERE id = $1', [1],
    { binary: true, rowMode: undefined });
}

async function prepared() {
  for (const id of [1, 2, 1, 9]) {
    await attempt('prepared', 'SELECT a_text FROM app.samples WHERE id = $1', [id], { name: 'one' });
  }
}

async function transactions() {
  await attempt('begin', 'BEGIN');
  await attempt('insert', 'INSERT INTO app.notes (text, size) VALUES ($1, 1) RETURNING id', ['kept']);
  await attempt('commit', 'COMMIT');
  await attempt('begin', 'BEGIN');
  await attempt('insert', "INSERT INTO app.notes (text) VALUES ('lost')");
  await attempt('error', 'SELECT 1 / $1::int', [0]);
  await attempt('aborted', 'SELECT 1');
  await attempt('rollback', 'ROLLBACK');
  await attempt('notes', 'SELECT text, size FROM app.notes ORDER BY text');
}

async function errors() {
  await attempt('refusal of a syntax error', 'SELECT é FROM FROM app.samples');
  await attempt('unknown column', 'SELECT nothing FROM app.samples WHERE id = $1', [1]);
  await attempt('unique violation', 'INSERT INTO app.notes (text) VALUES ($1)', ['kept']);
}

async function copies() {
  for (const last of ['7', 'seven']) {
    const rows = Array.from({ length: 300 }, (_, n) => `row ${n} ${last}\t${n}\n`);
    try {
      const copy = client.query(copyFrom('COPY app.notes (text, size) FROM STDIN'));
      await pipeline(Readable.from([...rows, `last\t${last}\n`]), copy);
      console.log(`copy in: ${copy.rowCount}`);
    } catch (error) {
      tell('copy in', error);
    }
  }
  const parts = [];
  for await (const part of client.query(copyTo('COPY app.notes (text, size) TO STDOUT'))) parts.push(part);
  console.log('copy out:', JSON.stringify(Buffer.concat(parts).toString()));
}

// The driver has no call for it: the request is a connection of its own, in the clear or over TLS as this one.
async function cancel() {
  const answer = attempt('cancelled', 'SELECT pg_sleep($1)', [3600]);
  const input = createInterface({ input: process.stdin });
  await new Promise((told) => input.once('line', told));
  input.close();
  const request = new pg.Connection({ ssl: client.connection.ssl });
  request.on(secure ? 'sslconnect' : 'connect', () => request.cancel(client.processID, client.secretKey));
  if (secure) request.on('connect', () => request.requestSsl());
  request.on('error', (error) => console.log('cancel:', error.message));
  request.connect(client.port, client.host);
  await answer;
  await attempt('after the cancel', "SELECT 'usable'");
}

async function refusals() {
  await attempt('refusal', 'SELECT ssn FROM app.users');
  await attempt('refusal of parameters', 'SELECT ssn FROM app.users WHERE id = $1', [1]);
  await attempt('begin', 'BEGIN');
  await attempt('refusal in a transaction', 'SELECT ssn FROM app.users');
  await attempt('aborted', 'SELECT 1');
  await attempt('rollback', 'ROLLBACK');
  await attempt('after the refusal', 'SELECT count(*) FROM app.notes');
}

async function more() {
  await attempt('several', 'SELECT 1; SELECT 2');
  const cursor = client.query(new Cursor('SELECT n FROM generate_series(1, $1::int) AS n', [25]));
  for (let rows; (rows = await cursor.read(10)).length > 0;) console.log('cursor:', JSON.stringify(rows));
  await cursor.close();
}

const steps = {
  connect: () => console.log('connect:', client.database),
  query: () => attempt('types', 'SELECT * FROM app.samples ORDER BY id'),
  parameters, binary, prepared, transaction: transactions, error: errors, COPY: copies, cancel, refusal: refusals, more,
};
for (const [name, step] of Object.entries(steps)) {
  console.log(`# ${name}`);
  await step();
}
await client.end();
console.log('done');
