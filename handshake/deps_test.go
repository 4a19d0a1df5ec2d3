package handshake_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// policy is who may import whom within the module, as a partial order: a package
// right of < may import those left of it and all that they may. Names are relative
// to handshake/; examples is a tree, and the rooms of the command are cmd/NAME. A
// package that is not here fails the test, so that a new one is thought about.
const policy = `
	NONE < foreign, iana, keyschedule, replay/bank, ondisk, ondisk/ondisktest, internal/browsertest
	foreign < idn, http2
	foreign, iana < reason
	reason < wire, kx, sig, suite, certcompress
	wire < sct
	sct < pki/der
	kx < kx/kxtest, kx/private
	wire < session
	sct < message
	session < session/redis, session/sessiontest
	wire, suite < record
	sig, pki/der < pki/internal/algid
	pki/internal/algid < pki/internal/ocsp
	wire, pki/internal/ocsp < pki
	pki, ondisk < pki/authority
	pki/authority < pki/lesson
	pki/lesson < pki/internal/pkitest
	message, record, kx, pki < event
	message, session, record, keyschedule, kx, certcompress, event < handshake
	event < narrate, starttls
	starttls < starttls/starttlstest
	event, keyschedule, record < observe
	certcompress < certcompress/brotli, certcompress/zstd
	NONE < capture, mitm/relay, capture/dissect
	message, keyschedule < quic
	observe, quic, certcompress, capture/dissect, starttls < explain
	foreign, ondisk < mitm/har
	handshake < tls
	handshake, pki/authority < mitm
	message, record < tamper
	handshake, tamper < stage
	observe, stage, mitm, http2, pki/lesson < scenario
	mitm, mitm/har, mitm/relay, tls, observe, capture, idn < mitm/proxy
	mitm/proxy < mitm/proxy/peers, mitm/proxy/proxytest
	observe, stage, replay/bank, pki/lesson < replay
	narrate, http2 < transcript
	narrate, http2, idn < render/sheet
	render/sheet, record < render
	render/sheet < render/mermaid
	event < beside
	render/sheet, beside < predict
	render, predict < render/page
	render/page < mitm/proxy/watch
	scenario, certcompress/brotli < render/rendertest
	transcript, render/page, render/mermaid, scenario < render/lesson
	transcript, render/page, replay < render/replays
	tls < tls/https
	tls/https, certcompress/brotli, certcompress/zstd, pki/lesson < internal/tlstest
	internal/tlstest < interop
	scenario, kx/private, certcompress/brotli, certcompress/zstd < switches
	switches, render/lesson, predict < lab
	switches, render/page < cmd/cli
	capture, cmd/cli < cmd/flags
	kx/kxtest, cmd/cli < cmd/clitest
	render/mermaid, cmd/flags < cmd/lists
	transcript, cmd/flags < cmd/trust
	session/redis, lab, render/replays, cmd/flags < cmd/lesson
	cmd/cli < cmd/guard
	lab, cmd/guard < cmd/web
	mitm/proxy, mitm/proxy/watch, render/lesson, cmd/flags, cmd/guard < cmd/capture
	explain, render/lesson, cmd/flags, certcompress/brotli, certcompress/zstd < cmd/explain
	session/redis, tls, starttls/starttlstest, replay, transcript, cmd/trust < cmd/live
	cmd/lists, cmd/lesson, cmd/capture, cmd/explain, cmd/live, cmd/web < cmd
	tls, tls/https, lab, render/replays, capture, session/redis, replay, mitm/proxy, kx/private, certcompress/brotli, certcompress/zstd < examples
`

