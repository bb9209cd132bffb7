// lib/pq under database/sql: parameters, prepared statements, transactions, COPY in, cancelling.
// Prints a line for each result, under the name of its step.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lib/pq"
)

// One connection, so that the steps share a session.
var session *sql.Conn

func show(value interface{}) string {
	switch typed := value.(type) {
	case nil:
		return "NULL"
	case []byte:
		return fmt.Sprintf("bytes %q", typed)
	case time.Time:
		return "time " + typed.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprintf("%T %v", value, value)
}

func report(step string, err error) {
	var server *pq.Error
	switch {
	case errors.As(err, &server) && strings.HasPrefix(step, "refusal"):
		fmt.Printf("%s: %s %s\n", step, server.Severity, server.Code)
	case errors.As(err, &server):
		fmt.Printf("%s: %s %s %s, position %s, constraint %s\n", step, server.Severity, server.Code, server.Message,
			server.Position, server.Constraint)
	default:
		fmt.Printf("%s: %v\n", step, err)
	}
}

// list prints the columns, and each row with the Go types of its values.
func list(step string, rows *sql.Rows, err error) {
	if err != nil {
		report(step, err)
		return
	}
	defer rows.Close()
	columns, err := rows.ColumnTypes()
	fail(err)
	for rows.Next() {
		values, places := make([]interface{}, len(columns)), make([]interface{}, len(columns))
		for at := range values {
			places[at] = &values[at]
		}
		fail(rows.Scan(places...))
		for at, value := range values {
			fmt.Printf("%s: %s %s | %s\n", step, columns[at].Name(), columns[at].DatabaseTypeName(), show(value))
		}
	}
	if rows.Err() != nil {
		report(step, rows.Err())
	}
}

func query(step, text string, arguments ...interface{}) {
	rows, err := session.QueryContext(background, text, arguments...)
	list(step, rows, err)
}

func execute(step, text string, arguments ...interface{}) {
	result, err := session.ExecContext(background, text, arguments...)
	if err != nil {
		report(step, err)
		return
	}
	count, err := result.RowsAffected()
	fmt.Printf("%s: %d rows %v\n", step, count, err)
}

func parameters() {
	query("parameters", "SELECT $1::int8, $2::text, $3::bytea, $4::numeric, $5::date, $6::int4[], $7::timestamptz",
		int64(1)<<40+7, "it's é", []byte{0, 1, 255}, "12.50", nil, pq.Array([]int64{1, 2, 3}),
		time.Date(2024, 2, 29, 12, 0, 0, 5000, time.UTC))
}

func prepared() {
	statement, err := session.PrepareContext(background, "SELECT a_text, a_int8 FROM app.samples WHERE id = $1")
	fail(err)
	defer statement.Close()
	for _, id := range []int{1, 2, 1, 9} {
		rows, err := statement.Query(id)
		list("prepared", rows, err)
	}
}

func transactions() {
	for _, end := range []string{"commit", "rollback"} {
		transaction, err := session.BeginTx(background, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
		fail(err)
		_, err = transaction.Exec("INSERT INTO app.notes (text, size) VALUES ($1, 1)", "in "+end)
		report("insert", err)
		if end == "rollback" {
			_, err = transaction.Exec("SELECT 1/0")
			report("error", err)
			_, err = transaction.Exec("SELECT 1")
			report("aborted", err)
			report(end, transaction.Rollback())
		} else {
			report(end, transaction.Commit())
		}
	}
	query("notes", "SELECT text, size FROM app.notes ORDER BY text")
}

// copyIn also says what the server says to a row that is none.
func copyIn(step, last string) {
	transaction, err := session.BeginTx(background, nil)
	fail(err)
	statement, err := transaction.Prepare(pq.CopyInSchema("app", "notes", "text", "size"))
	if err != nil {
		report(step, err)
		fail(transaction.Rollback())
		return
	}
	for row := 0; row < 300; row++ {
		_, err = statement.Exec(fmt.Sprintf("row %03d", row), row)
		fail(err)
	}
	_, err = statement.Exec("last", last)
	fail(err)
	_, err = statement.Exec()
	report(step, err)
	report(step, statement.Close())
	report(step, transaction.Commit())
	query(step, "SELECT count(*), sum(size) FROM app.notes")
}

func cancel() {
	limited, stop := context.WithCancel(background)
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		stop()
	}()
	_, err := session.ExecContext(limited, "SELECT pg_sleep($1)", 3600)
	report("cancelled", err)
	fail(session.Close())
	open("") // database/sql gives the cancelled connection up
	query("after the cancel", "SELECT 'usable'")
}

func refusals() {
	query("refusal", "SELECT ssn FROM app.users")
	query("refusal of parameters", "SELECT ssn FROM app.users WHERE id = $1", 1)
	query("after the refusal", "SELECT count(*) FROM app.notes")
}

func open(settings string) {
	pool, err := sql.Open("postgres", settings)
	fail(err)
	session, err = pool.Conn(background)
	fail(err)
}

func main() {
	open("")
	begin("connect")
	query("connect", "SELECT current_database(), version()")
	begin("query")
	query("types", "SELECT * FROM app.samples ORDER BY id")
	begin("parameters")
	parameters()
	begin("prepared")
	prepared()
	begin("transaction")
	transactions()
	execute("update", "UPDATE app.notes SET size = size + $1", 1)
	begin("error")
	errorsOfStatements()
	begin("COPY")
	copyIn("copy in", "7")
	copyIn("copy of what is no number", "seven")
	begin("refusal")
	refusals()
	begin("cancel")
	cancel()
	fail(session.Close())
	open("binary_parameters=yes")
	begin("binary")
	query("types", "SELECT * FROM app.samples WHERE id = $1", 1)
	parameters()
	fmt.Println("done")
}
