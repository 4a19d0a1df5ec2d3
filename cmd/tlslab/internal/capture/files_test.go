package capture

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/narrate"
)

// A HAR that has its limit gets no more, which is said once, and in the end how much it
// lacks. It is valid, and nothing has failed.
func TestProxyHARLimit(t *testing.T) {
	for _, l := range narrate.Langs() {
		var log bytes.Buffer
		name := filepath.Join(t.TempDir(), "x.har")
		f := new(proxyFiles)
		if err := f.open(&proxyFlags{View: cli.View{Lang: l}, harDump: name, harLimit: 1}, new(proxy.Options), &log); err != nil {
			t.Fatal(err)
		}
		e := &proxy.Entry{Kind: proxy.Request, Method: "GET", Scheme: "https", Host: "www.lab.test",
			Path: "/" + strings.Repeat("x", 100_000), Status: 200, Proto: "HTTP/1.1", Began: time.Unix(0, 0)}
		for range 20 {
			f.add(e)
		}
		if err := f.close(); err != nil {
			t.Error(err)
		}
		said := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(said) != 2 || !strings.Contains(said[0], "--hardump-limit") {
			t.Errorf("%s: it said %q", l, said)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := clitest.InvalidHAR(t, b); err != nil {
			t.Error(err)
		}
		if n := bytes.Count(b, []byte(`"startedDateTime"`)); len(b) > 1<<20 || n < 5 || !strings.HasSuffix(said[len(said)-1], fmt.Sprint(20-n)) {
			t.Errorf("%s: %d bytes, %d entries, and it said %q", l, len(b), n, said)
		}
	}
}
