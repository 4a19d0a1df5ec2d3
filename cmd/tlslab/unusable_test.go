package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// named are command lines that read FILE, or write it, by the flag that names it, or by the verb where that is an
// argument. Each is right but for what FILE may be.
var named = map[string]string{
	"run --answers":    "run --tls 1.3 --answers FILE",
	"run --keylogfile": "run --tls 1.3 --keylogfile FILE",
	"run --out":        "run --tls 1.3 --out FILE",
	"run --pcap":       "run --tls 1.3 --pcap FILE",
	"run --score":      "run --tls 1.3 --predict --score FILE",
	"compare --out":    "compare --out FILE",
	"replay --out":     "replay --attack early-data --out FILE",
	"web --port-file":  "web --listen 127.0.0.1:0 --port-file FILE",

	"client --CAfile":     "client --connect 127.0.0.1:1 --servername h --CAfile FILE",
	"client --cert":       "client --connect 127.0.0.1:1 --servername h --cert FILE --key KEY",
	"client --early-data": "client --connect 127.0.0.1:1 --servername h --reconnect 1 --early-data FILE",
	"client --key":        "client --connect 127.0.0.1:1 --servername h --cert CERT --key FILE",
	"client --keylogfile": "client --connect 127.0.0.1:1 --servername h --keylogfile FILE",
	"client --out":        "client --connect 127.0.0.1:1 --servername h --out FILE",
	"client --pcap":       "client --connect 127.0.0.1:1 --servername h --pcap FILE",
	"client --sess-in":    "client --connect 127.0.0.1:1 --servername h --sess-in FILE",
	"client --sess-out":   "client --connect 127.0.0.1:1 --servername h --sess-out FILE",

	"server --CAfile":     "server --accept 127.0.0.1:0 --verify --CAfile FILE",
	"server --cadir":      "server --accept 127.0.0.1:0 --cadir FILE",
	"server --cert":       "server --accept 127.0.0.1:0 --cert FILE --key KEY",
	"server --key":        "server --accept 127.0.0.1:0 --cert CERT --key FILE",
	"server --keylogfile": "server --accept 127.0.0.1:0 --cert CERT --key KEY --keylogfile FILE",
	"server --out":        "server --accept 127.0.0.1:0 --cert CERT --key KEY --out FILE",
	"server --pcap":       "server --accept 127.0.0.1:0 --cert CERT --key KEY --pcap FILE",
	"server --port-file":  "server --accept 127.0.0.1:0 --cert CERT --key KEY --port-file FILE",
	"server --sct":        "server --accept 127.0.0.1:0 --cert CERT --key KEY --sct FILE",
	"server --ticket-key": "server --accept 127.0.0.1:0 --cert CERT --key KEY --ticket-key new.key --ticket-key FILE",
	"server --write-root": "server --accept 127.0.0.1:0 --write-root FILE",

	"proxy --client-cert":     "proxy --listen 127.0.0.1:0 --confdir px --client-cert FILE --client-key KEY",
	"proxy --client-cert-for": "proxy --listen 127.0.0.1:0 --confdir px --client-cert-for h=FILE",
	"proxy --client-key":      "proxy --listen 127.0.0.1:0 --confdir px --client-cert CERT --client-key FILE",
	"proxy --confdir":         "proxy --listen 127.0.0.1:0 --confdir FILE",
	"proxy --hardump":         "proxy --listen 127.0.0.1:0 --confdir px --hardump FILE",
	"proxy --keylogfile":      "proxy --listen 127.0.0.1:0 --confdir px --keylogfile FILE",
	"proxy --out":             "proxy --listen 127.0.0.1:0 --confdir px --show 1 --format html --out FILE",
	"proxy --pcap":            "proxy --listen 127.0.0.1:0 --confdir px --pcap FILE",
	"proxy --port-file":       "proxy --listen 127.0.0.1:0 --confdir px --port-file FILE",
	"proxy --upstream-CAfile": "proxy --listen 127.0.0.1:0 --confdir px --upstream-CAfile FILE",
	"proxy ca --confdir":      "proxy ca --confdir FILE",

	"explain":                    "explain FILE",
	"explain --CAfile":           "explain CAPTURE --CAfile FILE",
	"explain --answers":          "explain CAPTURE --show 1 --rsa-key RSA --answers FILE",
	"explain --keylogfile":       "explain CAPTURE --keylogfile FILE",
	"explain --out":              "explain CAPTURE --out FILE",
	"explain --rsa-key":          "explain CAPTURE --rsa-key FILE",
	"explain --write-keylogfile": "explain SECRETS --write-keylogfile FILE",

	"ca init":            "ca init FILE",
	"ca init --parent":   "ca init other --parent FILE",
	"ca issue --cadir":   "ca issue h --cadir FILE",
	"ca issue --out":     "ca issue h --cadir ca --out FILE",
	"ca issue --prefix":  "ca issue h --cadir ca --prefix FILE",
	"ca ocsp":            "ca ocsp FILE --cadir ca",
	"ca ocsp --cadir":    "ca ocsp CERT --cadir FILE",
	"ca ocsp --respout":  "ca ocsp CERT --cadir ca --respout FILE",
	"ca show":            "ca show FILE",
	"ca sign":            "ca sign FILE --cadir ca",
	"ca sign --cadir":    "ca sign REQUEST --cadir FILE",
	"ca sign --cert-out": "ca sign REQUEST --cadir ca --cert-out FILE",
	"ca sign --out":      "ca sign REQUEST --cadir ca --out FILE",
	"verify":             "verify FILE --client --CAfile CA",
	"verify --CAfile":    "verify CERT --client --CAfile FILE",
	"verify --out":       "verify CERT --client --CAfile CA --out FILE",
	"verify --staple":    "verify CERT --client --CAfile CA --staple FILE",
	"verify --untrusted": "verify CERT --client --CAfile CA --untrusted FILE",
}

