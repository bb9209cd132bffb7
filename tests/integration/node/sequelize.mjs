// Sequelize against the address of PGHOST, PGPORT, ...: `inspect` prints what it finds out about schema app, `use`
// makes tables of its own in schema web, works with them and prints what it read.
import { createRequire } from 'node:module';

const { DataTypes, Op, Sequelize } = createRequire(process.env.PORTCULLIS_NODE_MODULES + '/')('sequelize');
const address = process.env;
const schema = { inspect: 'app', use: 'web' }[process.argv[2]];
const sequelize = new Sequelize(address.PGDATABASE, address.PGUSER, address.PGPASSWORD, {
  host: address.PGHOST, port: Number(address.PGPORT), dialect: 'postgres', logging: false, schema,
});
const tables = sequelize.getQueryInterface();

async function inspect() {
  const schemas = await tables.showAllSchemas();
  const names = await tables.showAllTables();
  const seen = { version: await sequelize.databaseVersion(), schemas, names };
  for (const name of names.map((table) => table.tableName ?? table)) {
    const table = { tableName: name, schema };
    seen[name] = [
      await tables.describeTable(table), await tables.showConstraint(table),
      await tables.showIndex(table).catch((error) => error.message), // it cannot read indexes of expressions
      await tables.getForeignKeyReferencesForTable(table), await tables.tableExists(table),
    ];
  }
  return seen;
}

async function rows(Author, Book) {
  const ada = await Author.create({ name: 'Ada', books: [{ title: 'Notes', price: '3.00' }] }, { include: Book });
  await Book.bulkCreate([{ title: 'Letters', AuthorId: ada.id, details: { pages: [1, 2] } },
    { title: 'Lost', AuthorId: ada.id }]);
  await Book.update({ price: '5.00' }, { where: { title: { [Op.like]: 'Let%' } } });
  await Author.upsert({ id: ada.id, name: 'Ada' });
  await sequelize.transaction(async (transaction) => {
    await Book.destroy({ where: { title: 'Lost' }, transaction });
    await sequelize.transaction({ transaction }, (savepoint) =>
      Author.create({ name: 'Grace' }, { transaction: savepoint }));
  });
  await sequelize.transaction({ isolationLevel: 'SERIALIZABLE' }, async (transaction) => {
    await Author.create({ name: 'nobody' }, { transaction });
    throw new Error('rolled back');
  }).catch((error) => { if (error.message !== 'rolled back') throw error; });
  await Author.findOrCreate({ where: { name: 'Grace' } });
  const found = await Author.findAll({ include: Book, order: ['name', [Book, 'title', 'ASC']] });
  return [found.map((author) => [author.name, author.books.map((book) => [book.title, book.price, book.details])]),
    await Book.findAndCountAll({ limit: 1, order: ['title'] }).then(({ count }) => count)];
}

async function use() {
  const Author = sequelize.define('author', { name: { type: DataTypes.TEXT, unique: true } }, { timestamps: false });
  const Book = sequelize.define('book', {
    title: { type: DataTypes.STRING, allowNull: false }, price: DataTypes.DECIMAL(10, 2), details: DataTypes.JSONB,
  }, { indexes: [{ fields: ['title'] }] });
  Author.hasMany(Book, { foreignKey: 'AuthorId' });
  Book.belongsTo(Author, { foreignKey: 'AuthorId' });
  await sequelize.sync();
  await tables.addColumn({ tableName: 'authors', schema }, 'born', DataTypes.INTEGER);
  await sequelize.sync();
  const seen = await rows(Author, Book);
  Author.rawAttributes.died = { type: DataTypes.INTEGER, allowNull: false, defaultValue: 1900 };
  Author.refreshAttributes();
  await sequelize.sync({ alter: true });
  seen.push(await Author.count({ where: { died: 1900 } }));
  seen.push(await sequelize.sync({ force: true }).then(() => 'dropped').catch((error) => error.message));
  await Book.drop();
  await tables.dropTable({ tableName: 'authors', schema });
  return seen;
}

console.log(JSON.stringify(await { inspect, use }[process.argv[2]]()));
await sequelize.close();
