// The MCP servers of npm: how each is started, and which of its tools does what. A call is [tool, arguments].

const mcpPostgresServer = {
  program: 'mcp-postgres-server/build/index.js',
  start: () => [],
  read: (sql) => ['query', { sql }],
  parameters: ['query', { sql: 'SELECT $1::int8, $2::text, $3::date', params: [2 ** 40 + 7, "it's é", null] }],
  more: [
    ['list_schemas', {}],
    ['list_tables', { schema: 'app' }],
    ['describe_table', { schema: 'app', table: 'samples' }],
  ],
};

export const servers = {
  'server-postgres': {
    program: '@modelcontextprotocol/server-postgres/dist/index.js',
    start: (url) => [url],
    read: (sql) => ['query', { sql }],
    more: [],
  },
  dbhub: {
    program: '@bytebase/dbhub/dist/index.js',
    start: (url) => ['--transport', 'stdio', '--dsn', url],
    read: (sql) => ['execute_sql', { sql }],
    write: (sql) => ['execute_sql', { sql }],
    more: ['schema', 'table', 'column', 'index', 'procedure', 'view'].map(
      (object_type) => ['search_objects', { object_type, schema: 'app', detail_level: 'full' }]),
  },
  'mcp-postgres-server': {
    ...mcpPostgresServer,
    settings: (url) => ({ DATABASE_URL: url, PG_ALLOW_WRITE: 'true' }),
    write: (sql) => ['execute', { sql }],
  },
  'mcp-postgres-server, reading': { ...mcpPostgresServer, settings: (url) => ({ DATABASE_URL: url }) },
  henkey: {
    program: '@henkey/postgres-mcp-server/build/index.js',
    start: (url) => ['--connection-string', url],
    read: (query) => ['pg_execute_query', { operation: 'select', query }],
    write: (sql) => ['pg_execute_sql', { sql, transactional: true }],
    refused: [['pg_manage_functions', { operation: 'get', schema: 'app' }]], // which reads pg_authid
    parameters: ['pg_execute_query', {
      operation: 'select', query: 'SELECT $1::int8, $2::text, $3::date', parameters: [2 ** 40 + 7, "it's é", null] }],
    more: [
      ['pg_manage_schema', { operation: 'get_info', schema: 'app' }],
      ['pg_manage_schema', { operation: 'get_info', schema: 'app', tableName: 'notes' }],
      ['pg_manage_schema', { operation: 'get_enums', schema: 'app' }],
      ['pg_manage_indexes', { operation: 'get', schema: 'app' }],
      ['pg_manage_constraints', { operation: 'get', schema: 'app' }],
      ['pg_manage_triggers', { operation: 'get', schema: 'app' }],
      ['pg_manage_rls', { operation: 'get_policies', schema: 'app' }],
      ['pg_manage_query', { operation: 'explain', query: 'SELECT * FROM public.items', format: 'text' }],
      ['pg_execute_mutation', {
        operation: 'insert', schema: 'app', table: 'notes', data: { text: 'inserted', size: 3 }, returning: '*' }],
      ['pg_execute_mutation', { operation: 'delete', schema: 'app', table: 'notes', where: "text = 'inserted'" }],
    ],
  },
  enhanced: {
    program: 'enhanced-postgres-mcp-server/dist/index.js',
    start: (url) => [url],
    read: (sql) => ['query', { sql }],
    write: (sql) => ['execute', { sql }],
    parameters: ['insert', { table: 'app.notes', data: { text: "it's é", size: 4 } }],
    more: [
      ['update', { table: 'app.notes', data: { size: 5 }, where: 'size = 4' }],
      ['delete', { table: 'app.notes', where: 'size = 5' }],
    ],
  },
  'full-access': {
    program: 'mcp-postgres-full-access/dist/index.js',
    start: (url) => [url],
    leavesFailedTransactions: true, // and answers all that follows with the same error: it is started anew then
    read: (sql) => ['execute_query', { sql }],
    write: (sql) => ['execute_dml_ddl_dcl_tcl', { sql }],
    end: (tool, answer) => [`execute_${tool}`, { transaction_id: /Transaction ID: (\S+)/.exec(answer)[1] }],
    more: [['list_tables', {}], ['describe_table', { table_name: 'items' }]],
  },
};
