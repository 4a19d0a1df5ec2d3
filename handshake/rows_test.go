package handshake

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
)

var updateRows = flag.Bool("update", false, "write rows.md anew")

// rowOf is a row with the name of what does it.
type rowOf struct {
	event.Move
	handler string // "(*client13).recvFinished"
}

func rowsOf[S any](t *table[S]) (rows []rowOf) {
	for i := range t.moves {
		name := runtime.FuncForPC(reflect.ValueOf(t.moves[i].Do).Pointer()).Name()
		rows = append(rows, rowOf{t.row(i), name[strings.LastIndex(name, "handshake.")+len("handshake."):]})
	}
	return rows
}

// allTables are the six, in the order in which a role tries its rows.
func allTables() [][]rowOf {
	c, s := newClient(nil), newServer(nil)
	return [][]rowOf{rowsOf(&c.tables.first), rowsOf(&c.tables.tls13), rowsOf(&c.tables.tls12),
		rowsOf(&s.tables.first), rowsOf(&s.tables.tls13), rowsOf(&s.tables.tls12)}
}

// TestConnectedSendsKeyUpdateAlone: Endpoint.sends does not ask the table behind the handshake
// unless a KeyUpdate is due. A row that sends something else from there would not be found.
func TestConnectedSendsKeyUpdateAlone(t *testing.T) {
	found := 0
	for _, rows := range allTables() {
		for _, r := range rows {
			if r.In != event.Connected || r.Dir != event.Send {
				continue
			}
			found++
			if r.Msg != message.KindKeyUpdate || r.When != event.GuardUpdateDue {
				t.Errorf("%v: let Endpoint.sends know when it is due", r.Move)
			}
		}
	}
	if found != 2 {
		t.Errorf("%d rows, of two roles", found)
	}
}

// TestRowsOfAStateStandTogether: who reads what may happen in a state reads one block.
func TestRowsOfAStateStandTogether(t *testing.T) {
	for _, rows := range allTables() {
		seen := map[event.State]bool{}
		for i, r := range rows {
			if i > 0 && rows[i-1].In == r.In {
				continue
			}
			if seen[r.In] {
				t.Errorf("%v: rows of state %v stand apart", r.Move, r.In)
			}
			seen[r.In] = true
		}
	}
}

// TestGuardsOverlapInOrder: where one message has several rows in a state, the first whose
// guard holds is taken. A row without a guard would hide those behind it, so it is the last,
// and no guard stands twice. What overlaps with what, and so in which order it must stand, is
// written here: a guard holds wherever the one before it does, but for those that exclude
// each other.
func TestGuardsOverlapInOrder(t *testing.T) {
	narrower := map[event.Guard][]event.Guard{ // holds only where these hold too, and must come before them
		event.GuardOffersEarlyDisguised: {event.GuardOffers13},
		event.GuardSelects13Disguised:   {event.GuardSelects13},
		event.GuardFirstRetryDisguised:  {event.GuardFirstRetry},
		event.GuardResumedTicket:        {event.GuardResumed},
		event.GuardRetryDisguised:       {event.GuardRetry},
		event.GuardPacks:                {event.GuardHasCertificate},
	}
	type way struct {
		in  event.State
		dir event.Direction
		msg message.Kind
	}
	for _, rows := range allTables() {
		groups := map[way][]event.Guard{}
		for _, r := range rows {
			w := way{r.In, r.Dir, r.Msg}
			before := groups[w]
			if slices.Contains(before, r.When) {
				t.Errorf("%v: %q stands twice, or a row without a guard is not the last", r.Move, r.When)
			}
			if len(before) > 0 && before[len(before)-1] == "" {
				t.Errorf("%v: no message comes by this row, the one before has no guard", r.Move)
			}
			for _, wider := range narrower[r.When] {
				if slices.Contains(before, wider) {
					t.Errorf("%v: %q is narrower than %q, which stands before it", r.Move, r.When, wider)
				}
			}
			groups[w] = append(before, r.When)
		}
	}
}

