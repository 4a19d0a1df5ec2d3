package main

import (
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/pki/authority"
)

// captured is a file of other people's software, and how explain shows its first connection.
func captured(name string, args ...string) []string {
	const dir = "../../handshake/explain/testdata/"
	for i, a := range args {
		if strings.HasPrefix(a, "@") {
			args[i] = dir + a[1:]
		}
	}
	return append([]string{"explain", dir + name, "--show", "1", "--lang", "en", "--CAfile", dir + "rsa.pem"}, args...)
}

// rows are a page's, in their order: of an arrow its name, of work whose it is.
func rows(page string) (out []string) {
	for _, m := range regexp.MustCompile(`<details class="row[^>]* id="([^"]*)"[^>]*?(?: data-from="(\w+)"| data-party="(\w+)")`).FindAllStringSubmatch(page, -1) {
		if m[3] != "" {
			out = append(out, m[3])
			continue
		}
		name := m[1][strings.IndexByte(m[1], '.')+1:]
		out = append(out, m[2]+" "+name)
	}
	return out
}

// A page of a recording says whose it is; what somebody computed who has keys stands at the message
// that it is about, under his name, and each record beside who was tried on it.
func TestRecordingPage(t *testing.T) {
	for _, c := range []struct {
		file, holder, after string
		args                []string
	}{
		{"rsa", "thief", "client client_key_exchange", []string{"--rsa-key", "@rsa.key"}},
		{"tls13", "log_reader", "server server_hello", []string{"--keylogfile", "@tls13.log"}},
		{"tls13_blind", "", "", nil},
	} {
		page, status := runTlslab(t, captured(c.file+".pcapng", append(c.args, "--format", "html")...)...)
		if status != 0 {
			t.Fatalf("%s: status %d", c.file, status)
		}
		if !strings.Contains(page, "<h1>A recording: "+c.file+".pcapng, connection 1, 2026-11-30 09:0") || strings.Contains(page, "A live connection") {
			t.Errorf("%s: the page does not say whose it is", c.file)
		}
		if strings.Contains(page, `data-kind="reads"`) || strings.Contains(page, `data-from="listener"`) || strings.Contains(page, "listener sends") {
			t.Errorf("%s: the page tells of more than went by", c.file)
		}
		got := rows(page)
		i := slices.Index(got, c.holder)
		switch {
		case c.holder == "":
			if n := strings.Count(page, " bytes, closed"); n < 10 || !slices.Contains(got, "server record") {
				t.Errorf("%s: %d records that stayed closed are shown; %q", c.file, n, got)
			}
			if strings.Contains(page, "holds the secrets") {
				t.Errorf("%s: the page has no secrets, and says that it has", c.file)
			}
		case i < 1 || got[i-1] != c.after:
			t.Errorf("%s: what %s computed first does not stand behind %s: %q", c.file, c.holder, c.after, got)
		}
		for _, who := range []string{"listener", c.holder} {
			if cells := strings.Count(page, `data-onlooker="`+who+`" data-access=`); who != "" && cells < 10 {
				t.Errorf("%s: %d records are beside %s", c.file, cells, who)
			}
		}
		if last := got[len(got)-1]; slices.Contains([]string{"listener", "thief", "log_reader"}, last) {
			t.Errorf("%s: the page ends with the work of %s", c.file, last)
		}
	}
}

// The private key that opens a recording is told to nobody, whatever the form.
func TestRecordingKeepsKey(t *testing.T) {
	key, err := authority.ReadKey("../../handshake/explain/testdata/rsa.key")
	if err != nil {
		t.Fatal(err)
	}
	d := hex.EncodeToString(key.(*rsa.PrivateKey).D.Bytes())[:32]
	for _, form := range [][]string{{"--full"}, {"--bytes"}, {"--format", "html"}, {"--format", "json"}, {"--worksheet"}} {
		out, status := runTlslab(t, captured("rsa.pcapng", append(form, "--rsa-key", "@rsa.key")...)...)
		if flat := strings.Join(strings.Fields(out), ""); status != 0 || strings.Contains(flat, d) || !strings.Contains(flat, "03039b98") {
			t.Errorf("%v: status %d, or the server's key is told, or what it opened is not", form, status)
		}
	}
}