// modules is who may import what of other people's. Primitives are circl's,
// bigmod's, x/crypto's and the standard library's alone; a Redis client is linked
// by nobody who has not asked for it. The tables of Unicode for names beyond ASCII are
// for what people type and read, so the engine has no part in them.
const modules = `
	filippo.io/bigmod: kx
	filippo.io/edwards25519: kx pki
	github.com/cloudflare/circl: kx kx/private sig pki pki/internal/algid pki/authority examples
	github.com/andybalholm/brotli: certcompress/brotli
	github.com/klauspost/compress: certcompress/zstd
	golang.org/x/crypto: suite pki
	golang.org/x/net: tls mitm/relay mitm/proxy mitm/proxy/proxytest idn http2
	golang.org/x/text: pki idn
	go.etcd.io/bbolt: replay/bank
	github.com/hashicorp/golang-lru/v2: session mitm capture/dissect explain cmd/web
	github.com/gopacket/gopacket: capture/dissect
	github.com/redis/go-redis/v9: session/redis
	github.com/fatih/color: render/sheet cmd/cli cmd/lists cmd/capture cmd/explain
	github.com/mattn/go-runewidth: render/sheet
	github.com/mattn/go-isatty: cmd/cli
	github.com/santhosh-tekuri/jsonschema/v6: cmd/clitest
	github.com/spf13/cobra: cmd/cli cmd/flags cmd/clitest cmd/lists cmd/trust cmd/lesson cmd/capture cmd/explain cmd/live cmd/web cmd
	github.com/spf13/pflag: cmd/cli cmd/lesson
	golang.org/x/sys: mitm/har cmd/cli
	github.com/chromedp/chromedp: internal/browsertest
	github.com/chromedp/cdproto: internal/browsertest
`

// outside is what the engine, which has no sockets, files, clock or chance of its
// own, has no business with. (It takes net.ParseIP from net.) Certificates and keys it is
// given: whose they are, and in which files, is pki/authority's.
var outside = []string{"os", "os/exec", "log", "log/slog", "net/http", "math/rand", "math/rand/v2", "unsafe", "plugin", "testing", "tlslab/handshake/ondisk"}

func TestImports(t *testing.T) {
	allowed := map[string][]string{}
	for line := range strings.Lines(strings.TrimSpace(policy)) {
		lower, upper, ok := strings.Cut(strings.TrimSpace(line), " < ")
		if !ok {
			t.Fatalf("no line of a policy: %q", line)
		}
		for up := range strings.SplitSeq(upper, ", ") {
			allowed[up] = slices.Concat(allowed[up], nil)
			for low := range strings.SplitSeq(lower, ", ") {
				if low != "NONE" {
					if _, known := allowed[low]; !known {
						t.Fatalf("%s stands left of < before it stands right of it", low)
					}
					allowed[up] = append(append(allowed[up], low), allowed[low]...)
				}
			}
		}
	}
	users := map[string][]string{}
	for line := range strings.Lines(strings.TrimSpace(modules)) {
		module, list, _ := strings.Cut(strings.TrimSpace(line), ": ")
		users[module] = strings.Fields(list)
	}

	seen := map[string]bool{}
	eachFile(t, func(dir string, file *ast.File) {
		pkg := policyName("tlslab/" + dir)
		if _, known := allowed[pkg]; !known {
			t.Fatalf("%s is not in the policy", dir)
		}
		seen[pkg] = true
		inner := pkg == "handshake" || slices.Contains(allowed["handshake"], pkg)
		for _, spec := range file.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(p, "/")
			switch {
			case inner && slices.Contains(outside, p):
				t.Errorf("%s, which is part of the engine, must not import %s", dir, p)
			case first == "tlslab":
				if low := policyName(p); low != pkg && !slices.Contains(allowed[pkg], low) {
					t.Errorf("%s must not import %s", dir, p)
				}
			case strings.Contains(first, "."):
				module := ""
				for m := range maps.Keys(users) {
					if p == m || strings.HasPrefix(p, m+"/") {
						module = m
					}
				}
				if !slices.Contains(users[module], pkg) {
					t.Errorf("%s must not import %s", dir, p)
				}
			}
			if inner && (p == "C" || strings.Contains(p, "redis")) {
				t.Errorf("%s must not import %s", dir, p)
			}
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && inner && f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s has an init: what there is to choose from is in the Config, not in a registry", dir)
			}
		}
	})
	for _, must := range append(allowed["handshake"], "handshake") {
		if !seen[must] {
			t.Errorf("%s was not seen: the test looked in the wrong place", must)
		}
	}
}

