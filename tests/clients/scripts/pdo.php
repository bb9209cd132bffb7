<?php
// PHP: PDO for queries, parameters, transactions and COPY; the functions of pgsql for what PDO has not, cancelling.
// Prints a line for each result, under the name of its step.
declare(strict_types=1);

function show(mixed $value): string
{
    if (is_resource($value)) {
        return 'bytes ' . bin2hex(stream_get_contents($value));
    }
    return $value === null ? 'NULL' : gettype($value) . ' ' . (is_bool($value) ? var_export($value, true) : $value);
}

function attempt(string $step, callable $body): void
{
    try {
        $line = $body();
        echo "$step: $line\n";
    } catch (PDOException $error) {
        $words = str_starts_with($step, 'refusal') ? '' : ' ' . str_replace("\n", ' \\ ', $error->getMessage());
        echo "$step: ", $error->getCode(), $words, "\n";
    }
}

function rows(PDOStatement $statement): string
{
    $lines = '';
    foreach ($statement->fetchAll(PDO::FETCH_ASSOC) as $row) {
        foreach ($row as $name => $value) {
            $lines .= "\n  $name | " . show($value);
        }
    }
    return $statement->rowCount() . ' rows' . $lines;
}

function query(PDO $db, string $step, string $sql, array $values = []): void
{
    attempt($step, function () use ($db, $sql, $values) {
        $statement = $db->prepare($sql);
        $statement->execute($values);
        return rows($statement);
    });
}

function parameters(PDO $db): void
{
    $statement = $db->prepare('SELECT ?::int8 AS i, ?::text AS t, ?::numeric AS n, ?::date AS d, ?::bool AS o');
    $statement->bindValue(1, 2 ** 40 + 7, PDO::PARAM_INT);
    $statement->bindValue(2, "it's é");
    $statement->bindValue(3, '12.50');
    $statement->bindValue(4, null, PDO::PARAM_NULL);
    $statement->bindValue(5, true, PDO::PARAM_BOOL);
    attempt('parameters', function () use ($statement) {
        $statement->execute();
        return rows($statement);
    });
}

function binary(PDO $db): void
{
    $statement = $db->prepare('SELECT ?::bytea AS b');
    $statement->bindValue(1, "\0\1\xff", PDO::PARAM_LOB); // the one type that it sends in binary
    attempt('binary parameter', function () use ($statement) {
        $statement->execute();
        return rows($statement);
    });
}

function prepared(PDO $db, bool $by_the_driver = false): void
{
    $db->setAttribute(PDO::ATTR_EMULATE_PREPARES, $by_the_driver); // it writes the values into the text then
    $statement = $db->prepare('SELECT a_text, a_int8 FROM app.samples WHERE id = :id');
    foreach ([1, 2, 1, 9] as $id) {
        attempt('prepared', function () use ($statement, $id) {
            $statement->execute(['id' => $id]);
            return rows($statement);
        });
    }
}

function transactions(PDO $db): void
{
    $db->beginTransaction();
    query($db, 'insert', 'INSERT INTO app.notes (text, size) VALUES (?, ?) RETURNING id', ['kept', 1]);
    $db->commit();
    $db->beginTransaction();
    query($db, 'insert', 'INSERT INTO app.notes (text) VALUES (?)', ['lost']);
    $db->rollBack();
    $db->beginTransaction();
    $db->exec('SAVEPOINT s');
    query($db, 'error', 'SELECT 1/0');
    query($db, 'aborted', 'SELECT 1');
    $db->exec('ROLLBACK TO s');
    query($db, 'update', 'UPDATE app.notes SET size = size + ?', [1]);
    $db->commit();
    query($db, 'notes', 'SELECT text, size FROM app.notes ORDER BY text');
}

