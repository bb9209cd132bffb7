// A server of the Model Context Protocol for PostgreSQL, driven by the SDK's client. Prints a line for each answer, under
// the name of its step. Arguments: the folder of the packages, the server. Address from PGHOST, PGPORT, ...
import { servers } from './mcp_servers.mjs';

const [packages, name] = process.argv.slice(2);
const sdk = `${packages}/@modelcontextprotocol/sdk/dist/esm/client`;
const { Client } = await import(`${sdk}/index.js`);
const { StdioClientTransport } = await import(`${sdk}/stdio.js`);

const { PGUSER, PGPASSWORD, PGHOST, PGPORT, PGDATABASE, PGSSLMODE, PGSSLROOTCERT } = process.env;
const url = `postgresql://${PGUSER}:${encodeURIComponent(PGPASSWORD)}@${PGHOST}:${PGPORT}/${PGDATABASE}?sslmode=${PGSSLMODE}`;
const server = servers[name];
let client;

async function start() {
  client = new Client({ name: 'portcullis-tests', version: '1.0.0' });
  await client.connect(new StdioClientTransport({
    command: process.execPath,
    args: [`${packages}/${server.program}`, ...server.start(url)],
    env: { PATH: process.env.PATH, TZ: 'UTC', NODE_EXTRA_CA_CERTS: PGSSLROOTCERT ?? '', ...server.settings?.(url) },
    stderr: 'ignore',
  }));
}

async function stop() { // some servers would not see that their client goes
  process.kill(client.transport.pid);
  await client.close();
}

async function answer([tool, values]) {
  try {
    const { content, isError } = await client.callTool({ name: tool, arguments: values });
    const text = content.map((part) => part.text).join(' ');
    if (!isError) return text;
    if (server.leavesFailedTransactions) await stop().then(start);
    return `error ${text}`;
  } catch (error) { // how the older servers say that the database said so
    return `error ${error.message}`;
  }
}

// What differs from one run to the next: a transaction's name, its time, the address in a resource's name.
const shown = (text) => JSON.stringify(text.replace(/tx_[\w-]+/g, 'TRANSACTION')
  .replace(/("execution_time_ms": )\d+/g, '$1TIME').replaceAll(`:${PGPORT}/`, ':PORT/'));

async function attempt(step, call) {
  const text = await answer(call);
  console.log(`${step}: ${shown(text)}`);
  return text;
}

// Words are the database's own directly and the gate's behind it; these servers pass on no SQLSTATE.
async function refusal(step, call) {
  const text = await answer(call);
  const refused = /permission denied for table (\w+)|portcullis: denied.*? on \w+\.(\w+)|(syntax error)/.exec(text);
  console.log(`${step}: ${refused ? `refused: ${refused.slice(1).find(Boolean)}` : shown(text)}`);
}

async function transactions() {
  for (const [tool, sql] of [['commit', "VALUES ('kept', 1)"], ['rollback', "VALUES ('taken back', 1)"]]) {
    const text = await attempt(tool, server.write(`INSERT INTO app.notes (text, size) ${sql}`));
    if (server.end) await attempt(tool, server.end(tool, text));
  }
  await attempt('check violation', server.write("INSERT INTO app.notes (text, size) VALUES ('x', -1)"));
  await attempt('notes', server.read('SELECT text, size FROM app.notes ORDER BY text'));
}

async function errors() {
  await attempt('unknown column', server.read('SELECT nothing FROM app.samples'));
  await attempt('division', server.read('SELECT 1 / (id - 1) FROM app.samples'));
  await refusal('refusal of a syntax error', server.read('SELECT é FROM FROM app.samples'));
}

async function refusals() {
  await refusal('refusal', server.read('SELECT ssn FROM app.users'));
  if (server.write) await refusal('refusal to write', server.write("UPDATE app.users SET ssn = ''"));
  for (const call of server.refused ?? []) await refusal(`refusal of ${call[0]}`, call);
  await attempt('after the refusal', server.read('SELECT count(*) FROM app.notes'));
}

async function more() {
  for (const call of server.more) await attempt(call[0], call);
  if (!client.getServerCapabilities().resources) return;
  for (const { uri } of (await client.listResources()).resources) {
    const resource = await client.readResource({ uri }).catch((error) => error.message);
    console.log('resource:', shown(JSON.stringify(resource)));
  }
}

await start();
const steps = {
  connect: async () => console.log('tools:', (await client.listTools()).tools.map((tool) => tool.name).join(' ')),
  query: () => attempt('types', server.read('SELECT * FROM app.samples ORDER BY id')),
  ...(server.parameters && { parameters: () => attempt('parameters', server.parameters) }),
  ...(server.write && { transaction: transactions }),
  error: errors, refusal: refusals, more,
};
for (const [step, body] of Object.entries(steps)) {
  console.log(`# ${step}`);
  await body();
}
await stop();
console.log('done');
