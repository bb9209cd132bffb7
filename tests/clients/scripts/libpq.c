/* libpq from C: text and binary formats, single rows, pipeline, COPY, cancelling.
   Prints a line for each result, under the name of its step. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static PGconn* connection;

static void print_value(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column)) {
    printf(" | NULL");
  } else if (PQfformat(result, column) == 0) {
    printf(" | %s", PQgetvalue(result, row, column));
  } else {
    const char* value = PQgetvalue(result, row, column);
    printf(" | x");
    for (int at = 0; at < PQgetlength(result, row, column); ++at) printf("%02x", (unsigned char)value[at]);
  }
}

static const char* field(const PGresult* result, int code) {
  const char* found = PQresultErrorField(result, code);
  return found ? found : "-";
}

static void print_error(const char* step, const PGresult* result) {
  if (strncmp(step, "refusal", 7) == 0) { /* its words are the gate's own */
    printf("%s: %s %s\n", step, field(result, PG_DIAG_SEVERITY), field(result, PG_DIAG_SQLSTATE));
    return;
  }
  if (strcmp(step, "syntax error") == 0) { /* these too */
    printf("%s: %s, position %s\n", step, field(result, PG_DIAG_SQLSTATE),
           field(result, PG_DIAG_STATEMENT_POSITION));
    return;
  }
  printf("%s: %s %s %s, position %s, constraint %s, detail %s\n", step, field(result, PG_DIAG_SEVERITY),
         field(result, PG_DIAG_SQLSTATE), field(result, PG_DIAG_MESSAGE_PRIMARY),
         field(result, PG_DIAG_STATEMENT_POSITION), field(result, PG_DIAG_CONSTRAINT_NAME),
         field(result, PG_DIAG_MESSAGE_DETAIL));
}

static void show(const char* step, PGresult* result) {
  if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
    print_error(step, result);
  } else {
    for (int column = 0; column < PQnfields(result); ++column)
      printf("%s column: %s | %u | %d\n", step, PQfname(result, column), PQftype(result, column),
             PQfmod(result, column));
    for (int row = 0; row < PQntuples(result); ++row) {
      printf("%s", step);
      for (int column = 0; column < PQnfields(result); ++column) print_value(result, row, column);
      printf("\n");
    }
    printf("%s: %s %s, transaction %d\n", step, PQresStatus(PQresultStatus(result)), PQcmdStatus(result),
           PQtransactionStatus(connection));
  }
  PQclear(result);
}

static void begin_step(const char* name) {
  printf("# %s\n", name);
  fflush(stdout);
}

static void run(const char* step, const char* sql) {
  show(step, PQexec(connection, sql));
}

static const char* const parameters_of_all_types =
    "SELECT $1::int8, $2::text, $3::bytea, $4::numeric, $5::date, $6::int4[]";

static void parameters(void) {
  const char* text[] = {"1099511627783", "it's é", "\\x0001ff", "12.50", NULL, "{1,NULL,3}"};
  show("text parameters", PQexecParams(connection, parameters_of_all_types, 6, NULL, text, NULL, NULL, 0));
  show("binary results", PQexecParams(connection, parameters_of_all_types, 6, NULL, text, NULL, NULL, 1));
}

static void binary_parameters(void) {
  static const char eight_bytes[] = {0, 0, 1, 0, 0, 0, 0, 7};
  static const char bytes[] = {0, 1, (char)0xff};
  const char* mixed[] = {eight_bytes, "it's é", bytes, "12.50", NULL, "{1,NULL,3}"};
  const int lengths[] = {8, 0, 3, 0, 0, 0};
  const int formats[] = {1, 0, 1, 0, 0, 0};
  for (int binary_result = 0; binary_result < 2; ++binary_result)
    show("binary parameters",
         PQexecParams(connection, parameters_of_all_types, 6, NULL, mixed, lengths, formats, binary_result));
}