// links is what a package must not link, by whatever way: imports of imports are looked at,
// other people's too. A package is named as in go list.
var links = map[string][]string{
	"./handshake":                {"net/http", "os/exec", "database/sql", "github.com/andybalholm/brotli", "github.com/klauspost/compress/zstd", "go.etcd.io/bbolt", "github.com/cloudflare/circl/kem/schemes", "github.com/cloudflare/circl/group", "golang.org/x/text/cases", "golang.org/x/text/language", "tlslab/pki/authority", "tlslab/pki/lesson"},
	"./handshake/event":          {"tlslab/handshake/kx/private", "github.com/cloudflare/circl/kem/schemes", "tlslab/pki/authority", "tlslab/pki/lesson"},
	"./handshake/narrate":        {"tlslab/handshake", "tlslab/handshake/kx/private", "github.com/cloudflare/circl/kem/schemes", "tlslab/pki/authority", "tlslab/pki/lesson"},
	"./handshake/observe":        {"tlslab/handshake", "tlslab/handshake/kx/private", "github.com/cloudflare/circl/kem/schemes", "tlslab/pki/authority", "tlslab/pki/lesson"},
	"./handshake/scenario":       {"tlslab/handshake/kx/private", "github.com/cloudflare/circl/kem/schemes"},
	"./handshake/transcript":     {"tlslab/handshake", "tlslab/handshake/scenario", "tlslab/handshake/replay", "net/http", "tlslab/handshake/kx/private", "github.com/cloudflare/circl/kem/schemes", "tlslab/pki/authority", "tlslab/pki/lesson"},
	"./handshake/tls":            {"net/http", "tlslab/pki/authority", "tlslab/pki/lesson"},
	"./handshake/render/sheet":   tellers,
	"./handshake/render":         tellers,
	"./handshake/render/mermaid": tellers,
	"./handshake/predict":        append(tellers, "net/http", "html/template", "text/template"),
	"./handshake/render/page":    append(tellers, "net/http", "html/template", "text/template"),
	"./handshake/render/lesson":  {"tlslab/handshake/replay", "go.etcd.io/bbolt"},
	"./cmd/tlslab":               {"html/template"},
	"./examples/firsthandshake":  {"go.etcd.io/bbolt", "net/http"},
	"./examples/grader":          {"tlslab/handshake", "tlslab/handshake/scenario", "net/http"},
	"./pki":                      {"tlslab/handshake/ondisk", "tlslab/pki/authority", "tlslab/pki/lesson"},
}

// tellers are who tells what happened, and the KEMs that no registry has a number for: what
// shows it needs none of them.
var tellers = []string{"tlslab/handshake", "tlslab/handshake/scenario", "tlslab/handshake/replay", "tlslab/handshake/kx/private", "github.com/cloudflare/circl/kem/schemes", "tlslab/pki/authority", "tlslab/pki/lesson"}

// TestNoProgramDrivesABrowser: what speaks to a browser is for tests. The packages that the
// library promises, the command and the examples link none of it, by whatever way.
func TestNoProgramDrivesABrowser(t *testing.T) {
	const driver = "tlslab/handshake/internal/browsertest"
	list := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "./...")
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := false
	for line := range strings.Lines(string(out)) {
		pkg, deps, _ := strings.Cut(strings.TrimSpace(line), " ")
		drives := strings.Contains(deps, "github.com/chromedp/")
		switch {
		case pkg == driver:
			seen = drives
		case drives || slices.Contains(strings.Fields(deps), driver):
			t.Errorf("%s links what drives a browser", pkg)
		}
	}
	if !seen {
		t.Errorf("%s drives no browser: the test looked in the wrong place", driver)
	}
}

func TestLinks(t *testing.T) {
	for pkg, never := range links {
		list := exec.Command("go", "list", "-deps", pkg)
		list.Dir = ".."
		out, err := list.Output()
		if err != nil {
			t.Fatal(pkg, err)
		}
		linked := strings.Fields(string(out))
		if !slices.Contains(linked, "tlslab/handshake/iana") {
			t.Errorf("%s links %d packages: the test looked in the wrong place", pkg, len(linked))
		}
		for _, p := range never {
			if slices.Contains(linked, p) {
				t.Errorf("%s links %s; go mod why -m, or go list -deps, tells by which way", pkg, p)
			}
		}
	}
}

