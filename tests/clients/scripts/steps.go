// What the scripts in Go share.
package main

import (
	"context"
	"fmt"
	"os"
)

var background = context.Background()

func begin(step string) { fmt.Println("#", step) }

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Each has a `query` of its own.
func errorsOfStatements() {
	query("refusal of a syntax error", "SELECT é FROM FROM app.samples")
	query("unknown column", "SELECT nothing FROM app.samples WHERE id = $1", 1)
	query("unique violation", "INSERT INTO app.notes (text) VALUES ($1)", "in commit")
	query("check violation", "INSERT INTO app.notes (text, size) VALUES ('x', -1)")
	query("division", "SELECT 1 / $1::int", 0)
}