// What a worksheet blanks is nowhere on it, and what was given is.
func TestRecordingWorksheet(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		file, given string
		blanks      int
		args        []string
	}{
		{"rsa", "03039b98", 8, []string{"--rsa-key", "@rsa.key"}},
		{"tls13", "53bcf492", 12, []string{"--keylogfile", "@tls13.log"}},
	} {
		for _, format := range []string{"text", "html"} {
			file := filepath.Join(dir, c.file+format)
			out, status := runTlslab(t, captured(c.file+".pcapng", append(slices.Clone(c.args), "--format", format, "--answers", file)...)...)
			if status != 0 {
				t.Fatalf("%s, %s: status %d", c.file, format, status)
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var answers []struct {
				N     int
				Label event.SecretLabel
				Value string
			}
			if err := json.Unmarshal(b, &answers); err != nil || len(answers) != c.blanks {
				t.Errorf("%s, %s: %d answers, %v", c.file, format, len(answers), err)
			}
			flat := strings.Join(strings.Fields(out), "")
			for _, a := range answers {
				if strings.Contains(flat, a.Value[:24]) {
					t.Errorf("%s, %s: %s stands on the sheet", c.file, format, a.Label)
				}
			}
			if !strings.Contains(flat, c.given) {
				t.Errorf("%s, %s: what the exercise begins with is not on the sheet", c.file, format)
			}
		}
	}
	if _, status := runTlslab(t, captured("tls13.pcapng", "--worksheet")...); status != 2 {
		t.Errorf("a worksheet with nothing to compute: status %d", status)
	}
}

// A diagram has the two ends, and nobody else has a line.
func TestRecordingDiagram(t *testing.T) {
	out, status := runTlslab(t, captured("rsa.pcapng", "--rsa-key", "@rsa.key", "--format", "mermaid")...)
	if status != 0 || strings.Count(out, "participant ") != 2 || strings.Contains(out, "Note over thief") || !strings.Contains(out, "Note over client,server: A recording: rsa.pcapng") {
		t.Errorf("status %d\n%s", status, out)
	}
	out, _ = runTlslab(t, captured("tls13.pcapng", "--format", "mermaid")...)
	if !strings.Contains(out, "server->>client: 4 records, 645 bytes, closed") {
		t.Errorf("what stayed closed is not drawn:\n%s", out)
	}
}

// A pre-shared key alone opens what its keys come from alone; with a fresh exchange beside it no more than
// early data. Of this program's own captures the log stands in the file.
func TestPSKThief(t *testing.T) {
	dir, psk := t.TempDir(), "000102030405060708090a0b0c0d0e0f"
	for _, c := range []struct{ mode, with, reads, why string }{
		{"--psk-ke", psk, "reads", ""},
		{"--psk-ke", "ff" + psk, "closed", "other_psk"},
		{"", psk, "closed", "psk_and_exchange"},
	} {
		file := filepath.Join(dir, "psk"+c.mode+".pcapng")
		if _, status := runTlslab(t, append([]string{"run", "--psk", psk, "--pcap", file}, strings.Fields(c.mode)...)...); status != 0 {
			t.Fatal(status)
		}
		out, status := runTlslab(t, "explain", file, "--who-reads", "--format", "json", "--psk", c.with)
		var got struct {
			Readers []struct {
				Onlooker, Reads, Why string
				Tried                bool
				Parts                map[string]string
			}
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || status != 0 || len(got.Readers) != 4 {
			t.Fatalf("%v, status %d: %s", err, status, out)
		}
		if r := got.Readers[3]; r.Onlooker != "psk_thief" || !r.Tried || r.Reads != c.reads || r.Why != c.why {
			t.Errorf("%+v: %+v", c, r)
		}
		if r := got.Readers[2]; r.Onlooker != "log_reader" || r.Reads != "reads" || r.Parts["client_data"] != "reads" {
			t.Errorf("%+v: %+v", c, r)
		}
		if r := got.Readers[0]; r.Reads != "closed" || r.Parts["hello"] != "reads" {
			t.Errorf("%+v: %+v", c, r)
		}
	}
}
