package main

import (
	"bytes"
	stdtls "crypto/tls"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/narrate"
	"tlslab/handshake/starttls"
	"tlslab/handshake/starttls/starttlstest"
	"tlslab/handshake/transcript"
	"tlslab/pki/lesson"
)

// What our client says of the dialogue before TLS, and what a recording of it says: the same lines of
// the same ends, and in the recording nothing of what our client would do.
func TestStartTLSRecorded(t *testing.T) {
	lab, err := lesson.New(lesson.Options{Name: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	cert := stdtls.Certificate{Certificate: lab.Chain, PrivateKey: lab.Key}
	for _, p := range starttls.Protocols() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			if err := starttlstest.Serve(c, p); err != nil {
				t.Error(err)
				return
			}
			over := stdtls.Server(c, &stdtls.Config{Certificates: []stdtls.Certificate{cert}})
			_, _ = over.Write([]byte("hello"))
			_ = over.Close()
		}()
		file := filepath.Join(t.TempDir(), "c.pcapng")
		told := func(args ...string) []transcript.Named {
			t.Helper()
			var stdout, stderr bytes.Buffer
			status := command(t.Context(), strings.NewReader(""), &stdout, &stderr, args...)
			doc := stdout.Bytes()
			if args[0] == "client" {
				doc = stderr.Bytes()
			}
			d, err := transcript.Decode(bytes.NewReader(doc))
			if err != nil || status != 0 {
				t.Fatalf("%s, %q: status %d, %v, %s", p, args, status, err, &stderr)
			}
			e := d.Flows[0].Events[0]
			if e.Name != string(starttls.SceneDialogue) || e.Ref != p.Ref() || e.Seq != 1 || d.Flows[0].Events[1].Seq != 2 {
				t.Errorf("%s, %q: it begins with %+v", p, args, e)
			}
			return e.Values
		}
		live := told("client", "--connect", l.Addr().String(), "--servername", "localhost", "--insecure", "--starttls", string(p), "--close-write", "--format", "json", "--pcap", file)
		recorded := told("explain", file, "--show", "1", "--format", "json")
		text := func(values []transcript.Named) (out []string) {
			said := ""
			for _, v := range values {
				if last := len(out) - 1; v.Name == said && (p == starttls.XMPP || p == starttls.XMPPServer) { // by tags or by packets
					out[last] += v.Value.String()
					continue
				}
				said = v.Name
				out = append(out, v.Name+" "+v.Value.String())
			}
			return out
		}
		if a, b := text(live), text(recorded); !slices.Equal(a, b) || len(a) < 3 {
			t.Errorf("%s: the client tells\n%q, its recording\n%q", p, a, b)
		}
		for _, lang := range narrate.Langs() {
			var out, log bytes.Buffer
			ours := narrate.Must(lang, narrate.Scene, string(starttls.SceneDialogue)).Text
			theirs := narrate.Must(lang, narrate.Scene, string(starttls.SceneDialogue.Variant("recorded"))).Text
			if status := command(t.Context(), strings.NewReader(""), &out, &log, "explain", file, "--show", "1", "--full", "--lang", string(lang), "--width", "100"); status != 0 {
				t.Fatal(&log)
			}
			said := strings.Join(strings.Fields(out.String()), "")
			squeezed := func(s string) string {
				return strings.Join(strings.Fields(strings.ReplaceAll(s, "{protocol}", string(p))), "")
			}
			if strings.Contains(said, squeezed(ours)) || !strings.Contains(said, squeezed(theirs)) || !strings.HasPrefix(ours, theirs) {
				t.Errorf("%s, %s: %s", p, lang, &out)
			}
		}
	}
}
