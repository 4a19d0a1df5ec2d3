package main

import (
	"bytes"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A file that is not there is named with the flag that named it, in the reader's language, with a line
// of what to do.
func TestFileThatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	var out bytes.Buffer
	for _, args := range [][]string{{"ca", "init", at("ca")}, {"ca", "issue", "localhost", "--quiet", "--cadir", at("ca"), "--prefix", at("www")}} {
		if command(t.Context(), strings.NewReader(""), io.Discard, &out, args...) != 0 {
			t.Fatal(&out)
		}
	}
	cert, key, gone := at("www.pem"), at("www-key.pem"), at("gone")
	english := regexp.MustCompile(`[a-z]+ [a-z]+ [a-z]+`)
	for flag, args := range map[string][]string{
		"":            {"verify", "--client", gone},
		"--CAfile":    {"verify", "--client", cert, "--CAfile", gone},
		"--untrusted": {"verify", "--client", cert, "--untrusted", cert + "," + gone},
		"--staple":    {"verify", "--client", cert, "--staple", gone},
		"--cert":      {"client", "--connect", "127.0.0.1:1", "--cert", gone},
		"--key":       {"server", "--accept", "127.0.0.1:0", "--cert", cert, "--key", gone},
		"--sct":       {"server", "--accept", "127.0.0.1:0", "--cert", cert, "--key", key, "--sct", gone},
	} {
		for lang, says := range map[string]string{"en": ": there is no such file\n  Check the name", "zh": "：没有这个文件\n  请检查文件名"} {
			var log bytes.Buffer
			status := command(t.Context(), strings.NewReader(""), io.Discard, &log, append(args, "--lang", lang)...)
			if status != 2 || !strings.HasPrefix(log.String(), "tlslab: "+strings.TrimSpace(flag+" "+gone)+says) || lang == "zh" && english.MatchString(log.String()) {
				t.Errorf("%s, %s: status %d, %s", flag, lang, status, &log)
			}
		}
	}
}

// A refused chain comes with what would mend it, with --brief too.
func TestVerifyRefusedRemedy(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	var out bytes.Buffer
	for _, args := range [][]string{{"ca", "init", at("ca")}, {"ca", "init", at("other")}, {"ca", "issue", "localhost", "--quiet", "--cadir", at("ca"), "--prefix", at("www")}} {
		if command(t.Context(), strings.NewReader(""), io.Discard, &out, args...) != 0 {
			t.Fatal(&out)
		}
	}
	for _, x := range []struct {
		args   []string
		en, zh string
	}{
		{[]string{"--CAfile", at("other/ca.pem"), "--servername", "localhost"}, "--untrusted FILE; if you know the root, with --CAfile FILE", "--untrusted FILE 指定；如果确知根是哪一个，请用 --CAfile FILE"},
		{[]string{"--CAfile", at("other/ca.pem"), "--servername", "localhost", "--brief"}, "install that root only if you know", "请用 --untrusted"},
		{[]string{"--CAfile", at("ca/ca.pem"), "--servername", "other.test", "--brief"}, "Check the name; or the server needs", "请检查名字"},
	} {
		for lang, says := range map[string]string{"en": x.en, "zh": x.zh} {
			var log bytes.Buffer
			status := command(t.Context(), strings.NewReader(""), io.Discard, &log, append([]string{"verify", at("www.pem"), "--lang", lang}, x.args...)...)
			if status != 1 || !strings.Contains(log.String(), says) {
				t.Errorf("%q, %s: status %d, %s", x.args, lang, status, &log)
			}
		}
	}
}

// What verify advises about a name speaks of no flag that it does not have.
func TestVerifyNameAdvice(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		var log bytes.Buffer
		if status := command(t.Context(), strings.NewReader(""), io.Discard, &log, "verify", "x", "--servername", "h:443", "--lang", lang); status != 2 || strings.Contains(log.String(), "--connect") || !strings.Contains(log.String(), "www.example.org") {
			t.Errorf("%s: status %d, %s", lang, status, &log)
		}
	}
}