static void prepared(void) {
  show("prepare",
       PQprepare(connection, "one", "SELECT a_text, a_int8 FROM app.samples WHERE id = $1", 0, NULL));
  show("describe", PQdescribePrepared(connection, "one"));
  const char* ids[] = {"1", "2", "1", "9"};
  for (int at = 0; at < 4; ++at)
    show("prepared", PQexecPrepared(connection, "one", 1, &ids[at], NULL, NULL, at % 2));
  run("prepared again", "PREPARE one AS SELECT 1");
  run("deallocate", "DEALLOCATE one");
  show("refusal of a dropped statement", PQexecPrepared(connection, "one", 1, ids, NULL, NULL, 0));
}

static void transactions(void) {
  run("begin", "BEGIN");
  run("insert", "INSERT INTO app.notes (text, size) VALUES ('kept', 1) RETURNING id, text");
  run("commit", "COMMIT");
  run("begin", "BEGIN");
  run("insert", "INSERT INTO app.notes (text, size) VALUES ('lost', 2)");
  run("rollback", "ROLLBACK");
  run("begin", "BEGIN");
  run("savepoint", "SAVEPOINT s");
  run("error", "SELECT 1/0");
  run("aborted", "SELECT 1");
  run("to savepoint", "ROLLBACK TO s");
  run("update", "UPDATE app.notes SET size = size + 1");
  run("commit", "COMMIT");
  run("notes", "SELECT text, size FROM app.notes ORDER BY text");
}

static void errors(void) {
  run("syntax error", "SELECT é FROM FROM app.samples");
  run("unknown column", "SELECT nothing FROM app.samples");
  run("unique violation", "INSERT INTO app.notes (text) VALUES ('kept')");
  run("check violation", "INSERT INTO app.notes (text, size) VALUES ('x', -1)");
  const char* zero = "0";
  show("division", PQexecParams(connection, "SELECT 1 / $1::int", 1, NULL, &zero, NULL, NULL, 0));
  run("several", "SELECT 1; SELECT 2");
  run("empty", "");
}

static void single_rows(void) {
  long rows = 0, sum = 0;
  if (!PQsendQuery(connection, "SELECT n FROM generate_series(1, 5000) AS n")) return;
  PQsetSingleRowMode(connection);
  for (PGresult* part; (part = PQgetResult(connection)) != NULL; PQclear(part)) {
    if (PQntuples(part) == 1) ++rows, sum += strtol(PQgetvalue(part, 0, 0), NULL, 10);
  }
  printf("single rows: %ld | %ld\n", rows, sum);
}

/* What stands behind `fails` up to the Sync is not done, what stands behind the Sync is. */
static void pipeline(const char* step, const char* fails) {
  static const char* const parameter = "0";
  const char* const texts[] = {"SELECT 10 + $1::int", fails, "SELECT 20 + $1::int", NULL,
                               "SELECT 30 + $1::int", NULL};
  printf("pipeline: %d\n", PQenterPipelineMode(connection));
  for (int at = 0; at < 6; ++at) {
    if (texts[at] != NULL) {
      PQsendQueryParams(connection, texts[at], 1, NULL, &parameter, NULL, NULL, 0);
    } else {
      PQpipelineSync(connection);
    }
  }
  for (int syncs = 0; syncs < 2;) {
    PGresult* result = PQgetResult(connection);
    if (result == NULL) continue;
    syncs += PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    show(step, result);
  }
  printf("pipeline left: %d\n", PQexitPipelineMode(connection));
}

