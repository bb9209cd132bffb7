// What node-postgres sees of one address: printed as JSON, to be compared between two addresses.
// Address from PGHOST, PGPORT, ...; the packages from PORTCULLIS_NODE_MODULES.
import { createRequire } from 'node:module';

const load = createRequire(process.env.PORTCULLIS_NODE_MODULES + '/');
const pg = load('pg');
const Cursor = load('pg-cursor');

const seen = [];
const note = (what, value) => seen.push([what, value]);

const outcome = (result) => ({
  command: result.command,
  count: result.rowCount,
  rows: result.rows,
  columns: result.fields.map((field) => [field.name, field.dataTypeID, field.format]),
});

async function attempt(client, what, query) {
  try {
    const result = await client.query(query);
    note(what, Array.isArray(result) ? result.map(outcome) : outcome(result));
  } catch (error) {
    note(what, { code: error.code, message: error.message, position: error.position, constraint: error.constraint });
  }
}

async function singleClient() {
  const client = new pg.Client();
  client.on('notice', (notice) => note('notice', notice.message));
  await client.connect();
  await attempt(client, 'simple', 'SELECT * FROM app.orders ORDER BY id');
  await attempt(client, 'several', 'SELECT 1 AS a; SELECT 2 AS b');
  await attempt(client, 'empty', '');
  await attempt(client, 'parameters', { text: 'SELECT id, amount FROM app.orders WHERE status = $1 ORDER BY id', values: ['new'] });
  await attempt(client, 'array', { text: 'SELECT id FROM app.orders WHERE id = ANY($1::int[]) ORDER BY id', values: [[1, 3]] });
  await attempt(client, 'bytes', { text: 'SELECT $1::bytea AS b, $2::text AS t', values: [Buffer.from([0, 255]), null] });
  for (const id of [1, 2, 1]) {
    await attempt(client, 'named', { name: 'by id', text: 'SELECT status FROM app.orders WHERE id = $1', values: [id] });
  }
  await attempt(client, 'rows as arrays', { text: 'SELECT id, tags FROM app.orders ORDER BY id', rowMode: 'array' });
  await attempt(client, 'insert', { text: 'INSERT INTO app.events (tag) VALUES ($1) RETURNING id, tag', values: ['node'] });
  await attempt(client, 'unique violation', "INSERT INTO app.customers VALUES (1, 'x', 'y')");
  await attempt(client, 'unknown column', { text: 'SELECT nothing FROM app.orders WHERE id = $1', values: [1] });
  await attempt(client, 'notice', 'DROP TABLE IF EXISTS app.nothing');
  await attempt(client, 'begin', 'BEGIN');
  await attempt(client, 'division', { text: 'SELECT 1 / $1::int', values: [0] });
  await attempt(client, 'aborted', 'SELECT 1');
  await attempt(client, 'rollback', 'ROLLBACK');
  await attempt(client, 'after', 'SELECT count(*) FROM app.events');

  const cursor = client.query(new Cursor('SELECT n FROM generate_series(1, $1) AS n', [25]));
  for (let part = await cursor.read(10); part.length > 0; part = await cursor.read(10)) note('cursor', part);
  await cursor.close();

  // Sent without waiting: the driver queues them on one connection.
  const all = await Promise.all([1, 2, 3].map((n) => client.query('SELECT $1::int AS n', [n])));
  note('queued', all.map((result) => result.rows));
  await client.end();
}

async function pool() {
  const connections = new pg.Pool({ max: 4 });
  const results = await Promise.all(
    Array.from({ length: 40 }, (_, n) => connections.query('SELECT $1::int * 2 AS n', [n])));
  note('pool', results.map((result) => result.rows[0].n));
  await connections.end();
}

await singleClient();
await pool();
console.log(JSON.stringify(seen));