// TestVersionsAreApart: a row of TLS 1.3 that reaches for what is TLS 1.2's alone does not
// compile, nor the reverse.
func TestVersionsAreApart(t *testing.T) {
	for _, c := range []struct {
		expr string
		ok   bool
	}{
		{"(*client13)(nil).hello", true}, {"(*client13)(nil).retry", true}, {"(*client12)(nil).master", true},
		{"(*client13)(nil).master", false}, {"(*client13)(nil).statusPromised", false}, {"(*client13)(nil).exchange", false},
		{"(*client12)(nil).retry", false}, {"(*client12)(nil).psk", false}, {"(*client)(nil).master", false}, {"(*client)(nil).psk", false},
		{"(*server13)(nil).group", true}, {"(*server12)(nil).common", true},
		{"(*server13)(nil).common", false}, {"(*server13)(nil).session", false}, {"(*server12)(nil).cookie", false}, {"(*server12)(nil).psk", false},
		{"(*server)(nil).offer", false}, {"(*server)(nil).share", false},
		{"(*client13)(nil).tls12", false}, {"(*server12)(nil).tls13", false},
	} {
		err := compiles(t, c.expr)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.expr, err)
		}
	}
}

// sources are the files of this package, parsed once.
var sources = struct {
	fset  *token.FileSet
	files []*ast.File
}{fset: token.NewFileSet()}

// compiles type-checks this package with one more expression in it.
func compiles(t *testing.T, expr string) error {
	t.Helper()
	if sources.files == nil {
		names, err := filepath.Glob("*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(sources.fset, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			sources.files = append(sources.files, f)
		}
	}
	more, err := parser.ParseFile(sources.fset, "more.go", "package handshake\n\nvar _ = "+expr+"\n", 0)
	if err != nil {
		t.Fatal(err)
	}
	if imports == nil {
		imports = exported(t)
	}
	_, err = (&types.Config{Importer: imports}).Check("tlslab/handshake", sources.fset, append(slices.Clone(sources.files), more), nil)
	return err
}

var imports types.Importer

// exported reads what this package imports from the compiler's export data, which go list makes.
func exported(t *testing.T) types.Importer {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		at[path] = file
	}
	return importer.ForCompiler(sources.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(at[path]) })
}

// TestEndpointIsSmall: what an Endpoint has is few things, each with a name.
func TestEndpointIsSmall(t *testing.T) {
	e := reflect.TypeFor[Endpoint]()
	if e.NumField() >= 20 {
		t.Errorf("an Endpoint has %d fields", e.NumField())
	}
	for i := range e.NumField() {
		if e.Field(i).Anonymous {
			t.Errorf("%s is embedded", e.Field(i).Name)
		}
	}
}

// TestRowsPage: rows.md is the tables by message: where it may travel, and what does it.
func TestRowsPage(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("# Message by message: its rows, and what does them\n\n" +
		"Made of the tables by `go test ./handshake -run TestRowsPage -update`. A row: in this state, this way, if this holds; then do this, and go there.\n")
	var kinds []message.Kind
	byKind := map[message.Kind][]rowOf{}
	for _, rows := range allTables() {
		for _, r := range rows {
			if !slices.Contains(kinds, r.Msg) {
				kinds = append(kinds, r.Msg)
			}
			byKind[r.Msg] = append(byKind[r.Msg], r)
		}
	}
	slices.SortFunc(kinds, func(a, b message.Kind) int { return strings.Compare(a.String(), b.String()) })
	for _, k := range kinds {
		fmt.Fprintf(&b, "\n## %v\n\n| role | version | state | way | if | do | next | where |\n|---|---|---|---|---|---|---|---|\n", k)
		for _, r := range byKind[k] {
			version := "both"
			if r.Version != 0 {
				version = r.Version.String()
			}
			fmt.Fprintf(&b, "| %v | %s | %v | %v | %s | `%s` | %v | %s |\n", r.Role, version, r.In, r.Dir, r.When, r.handler, r.To, r.Ref)
		}
	}
	if *updateRows {
		if err := os.WriteFile("rows.md", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("rows.md")
	if err != nil || !bytes.Equal(got, b.Bytes()) {
		t.Errorf("rows.md is not what the tables say (-update writes it anew): %v", err)
	}
}
