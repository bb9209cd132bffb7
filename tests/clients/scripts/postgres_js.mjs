// postgres.js: parameters, statements on the server, cursors, COPY by streams, cancelling.
// Prints a line for each result, under the name of its step.
// Address from PGHOST, PGPORT, ...; the argument is the folder of the packages.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const postgres = createRequire(process.argv[2] + '/')('postgres');
const ssl = process.env.PGSSLMODE === 'disable' ? false : { ca: readFileSync(process.env.PGSSLROOTCERT) };

const show = (value) => JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part));

async function attempt(step, body) {
  try {
    const result = await body();
    console.log(`${step}: ${result?.command ?? ''} ${result?.count ?? ''} ${show(result)}`);
  } catch (error) {
    if (error.name !== 'PostgresError') throw error;
    const words = step.startsWith('refusal')
      ? '' : show([error.severity, error.message, error.position, error.constraint_name]);
    console.log(`${step}: ${error.code} ${words}`);
  }
}

async function queries(sql) {
  await attempt('types', () => sql`SELECT * FROM app.samples ORDER BY id`);
  await attempt('types, simple', () => sql`SELECT * FROM app.samples ORDER BY id`.simple());
  const described = await sql`SELECT * FROM app.samples WHERE id = ${1}`.describe();
  console.log('columns:', show(described.columns.map(({ name, type }) => [name, type])), show(described.types));
}

async function parameters(sql) {
  await attempt('parameters', () => sql`
    SELECT ${2 ** 40 + 7}::int8 AS i, ${"it's é"}::text AS t, ${Buffer.from([0, 1, 255])}::bytea AS b, ${'12.50'}::numeric AS n,
           ${null}::date AS d, ${[1, null, 3]}::int4[] AS a, ${sql.json({ a: [1] })}::jsonb AS j, ${0.1}::float8 AS f`);
}

async function prepared(sql) {
  for (const id of [1, 2, 1, 9]) {
    await attempt('prepared', () => sql`SELECT a_text, a_int8 FROM app.samples WHERE id = ${id}`);
  }
}

async function more(sql) {
  await attempt('pipelined', () => Promise.all([1, 2, 3].map((n) => sql`SELECT ${n}::int AS n`)));
  for await (const rows of sql`SELECT n FROM generate_series(1, 25) AS n`.cursor(10)) console.log('cursor:', show(rows));
}

async function transactions(sql) {
  await attempt('commit', () => sql.begin((inner) => inner`
    INSERT INTO app.notes ${inner([{ text: 'kept', size: 1 }, { text: 'kept too', size: 2 }])} RETURNING id, text`));
  await attempt('rollback', () => sql.begin(async (inner) => {
    await inner`INSERT INTO app.notes (text) VALUES ('lost')`;
    await inner`SELECT 1 / ${0}::int`;
  }));
  await attempt('savepoint', () => sql.begin(async (inner) => {
    await inner.savepoint((deeper) => deeper`SELECT nothing`).catch((error) => console.log('in the savepoint:', error.code));
    return inner`UPDATE app.notes SET size = size + 1`;
  }));
  await attempt('notes', () => sql`SELECT text, size FROM app.notes ORDER BY text`);
}

async function errors(sql) {
  await attempt('refusal of a syntax error', () => sql`SELECT é FROM FROM app.samples`);
  await attempt('unknown column', () => sql`SELECT nothing FROM app.samples WHERE id = ${1}`);
  await attempt('unique violation', () => sql`INSERT INTO app.notes (text) VALUES (${'kept'})`);
  await attempt('check violation', () => sql`INSERT INTO app.notes (text, size) VALUES ('x', -1)`);
  await attempt('several', () => sql`SELECT 1 AS a; SELECT 2 AS b`.simple());
}

async function copies(sql) {
  const rows = Array.from({ length: 300 }, (_, n) => `row ${n}\t${n}\n`);
  await attempt('copy in', async () => {
    await pipeline(Readable.from(rows), await sql`COPY app.notes (text, size) FROM STDIN`.writable());
  });
  let text = '';
  for await (const part of await sql`COPY app.notes (text, size) TO STDOUT`.readable()) text += part;
  console.log('copied out:', show(text));
}

async function cancel(sql) {
  const sleep = sql`SELECT pg_sleep(${3600})`;
  const answer = attempt('cancelled', () => sleep);
  const input = createInterface({ input: process.stdin });
  await new Promise((told) => input.once('line', told));
  input.close();
  await sleep.cancel();
  await answer;
  await attempt('after the cancel', () => sql`SELECT 'usable' AS a`);
}

async function refusals(sql) {
  await attempt('refusal', () => sql`SELECT ssn FROM app.users`.simple());
  await attempt('refusal of parameters', () => sql`SELECT ssn FROM app.users WHERE id = ${1}`);
  await attempt('refusal among others', async () => {
    const all = await Promise.allSettled([sql`SELECT 1 AS n`, sql`SELECT ssn FROM app.users`, sql`SELECT 2 AS n`]);
    return all.map((one) => one.value ?? one.reason.code);
  });
  await attempt('refusal in a transaction', () => sql.begin((inner) => inner`SELECT ssn FROM app.users`));
  await attempt('after the refusal', () => sql`SELECT count(*) FROM app.notes`);
}

const sql = postgres({ ssl, max: 1 });
const connect = () => attempt('connect', () => sql`SELECT current_database() AS name`);
const steps = {
  connect, query: queries, parameters, prepared, transaction: transactions, error: errors, COPY: copies, cancel,
  refusal: refusals, more,
};
for (const [name, step] of Object.entries(steps)) {
  console.log(`# ${name}`);
  await step(sql);
}
await sql.end();
console.log('done');