function errors(PDO $db): void
{
    query($db, 'refusal of a syntax error', 'SELECT é FROM FROM app.samples');
    query($db, 'unknown column', 'SELECT nothing FROM app.samples WHERE id = ?', [1]);
    query($db, 'unique violation', 'INSERT INTO app.notes (text) VALUES (?)', ['kept']);
    query($db, 'check violation', "INSERT INTO app.notes (text, size) VALUES ('x', -1)");
    query($db, 'division', 'SELECT 1 / ?::int', [0]);
    attempt('several', fn() => $db->exec("SELECT 1; INSERT INTO app.notes (text) VALUES ('second')"));
}

function metadata(PDO $db): void
{
    $statement = $db->query('SELECT * FROM app.samples LIMIT 0');
    for ($column = 0; $column < $statement->columnCount(); ++$column) {
        attempt('column', fn() => json_encode(array_diff_key($statement->getColumnMeta($column), ['pgsql:table_oid' => 0])));
    }
    attempt('last id', fn() => $db->lastInsertId());
}

function copies(PDO $db): void
{
    foreach (["last\t7\n", "wrong\tseven\n"] as $last) {
        $lines = array_map(fn($row) => "row $row " . strlen($last) . "\t$row\n", range(1, 300));
        attempt('copy in', fn() => var_export($db->pgsqlCopyFromArray('app.notes (text, size)', [...$lines, $last]), true));
    }
    attempt('copy out', fn() => str_replace("\n", '', implode(' \\ ', $db->pgsqlCopyToArray('app.notes (text, size)'))));
}

function refusals(PDO $db): void
{
    attempt('refusal', fn() => $db->exec('SELECT ssn FROM app.users'));
    query($db, 'refusal of parameters', 'SELECT ssn FROM app.users WHERE id = ?', [1]);
    attempt('refusal of copy', fn() => var_export($db->pgsqlCopyToArray('app.users'), true));
    $db->beginTransaction();
    query($db, 'refusal in a transaction', 'SELECT ssn FROM app.users');
    query($db, 'aborted', 'SELECT 1');
    $db->rollBack();
    query($db, 'after the refusal', 'SELECT count(*) FROM app.notes');
}

function cancel(): void
{
    $connection = pg_connect('');
    pg_send_query($connection, 'SELECT pg_sleep(3600)');
    fgets(STDIN);
    echo 'cancelled: ', var_export(pg_cancel_query($connection), true), "\n";
    $after = pg_query_params($connection, 'SELECT $1::text', ['usable']);
    echo 'after the cancel: ', pg_fetch_result($after, 0, 0), "\n";
}

function refusals_of_pgsql(): void
{
    $connection = pg_connect('');
    pg_send_query_params($connection, 'SELECT ssn FROM app.users WHERE id = $1', ['1']);
    echo 'refusal: ', pg_result_error_field(pg_get_result($connection), PGSQL_DIAG_SQLSTATE), "\n";
}

function metadata_of_pgsql(): void
{
    $connection = pg_connect('');
    echo 'columns: ', json_encode(pg_meta_data($connection, 'app.samples')), "\n";
    $row = ['text' => 'by pg_insert', 'size' => 3];
    echo 'insert: ', json_encode(pg_insert($connection, 'app.notes', $row, PGSQL_DML_STRING)), "\n";
}

$db = new PDO('pgsql:', getenv('PGUSER'), getenv('PGPASSWORD'), [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$steps = [
    'connect' => fn() => print('connect: ' . $db->getAttribute(PDO::ATTR_SERVER_VERSION) . "\n"),
    'query' => fn() => query($db, 'types', 'SELECT * FROM app.samples ORDER BY id'),
    'parameters' => fn() => [parameters($db), prepared($db, by_the_driver: true)],
    'prepared' => fn() => prepared($db),
    'binary' => fn() => binary($db),
    'transaction' => fn() => transactions($db),
    'error' => fn() => errors($db),
    'COPY' => fn() => copies($db),
    'cancel' => fn() => cancel(),
    'refusal' => fn() => [refusals($db), refusals_of_pgsql()],
    'more' => fn() => [metadata($db), metadata_of_pgsql()],
];
foreach ($steps as $name => $step) {
    echo "# $name\n";
    $step();
}
echo "done\n";
