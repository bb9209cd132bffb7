// pgx: binary formats, statement cache, batches, CopyFrom, COPY out, cancelling.
// Prints a line for each result, under the name of its step.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgtype"
	"github.com/jackc/pgx/v4"
)

var connection *pgx.Conn

func report(step string, err error) {
	var server *pgconn.PgError
	switch {
	case errors.As(err, &server) && strings.HasPrefix(step, "refusal"):
		fmt.Printf("%s: %s %s\n", step, server.Severity, server.Code)
	case errors.As(err, &server):
		fmt.Printf("%s: %s %s %s, position %d, constraint %s\n", step, server.Severity, server.Code, server.Message,
			server.Position, server.ConstraintName)
	default:
		fmt.Printf("%s: %v\n", step, err)
	}
}

func show(value interface{}) string {
	switch typed := value.(type) {
	case nil:
		return "NULL"
	case time.Time:
		return "time " + typed.UTC().Format(time.RFC3339Nano)
	case pgtype.Numeric:
		return fmt.Sprintf("numeric %v e%d %v", typed.Int, typed.Exp, typed.Status)
	case *net.IPNet:
		return "network " + typed.String()
	}
	return fmt.Sprintf("%T %v", value, value)
}

func list(step string, rows pgx.Rows) {
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		fail(err)
		for at, field := range rows.FieldDescriptions() {
			fmt.Printf("%s: %s %d format %d | %s\n", step, field.Name, field.DataTypeOID, field.Format, show(values[at]))
		}
	}
	if rows.Err() != nil {
		report(step, rows.Err())
		return
	}
	fmt.Printf("%s: %s\n", step, rows.CommandTag())
}

func query(step, text string, arguments ...interface{}) {
	rows, err := connection.Query(background, text, arguments...)
	if err != nil {
		report(step, err)
		return
	}
	list(step, rows)
}

func parameters(step string, mode ...interface{}) {
	sql := "SELECT $1::int8, $2::text, $3::bytea, $4::float8, $5::date, $6::int4[], $7::timestamptz, $8::uuid"
	query(step, sql, append(mode, int64(1)<<40+7, "it's é", []byte{0, 1, 255}, 0.1, nil, []int32{1, 2, 3},
		time.Date(2024, 2, 29, 12, 0, 0, 5000, time.UTC), "00000000-0000-4000-8000-000000000001")...)
}

func prepared() {
	description, err := connection.Prepare(background, "one", "SELECT a_text, a_int8 FROM app.samples WHERE id = $1")
	fail(err)
	fmt.Println("prepare:", description.ParamOIDs)
	for _, id := range []int{1, 2, 1, 9} {
		query("prepared", "one", id)
	}
	fail(connection.Deallocate(background, "one"))
}

func transactions() {
	for _, end := range []string{"commit", "rollback"} {
		transaction, err := connection.Begin(background)
		fail(err)
		tag, err := transaction.Exec(background, "INSERT INTO app.notes (text, size) VALUES ($1, 1)", "in "+end)
		fmt.Println("insert:", tag, err)
		inner, err := transaction.Begin(background) // a savepoint
		fail(err)
		_, err = inner.Exec(background, "SELECT 1/0")
		report("error", err)
		_, err = inner.Exec(background, "SELECT 1")
		report("aborted", err)
		report("to savepoint", inner.Rollback(background))
		if end == "commit" {
			report(end, transaction.Commit(background))
		} else {
			report(end, transaction.Rollback(background))
		}
	}
	query("notes", "SELECT text, size FROM app.notes ORDER BY text")
}

func batch() {
	several := &pgx.Batch{}
	for _, divisor := range []int{1, 2, 0, 4} {
		several.Queue("SELECT 10 / $1::int", divisor)
	}
	results := connection.SendBatch(background, several)
	for range []int{1, 2, 3, 4} {
		rows, err := results.Query()
		if err != nil {
			report("batch", err)
			continue
		}
		list("batch", rows)
	}
	report("batch", results.Close())
}

func copyBoth() {
	for _, last := range []interface{}{7, nil} { // text must not be null
		rows := [][]interface{}{}
		for row := 0; row < 300; row++ {
			rows = append(rows, []interface{}{fmt.Sprintf("row %03d of %v", row, last), row})
		}
		text := interface{}("last")
		if last == nil {
			text = nil
		}
		rows = append(rows, []interface{}{text, 7})
		count, err := connection.CopyFrom(background, pgx.Identifier{"app", "notes"}, []string{"text", "size"},
			pgx.CopyFromRows(rows))
		report(fmt.Sprintf("copy in %d", count), err)
	}
	out := bytes.Buffer{}
	tag, err := connection.PgConn().CopyTo(background, &out, "COPY app.notes (text, size) TO STDOUT")
	report(fmt.Sprintf("copy out %s %q", tag, out.String()), err)
}

// pgx itself only closes the connection when a context ends; the request to cancel is a call of its own.
func cancel() {
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		fail(connection.PgConn().CancelRequest(background))
	}()
	query("cancelled", "SELECT pg_sleep($1)", 3600)
	query("after the cancel", "SELECT 'usable'")
}

func refusals() {
	query("refusal", "SELECT ssn FROM app.users")
	query("refusal of parameters", "SELECT ssn FROM app.users WHERE id = $1", 1)
	query("refusal of the simple protocol", "SELECT ssn FROM app.users", pgx.QuerySimpleProtocol(true))
	_, err := connection.PgConn().CopyTo(background, &bytes.Buffer{}, "COPY app.users TO STDOUT")
	report("refusal of copy", err)
	transaction, err := connection.Begin(background)
	fail(err)
	query("refusal in a transaction", "SELECT ssn FROM app.users")
	report("rollback", transaction.Rollback(background))
	query("after the refusal", "SELECT count(*) FROM app.notes")
}

func main() {
	var err error
	connection, err = pgx.Connect(background, "")
	fail(err)
	begin("connect")
	fmt.Println("connect:", connection.PgConn().ParameterStatus("server_version"))
	begin("query")
	query("types in text", "SELECT * FROM app.samples ORDER BY id", pgx.QuerySimpleProtocol(true))
	begin("binary")
	query("types", "SELECT * FROM app.samples ORDER BY id")
	begin("parameters")
	parameters("parameters")
	parameters("parameters again") // from the cache
	parameters("parameters in the text", pgx.QuerySimpleProtocol(true))
	begin("prepared")
	prepared()
	begin("transaction")
	transactions()
	query("update", "UPDATE app.notes SET size = size + $1 RETURNING size", 1)
	begin("error")
	errorsOfStatements()
	begin("COPY")
	copyBoth()
	begin("cancel")
	cancel()
	begin("refusal")
	refusals()
	begin("more")
	batch()
	fail(connection.Close(background))
	fmt.Println("done")
}