// TestBareDialIsSmall: a program that dials, and does no more, stays small: it would have 7.9 MB
// without the care that TestLinks holds; crypto/tls's has 4.7. Of what is not ours most is the
// standard library's, then X448 (RFC 7748) and the tables by which pki normalizes names (RFC
// 5280 §7.1). If it grows: go tool nm -size -sort size, of a build that keeps its symbols.
func TestBareDialIsSmall(t *testing.T) {
	const most = 6_600_000
	if runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
		t.Skip("the limit is that of linux/amd64")
	}
	dir := t.TempDir()
	program := `package main

import (
	"fmt"

	"tlslab/handshake/tls"
)

func main() { fmt.Println(tls.Dial("tcp", "example.org:443", &tls.Config{ServerName: "example.org"})) }
`
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	built := filepath.Join(dir, "dial")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", built, filepath.Join(dir, "main.go"))
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	info, err := os.Stat(built)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > most {
		t.Errorf("a bare Dial has %d bytes, more than %d", info.Size(), most)
	}
	t.Logf("a bare Dial has %d bytes", info.Size())
}

// TestCommandKeepsNoIdleMethods: the linker drops a method that nobody calls, as long as nobody can call one by a
// name that is found at run time (reflect.Value.MethodByName, as text/template does). With one such call anywhere
// the command has 10 MB more, and each start of it pays for them. If it grows: go build -ldflags=-dumpdep ./cmd/tlslab
// writes who calls whom, and <ReflectMethod> stands where it is such a call.
func TestCommandKeepsNoIdleMethods(t *testing.T) {
	const most = 26_000_000
	if runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
		t.Skip("the limit is that of linux/amd64")
	}
	built := filepath.Join(t.TempDir(), "tlslab")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", built, "./cmd/tlslab")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	info, err := os.Stat(built)
	if err != nil {
		t.Fatal(err)
	}
	if t.Logf("%d bytes", info.Size()); info.Size() > most {
		t.Errorf("the command has %d bytes, want at most %d", info.Size(), most)
	}
}

// TestBuildsForTheBrowser: what has no sockets and no files of its own builds for
// WebAssembly, the lessons and their words included, and go vet has nothing to say of what is
// written for that alone. What a page carries links no server and no command line.
func TestBuildsForTheBrowser(t *testing.T) {
	forBrowser := func(args ...string) string {
		t.Helper()
		run := exec.Command("go", args...)
		run.Dir, run.Env = "..", append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
		out, err := run.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	forBrowser("build", "./handshake", "./handshake/scenario", "./handshake/narrate", "./handshake/observe", "./handshake/transcript", "./handshake/render", "./handshake/render/mermaid", "./handshake/render/page", "./handshake/render/lesson", "./handshake/lab", "./examples/browser", "./examples/offlinelab")
	forBrowser("vet", "./handshake/switches", "./examples/browser", "./examples/offlinelab")
	linked := strings.Fields(forBrowser("list", "-deps", "./examples/offlinelab"))
	if !slices.Contains(linked, "tlslab/handshake/lab") {
		t.Errorf("the offline lab links %d packages: the test looked in the wrong place", len(linked))
	}
	for _, never := range []string{"net/http", "crypto/tls", "html/template", "text/template", "regexp", "os/exec", "github.com/spf13/cobra", "github.com/andybalholm/brotli", "tlslab/handshake/replay"} {
		if slices.Contains(linked, never) {
			t.Errorf("the offline lab links %s", never)
		}
	}
}

func policyName(importPath string) string {
	p := strings.TrimPrefix(importPath, "tlslab/")
	if room, ok := strings.CutPrefix(p, "cmd/tlslab/internal/"); ok {
		return "cmd/" + room
	}
	for _, tree := range []string{"cmd", "examples"} {
		if strings.HasPrefix(p, tree+"/") {
			return tree
		}
	}
	return strings.TrimPrefix(p, "handshake/")
}

// eachFile parses every Go file of the module that is no test, whatever system it
// is for.
func eachFile(t *testing.T, do func(dir string, file *ast.File)) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if base := path.Base(name); name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "vendor") {
				return fs.SkipDir
			}
			return nil
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		do(path.Dir(name), file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
