package live

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTimestampsShown: a client that asks is shown each timestamp that the server has, by its
// parts, in both versions and languages; one that does not ask is shown none. Whose order of
// suites counts is for the server's flag to say, and no record is longer than --max-send-frag.
func TestTimestampsShown(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	var out bytes.Buffer
	for _, line := range []string{"ca init " + file("ca"), "ca issue localhost --kind p256 --quiet --cadir " + file("ca") + " --prefix " + file("www")} {
		if command(t.Context(), strings.NewReader(""), &out, &out, strings.Fields(line)...) != 0 {
			t.Fatal(line, out.String())
		}
	}
	v1 := append(append([]byte{0}, bytes.Repeat([]byte{0xab}, 32)...), 0, 0, 1, 0x9b, 0x76, 0xda, 0x40, 0, 0, 0, 4, 3, 0, 2, 0x30, 0)
	for name, b := range map[string][]byte{"one.sct": v1, "two.sct": bytes.Replace(v1, []byte{0xab}, []byte{0xcd}, 32)} {
		if err := os.WriteFile(file(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	addr, end := serveCommand(t, "--cert", file("www.pem"), "--key", file("www-key.pem"), "--www", "--quiet",
		"--sct", file("one.sct")+","+file("two.sct"), "--cipher-order", "chacha", "--max-send-frag", "200")
	defer end()
	for _, version := range []string{"1.2", "1.3"} {
		for lang, says := range map[string]string{"en": "when the log gave this promise", "zh": "日志作出这个承诺的时刻"} {
			told := func(more ...string) string {
				var out, transcript bytes.Buffer
				args := append([]string{"client", "--connect", addr, "--servername", "localhost", "--CAfile", file("ca/ca.pem"), "--tls", version, "--bytes", "--lang", lang, "--color", "never", "--width", "160"}, more...)
				if status := command(t.Context(), strings.NewReader(pageRequest), &out, &transcript, args...); status != 0 || !strings.Contains(out.String(), "200 OK") {
					t.Fatalf("status %d: %s%s", status, &out, &transcript)
				}
				return transcript.String()
			}
			asked := told("--ct")
			if !strings.Contains(asked, says) || !strings.Contains(asked, "2025-12-31") || !regexp.MustCompile(`(?m)ab(ab| )+`).MatchString(asked) {
				t.Errorf("TLS %s, %s: the timestamps are not told of:\n%s", version, lang, asked)
			}
			if told := told(); strings.Contains(told, says) {
				t.Errorf("TLS %s, %s: nobody asked, and it is told:\n%s", version, lang, told)
			}
			for suites, want := range map[string]string{"1.2": "ECDHE-ECDSA-CHACHA20-POLY1305,ECDHE-ECDSA-AES128-GCM-SHA256,ECDHE-RSA-CHACHA20-POLY1305,ECDHE-RSA-AES128-GCM-SHA256", "1.3": "TLS_CHACHA20_POLY1305_SHA256,TLS_AES_128_GCM_SHA256"} {
				if suites == version && !strings.Contains(told("--cipher", want, "--full"), "CHACHA20") {
					t.Errorf("TLS %s: not the suite that the client puts first", version)
				}
			}
		}
	}
}

// TestTimestampRefused: what is no timestamp goes to no client, and it is said what it is instead.
func TestTimestampRefused(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	if command(t.Context(), strings.NewReader(""), &out, &out, "ca", "init", filepath.Join(dir, "ca")) != 0 || command(t.Context(), strings.NewReader(""), &out, &out, "ca", "issue", "localhost", "--quiet", "--cadir", filepath.Join(dir, "ca"), "--prefix", filepath.Join(dir, "www")) != 0 {
		t.Fatal(&out)
	}
	pem, err := os.ReadFile(filepath.Join(dir, "www-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	whole := append(make([]byte, 41), 0, 0, 4, 3, 0, 2, 0x30, 0)
	for what, x := range map[string]struct {
		b      []byte
		en, zh string
	}{
		"PEM":     {pem, "that is PEM", "这是 PEM"},
		"DER":     {[]byte{0x30, 0x82, 1, 0}, "looks like DER", "看起来是 DER"},
		"version": {append([]byte{1}, whole[1:]...), "and this file with 1", "开头却是 1"},
		"longer":  {append(bytes.Clone(whole), 0), "more stands behind", "后面还有别的内容"},
		"shorter": {whole[:len(whole)-1], "cut short", "不完整"},
		"zeros":   {make([]byte, 30), "cut short", "不完整"},
	} {
		file := filepath.Join(dir, what)
		if err := os.WriteFile(file, x.b, 0o600); err != nil {
			t.Fatal(err)
		}
		for lang, says := range map[string]string{"en": x.en, "zh": x.zh} {
			var log bytes.Buffer
			if status := command(t.Context(), strings.NewReader(""), &out, &log, "server", "--accept", "127.0.0.1:0", "--lang", lang, "--cert", filepath.Join(dir, "www.pem"), "--key", filepath.Join(dir, "www-key.pem"), "--sct", file); status != 2 || !strings.Contains(log.String(), says) {
				t.Errorf("%s, %s: status %d, %s", what, lang, status, &log)
			}
		}
	}
}