// usable is what one that could be another thing may well be: a directory where files are made, what is made anew, and
// a response that is judged like the chain that it came with.
var usable = map[string]string{
	"ca init": "empty directory", "proxy --confdir": "missing, empty directory", "proxy ca --confdir": "missing, empty directory",
	"verify --staple": "garbage", "ca issue --prefix": "empty directory",
	"client --early-data": "garbage",
}

// TestUnusableFiles: a file that the command line names and that cannot be used is told by its name before anything is
// done, and the status is 2, whichever flag names it.
func TestUnusableFiles(t *testing.T) {
	captures, err := filepath.Abs("../../handshake/explain/testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	t.Setenv("LC_ALL", "C")
	run := func(line string) (out, said string, status int) {
		var o, e bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if verb := strings.Fields(line)[0]; verb == "server" || verb == "proxy" || verb == "web" {
			cancel() // what begins to listen ends at once
		}
		status = command(ctx, strings.NewReader(""), &o, &e, strings.Fields(line)...)
		return o.String(), e.String(), status
	}
	for _, line := range []string{"ca init ca", "ca issue www --cadir ca --prefix www --quiet", "proxy ca --confdir px", "ca init p --parent ca", "run --kx rsa --pcap secrets.pcapng"} {
		if _, said, status := run(line); status != 0 {
			t.Fatal(said)
		}
	}
	garbage := make([]byte, 300)
	_, _ = rand.Read(garbage)
	garbage[0] = 0xff // no DER, no version of anything
	for name, text := range map[string][]byte{"empty": nil, "garbage": garbage, "file": []byte("x")} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("directory", 0o700); err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "h"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("request.csr", request, 0o600); err != nil {
		t.Fatal(err)
	}
	right := strings.NewReplacer("CERT", "www.pem", "KEY", "www-key.pem", "CAPTURE", captures+"/kinds.pcapng", "RSA", captures+"/rsa.key",
		"SECRETS", "secrets.pcapng", "REQUEST", "request.csr", "CA ", "ca/ca.pem ")
	writes := regexp.MustCompile(`^(.* --(answers|keylogfile|out|pcap|score|port-file|sess-out|write-root|hardump|write-keylogfile|prefix|cert-out|respout)|ca init)$`)
	for flag, line := range named {
		kinds := map[string]string{"missing": "missing", "empty directory": "directory", "empty": "empty", "garbage": "garbage", "in a file": "file/x"}
		if writes.MatchString(flag) && flag != "explain --keylogfile" {
			kinds = map[string]string{"missing directory": "missing/x", "empty directory": "directory", "in a file": "file/x"}
			if flag == "ca init" { // which makes directories
				delete(kinds, "missing directory")
			}
		}
		for kind, file := range kinds {
			if strings.Contains(usable[flag], kind) {
				continue
			}
			line := strings.ReplaceAll(right.Replace(line+" "), "FILE", file)
			out, said, status := run(line)
			if status != 2 || out != "" || !strings.HasPrefix(said, "tlslab: ") || strings.Contains(said, "--help") {
				t.Errorf("%s, %s: tlslab %s\nstatus %d; it says %s and on standard output %.200q", flag, kind, line, status, said, out)
			}
		}
	}
	// A key that is not the certificate's is such a file too.
	for _, line := range []string{
		"client --connect 127.0.0.1:1 --servername h --cert CERT --key ca/ca-key.pem", "server --accept 127.0.0.1:0 --cert CERT --key ca/ca-key.pem",
		"client --connect 127.0.0.1:1 --servername h --cert CERT", "server --accept 127.0.0.1:0 --cert CERT --key CERT",
		"proxy --listen 127.0.0.1:0 --confdir px --client-cert CERT --client-key ca/ca-key.pem", "proxy --listen 127.0.0.1:0 --confdir px --client-cert CERT",
		"ca init ca", "ca issue www --cadir ca --prefix www", "ca sign REQUEST --cadir ca --cert-out CERT", "ca ocsp CERT --cadir ca --respout CERT",
	} {
		if out, said, status := run(right.Replace(line + " ")); status != 2 || out != "" {
			t.Errorf("%s: status %d; it says %s and on standard output %.200q", line, status, said, out)
		}
	}
	// What does not come of the command line is another status.
	for _, line := range []string{"client --connect 127.0.0.1:1 --servername h --CAfile ca/ca.pem", "verify CERT --servername other --CAfile ca/ca.pem", "run --cert expired"} {
		if _, said, status := run(right.Replace(line + " ")); status != 1 {
			t.Errorf("%s: status %d, %s", line, status, said)
		}
	}
}

// TestUnusableFilesAreAll: each flag that takes a file or a directory is in the table.
func TestUnusableFilesAreAll(t *testing.T) {
	all := map[string]bool{}
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if kind, _ := pflag.UnquoteUsage(f); strings.Contains(strings.ToLower(kind), "file") || kind == "directory" {
				all[strings.TrimPrefix(cmd.CommandPath(), "tlslab ")+" --"+f.Name] = true
			}
		})
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(newRoot())
	for flag := range all {
		if named[flag] == "" {
			t.Errorf("%s names a file, and is not in the table", flag)
		}
	}
	for flag := range named {
		if strings.Contains(flag, "--") && !all[flag] && flag != "ca issue --prefix" {
			t.Errorf("there is no %s that names a file", flag)
		}
	}
}
