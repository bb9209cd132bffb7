// TypeORM against the address of PGHOST, PGPORT, ...: `inspect` prints what it finds out about schema app, `use` makes
// tables of its own by the search_path, works with them and prints what it read.
import { createRequire } from 'node:module';

const load = createRequire(process.env.PORTCULLIS_NODE_MODULES + '/');
load('reflect-metadata');
const { DataSource, EntitySchema, Like } = load('typeorm');
const address = process.env;

const Author = new EntitySchema({
  name: 'author',
  columns: { id: { type: Number, primary: true, generated: true }, name: { type: 'text', unique: true } },
  relations: { books: { type: 'one-to-many', target: 'book', inverseSide: 'author', cascade: true } },
});
const Book = new EntitySchema({
  name: 'book',
  columns: {
    id: { type: Number, primary: true, generated: true },
    title: { type: 'varchar', length: 80 },
    price: { type: 'numeric', precision: 10, scale: 2, default: 0 },
    details: { type: 'jsonb', nullable: true },
  },
  indices: [{ columns: ['title'] }],
  relations: {
    author: { type: 'many-to-one', target: 'author', inverseSide: 'books', onDelete: 'CASCADE', joinColumn: true },
  },
});
// What Author becomes later.
const Writer = new EntitySchema({
  ...Author.options, name: 'author', tableName: 'author',
  columns: { ...Author.options.columns, name: { type: 'varchar', length: 90, unique: true, nullable: true },
    born: { type: 'int', default: 1800 } },
});
const reached = (entities) => new DataSource({
  type: 'postgres', host: address.PGHOST, port: Number(address.PGPORT), username: address.PGUSER,
  password: address.PGPASSWORD, database: address.PGDATABASE, entities,
});
const source = reached([Author, Book]);

const shapeOf = (table) => ({
  name: table.name, comment: table.comment, columns: table.columns, indices: table.indices, uniques: table.uniques,
  checks: table.checks, exclusions: table.exclusions, keys: table.foreignKeys,
});

async function inspect() {
  const runner = source.createQueryRunner();
  const names = ['orders', 'customers', 'lines', 'bookings', 'cache', 'measures', 'users', 'notes'];
  const seen = [
    await runner.getDatabases(), await runner.getSchemas(), await runner.getCurrentSchema(),
    await runner.hasSchema('app'), (await runner.getTables(names.map((name) => `app.${name}`))).map(shapeOf),
    await runner.getViews(['app.open_orders']),
    await runner.hasTable('app.orders'), await runner.hasColumn('app.orders', 'amount'),
  ];
  await runner.release();
  return seen;
}

async function rows() {
  const authors = source.getRepository('author'), books = source.getRepository('book');
  const ada = await authors.save({ name: 'Ada', books: [{ title: 'Notes', price: '3.00' }, { title: 'Lost' }] });
  await books.insert({ title: 'Letters', author: ada, details: { pages: [1, 2] } });
  await books.update({ title: Like('Let%') }, { price: '5.00' });
  await authors.upsert({ name: 'Ada' }, ['name']);
  await source.transaction(async (manager) => {
    await manager.delete('book', { title: 'Lost' });
    await manager.transaction((savepoint) => savepoint.save('author', { name: 'Grace' }));
  });
  await source.transaction('SERIALIZABLE', async (manager) => {
    await manager.save('author', { name: 'nobody' });
    throw new Error('rolled back');
  }).catch((error) => { if (error.message !== 'rolled back') throw error; });
  const found = await authors.find({ relations: { books: true }, order: { name: 'ASC', books: { title: 'ASC' } } });
  const count = await books.createQueryBuilder('b').innerJoin('b.author', 'a').where('a.name = :n', { n: 'Ada' })
    .getCount();
  const told = (book) => [book.title, book.price, book.details];
  return [found.map((author) => [author.name, author.books.map(told)]), count];
}

async function use() {
  await source.synchronize();
  await source.synchronize();
  const found = await rows();
  const later = await reached([Writer, Book]).initialize();
  await later.synchronize();
  found.push(await later.getRepository('author').countBy({ born: 1800 }));
  found.push(await later.dropDatabase().then(() => 'dropped').catch((error) => error.message));
  await later.destroy();
  return found;
}

await source.initialize();
console.log(JSON.stringify(await { inspect, use }[process.argv[2]]()));
await source.destroy();
