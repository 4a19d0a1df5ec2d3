package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/narrate"
)

// TestLessonInChromium: the page plays the lesson, and byte for byte the one that is played
// here: neither the clock nor chance nor the machine has a part in it.
func TestLessonInChromium(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("chromium is not installed: apt-get install chromium")
	}
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "lesson.wasm"), ".")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"index.html": "index.html", filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"): "wasm_exec.js"} {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if to == "index.html" { // what the page shows it sends here as well
			b = append(b, `<script>addEventListener("played", e => fetch("/played", {method: "POST", body: e.detail}))</script>`...)
		}
		if err := os.WriteFile(filepath.Join(dir, to), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	played := make(chan string, 1)
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	mux.HandleFunc("POST /played", func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		played <- string(b)
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	for _, lang := range narrate.Langs() {
		want, err := play("test", lang)
		if err != nil || !strings.Contains(want, "ClientHello") {
			t.Fatalf("%v, and a transcript of %d bytes", err, len(want))
		}
		args := []string{"--headless", "--disable-gpu", "--user-data-dir=" + t.TempDir(), "--remote-debugging-port=0"}
		if os.Getuid() == 0 {
			args = append(args, "--no-sandbox") // its sandbox does not start as root
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		browser := exec.CommandContext(ctx, chromium, append(args, server.URL+"/?seed=test&lang="+string(lang))...)
		browser.Env = append(os.Environ(), "HOME="+t.TempDir())
		if err := browser.Start(); err != nil {
			t.Fatal(err)
		}
		var got string
		select {
		case got = <-played:
		case <-ctx.Done(): // it printed nothing in the end
		}
		_ = browser.Process.Kill()
		_ = browser.Wait()
		if got != want {
			t.Errorf("%s: the browser's lesson has %d bytes, ours %d, and they differ", lang, len(got), len(want))
		}
	}
}
