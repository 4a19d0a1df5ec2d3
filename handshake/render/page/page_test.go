package page_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/rendertest"
)

// pages are those that have been written, with nothing asked for but a language: most tests look at the
// same ones, and none changes a byte of them.
var pages = map[string][]byte{}

// pageOf is the page of a lesson.
func pageOf(t *testing.T, name string, o page.Options) []byte {
	t.Helper()
	lang := o.Lang
	o.Lang = ""
	plain := reflect.ValueOf(o).IsZero()
	o.Lang = lang
	key := name + " " + string(lang)
	if b := pages[key]; plain && b != nil {
		return b
	}
	b := writePage(t, name, o)
	if plain {
		pages[key] = b
	}
	return b
}

func writePage(t *testing.T, name string, o page.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	o.Teller = func(o render.TerminalOptions) page.Teller { return lesson.NewTerminal(io.Discard, o) }
	p := page.New(&b, o)
	for _, e := range rendertest.Play(t, name).Events() {
		p.Event(e)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("TLSLAB_PAGES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+"-"+string(o.Lang)+".html"), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestPageOfTLS13(t *testing.T) {
	for _, lang := range narrate.Langs() {
		b := pageOf(t, "tls13", page.Options{Lang: lang})
		if !bytes.HasPrefix(b, []byte("<!DOCTYPE html>\n<html lang=")) {
			t.Errorf("begins with %.40q", b)
		}
	}
}

// The sizes that a page may have, as it is and compressed (gzip -9), in bytes.
const (
	mostOfTLS13, mostOfTLS13Compressed = 600 << 10, 100 << 10
	mostOfAny, mostOfAnyCompressed     = 2 << 20, 300 << 10
)

func TestSizes(t *testing.T) {
	for name := range rendertest.Lessons() {
		for _, lang := range narrate.Langs() {
			b := pageOf(t, name, page.Options{Lang: lang})
			most, mostCompressed := mostOfAny, mostOfAnyCompressed
			if name == "tls13" {
				most, mostCompressed = mostOfTLS13, mostOfTLS13Compressed
			}
			var z bytes.Buffer
			w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(b); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s, %s: %d bytes, compressed %d", name, lang, len(b), z.Len())
			if len(b) > most || z.Len() > mostCompressed {
				t.Errorf("%s, %s: %d bytes, compressed %d; at most %d and %d", name, lang, len(b), z.Len(), most, mostCompressed)
			}
		}
	}
}
