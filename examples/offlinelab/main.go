//go:build !js

// Command offlinelab writes the lab of tlslab web as one file of HTML that needs no server: the
// engine is inside, built for WebAssembly by the Go that runs this program. Its one idea: what
// answers an address has no socket and no file (package lab), so a browser can run all of it.
//
//	go run ./examples/offlinelab > lab.html
//
// The file opens by a double click, on a machine that has neither tlslab nor a network. It asks
// nothing of anybody, and its policy forbids that it could.
//
// main.go makes the file, of lab.html; main_js.go is the engine in it; offline.js is between the
// engine and the browser.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed" // of the file's own parts
	"encoding/ascii85"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"tlslab/handshake/render/page"
)

func main() {
	log.SetFlags(0)
	if out, err := os.Stdout.Stat(); err == nil && out.Mode()&os.ModeCharDevice != 0 {
		log.Fatal("The lab is six megabytes, and no terminal wants them. Say: go run ./examples/offlinelab > lab.html")
	}
	engine, err := build()
	if err != nil {
		log.Fatal(err)
	}
	wasmExec, err := goroot("lib/wasm/wasm_exec.js")
	if err != nil {
		log.Fatal(err)
	}
	if err := write(os.Stdout, engine, wasmExec); err != nil {
		log.Fatal(err)
	}
}

// build builds main_js.go, and all that it needs of tlslab.
func build() (wasm []byte, err error) {
	dir, err := os.MkdirTemp("", "offlinelab")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "engine.wasm")
	args := []string{"build", "-trimpath", "-ldflags=-s -w", "-o", file}
	// Without inlining the engine is a tenth smaller, and a lesson takes three times as long; but
	// not where what computes is inlined all the same. The last that fits a package counts.
	args = append(args, "-gcflags=all=-l")
	for _, computes := range []string{"crypto/...", "math/...", "filippo.io/...", "github.com/cloudflare/circl/..."} {
		args = append(args, "-gcflags="+computes+"=")
	}
	compile := exec.Command("go", append(args, "tlslab/examples/offlinelab")...)
	compile.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	compile.Stderr = os.Stderr
	if err := compile.Run(); err != nil {
		return nil, fmt.Errorf("the engine was not built: %w", err)
	}
	return os.ReadFile(file)
}

// goroot reads a file of the Go toolchain. The script that starts an engine has to be that of the
// toolchain which built it.
func goroot(name string) (string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), filepath.FromSlash(name)))
	return string(b), err
}

//go:embed lab.html
var labHTML string

//go:embed offline.js
var offlineJS string

// write writes the file. Nothing in it is a stranger's, so nothing is escaped.
func write(w io.Writer, engine []byte, wasmExec string) error {
	for _, script := range []string{wasmExec, offlineJS} {
		if lower := strings.ToLower(script); strings.Contains(lower, "</script") || strings.Contains(lower, "<!--") {
			return errors.New("a script that would end before its end") // HTML, "Restrictions for contents of script elements"
		}
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(engine); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return template.Must(template.New("").Parse(labHTML)).Execute(w, map[string]string{
		"Policy": policy(wasmExec, offlineJS), "WasmExec": wasmExec, "Offline": offlineJS,
		"Engine": written(packed.Bytes()),
	})
}

// written is bytes as text: five characters for four bytes, where base64 has four for three, which
// would be a fifteenth more. It is Ascii85 but for two characters: a "<" could begin a tag, so a "v"
// stands for it, and no "z" is short for four zeros, so that all groups have the same length.
func written(b []byte) string {
	text := make([]byte, ascii85.MaxEncodedLen(len(b)))
	text = text[:ascii85.Encode(text, b)]
	return strings.NewReplacer("<", "v", "z", "!!!!!").Replace(string(text))
}

// policy is that of every page, which allows the style and the script of the lessons, and what this
// file has besides: its own scripts, and an engine to be compiled.
func policy(scripts ...string) string {
	allowed := "script-src 'wasm-unsafe-eval'"
	for _, s := range scripts {
		sum := sha256.Sum256([]byte(s))
		allowed += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return strings.Replace(page.Policy(), "script-src", allowed, 1)
}
