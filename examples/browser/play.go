// Command browser plays a lesson in a browser: the same engine, with no server behind it and
// no network. Its one idea: nothing below the lesson asks the machine for anything.
//
// It is built for WebAssembly. In a clone of this repository:
//
//	mkdir -p /tmp/lesson
//	GOOS=js GOARCH=wasm go build -o /tmp/lesson/lesson.wasm ./examples/browser
//	cp "$(go env GOROOT)/lib/wasm/wasm_exec.js" examples/browser/index.html /tmp/lesson
//	python3 -m http.server --directory /tmp/lesson
//
// Then open http://localhost:8000/?seed=1&lang=en in a browser; lang=zh is Chinese, and without
// a seed each visit plays with other numbers.
//
// play.go is all of the lesson, and main.go all of the browser.
package main

import (
	"context"
	"errors"
	"strings"

	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
)

// play plays the lesson of TLS 1.3 under a seed, and returns its transcript in a language.
func play(seed string, lang narrate.Lang) (string, error) {
	var out strings.Builder
	page := lesson.NewTerminal(&out, render.TerminalOptions{Lang: lang})
	_, err := scenario.Run(context.Background(), scenario.Options{Seed: seed, Version: iana.TLS13}, page)
	return out.String(), errors.Join(err, page.Close())
}