static void copy(void) {
  run("copy in", "COPY app.notes (text, size) FROM STDIN");
  for (int row = 0; row < 300; ++row) {
    char line[64];
    int length = snprintf(line, sizeof line, "row %03d\t%d\n", row, row);
    if (PQputCopyData(connection, line, length) != 1) printf("copy in: not taken\n");
  }
  PQputCopyEnd(connection, NULL);
  show("copied in", PQgetResult(connection));
  PQclear(PQgetResult(connection));

  run("copy in", "COPY app.notes (text, size) FROM STDIN");
  PQputCopyData(connection, "half a", 6);
  PQputCopyEnd(connection, "the client changed its mind");
  show("copy failed", PQgetResult(connection));
  PQclear(PQgetResult(connection));

  for (int binary = 0; binary < 2; ++binary) {
    run("copy out", binary ? "COPY (SELECT size FROM app.notes ORDER BY id) TO STDOUT (FORMAT binary)"
                           : "COPY app.notes (text, size) TO STDOUT (FORMAT csv)");
    char* data;
    unsigned long bytes = 0, check = 0;
    for (int length; (length = PQgetCopyData(connection, &data, 0)) > 0; PQfreemem(data)) {
      for (int at = 0; at < length; ++at) check = check * 31 + (unsigned char)data[at];
      bytes += (unsigned long)length;
    }
    printf("copied out: %lu bytes | %lx\n", bytes, check);
    show("copied out", PQgetResult(connection));
    PQclear(PQgetResult(connection));
  }
}

static void cancel(void) {
  PQsendQuery(connection, "SELECT pg_sleep(3600)");
  char told[64], error[256] = "";
  if (fgets(told, sizeof told, stdin) == NULL) return;
  PGcancel* request = PQgetCancel(connection);
  printf("cancel: %d %s\n", PQcancel(request, error, sizeof error), error);
  PQfreeCancel(request);
  show("cancelled", PQgetResult(connection));
  PQclear(PQgetResult(connection));
  run("after the cancel", "SELECT 'usable'");
}

static void refusals(void) {
  run("refusal", "SELECT ssn FROM app.users");
  const char* id = "1";
  show("refusal of parameters",
       PQexecParams(connection, "SELECT ssn FROM app.users WHERE id = $1", 1, NULL, &id, NULL, NULL, 1));
  PGresult* result = PQprepare(connection, "two", "SELECT ssn FROM app.users", 0, NULL);
  if (PQresultStatus(result) == PGRES_COMMAND_OK) { /* PostgreSQL itself asks for privileges when it is run */
    PQclear(result);
    result = PQexecPrepared(connection, "two", 0, NULL, NULL, NULL, 0);
  }
  show("refusal of a prepared statement", result);
  run("refusal of copy", "COPY app.users TO STDOUT");
  run("begin", "BEGIN");
  run("refusal in a transaction", "SELECT ssn FROM app.users");
  run("aborted", "SELECT 1");
  run("rollback", "ROLLBACK");
  run("after the refusal", "SELECT count(*) FROM app.notes");
}

int main(int count, char** arguments) {
  if (count > 1 && strcmp(arguments[1], "--version") == 0) return printf("%d\n", PQlibVersion()) < 0;
  connection = PQconnectdb("");
  if (PQstatus(connection) != CONNECTION_OK) return fputs(PQerrorMessage(connection), stderr), 1;
  begin_step("connect");
  printf("connect: %d | %s | %s | TLS %d\n", PQserverVersion(connection),
         PQparameterStatus(connection, "client_encoding"), PQdb(connection), PQsslInUse(connection));
  begin_step("query");
  run("types", "SELECT * FROM app.samples ORDER BY id");
  single_rows();
  begin_step("binary");
  show("binary types",
       PQexecParams(connection, "SELECT * FROM app.samples ORDER BY id", 0, NULL, NULL, NULL, NULL, 1));
  binary_parameters();
  begin_step("parameters");
  parameters();
  begin_step("prepared");
  prepared();
  begin_step("transaction");
  transactions();
  begin_step("error");
  errors();
  begin_step("COPY");
  copy();
  begin_step("cancel");
  cancel();
  begin_step("refusal");
  refusals();
  pipeline("refusal in a pipeline", "SELECT ssn FROM app.users WHERE id = $1");
  begin_step("more");
  pipeline("pipeline", "SELECT 10 / $1::int");
  PQfinish(connection);
  puts("done");
  return 0;
}
