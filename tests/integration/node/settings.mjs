// What pools and ORMs do to the settings of their connections, at the address of PGHOST, PGPORT, ...: prints what each
// way of setting the search_path came to, as {way: rows or the refusal}.
import { createRequire } from 'node:module';

const load = createRequire(process.env.PORTCULLIS_NODE_MODULES + '/');
load('reflect-metadata');
const { DataSource } = load('typeorm');
const { DataTypes, Sequelize } = load('sequelize');
const pg = load('pg');
const address = process.env;
const where = { host: address.PGHOST, port: Number(address.PGPORT) };
const QUERY = "SELECT current_setting('search_path') AS path, count(*)::int AS notes FROM notes";
const seen = {};

async function attempt(way, work) {
  seen[way] = await work().catch((error) => error.message);
}

// A pool that sets the path of each new connection, and one that clears a connection before it is used again.
async function pools() {
  const setting = new pg.Pool({ max: 2 });
  setting.on('connect', (client) => client.query('SET search_path TO web, app'));
  await attempt('pool, on connect', async () =>
    (await Promise.all(Array.from({ length: 6 }, () => setting.query(QUERY)))).map(({ rows }) => rows[0]));
  await setting.end();

  const clearing = new pg.Pool({ max: 1 });
  await attempt('pool, DISCARD ALL', async () => {
    const found = [];
    for (const path of ['app', null, 'web, app']) {
      const client = await clearing.connect();
      if (path) await client.query(`SET search_path TO ${path}`);
      found.push((await client.query('SHOW search_path')).rows[0].search_path);
      if (path) found.push((await client.query(QUERY)).rows[0].notes);
      await client.query('DISCARD ALL');
      client.release();
    }
    return found;
  });
  await clearing.end();

  const options = new pg.Pool({ max: 1, options: '-c search_path=app' });
  await attempt('pool, options', async () => (await options.query(QUERY)).rows[0]);
  await options.end();
}

async function sequelize() {
  const made = (more) => new Sequelize(address.PGDATABASE, address.PGUSER, address.PGPASSWORD,
    { ...where, dialect: 'postgres', logging: false, ...more });
  const plain = made({ dialectOptions: { prependSearchPath: true } });
  const Note = (orm) => orm.define('note', { text: DataTypes.TEXT }, { timestamps: false });
  await attempt('Sequelize, searchPath', () => Note(plain).count({ searchPath: 'app' }));
  await plain.close();
  const hooked = made({ hooks: { afterConnect: (client) => client.query('SET search_path TO app') } });
  await attempt('Sequelize, afterConnect', () => Note(hooked).count());
  await hooked.close();
  const options = made({ dialectOptions: { options: '-c search_path=app' } });
  await attempt('Sequelize, options', () => Note(options).count());
  await options.close();
}

async function typeorm() {
  const source = new DataSource({
    type: 'postgres', ...where, username: address.PGUSER, password: address.PGPASSWORD, database: address.PGDATABASE,
    extra: { options: '-c search_path=app' },
  });
  await source.initialize();
  await attempt('TypeORM, options', () => source.query(QUERY).then((rows) => rows[0]));
  await source.destroy();
}

await pools();
await sequelize();
await typeorm();
console.log(JSON.stringify(seen));
