package interop_test

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/tls"
)

// TestCurl has curl post to net/http over our listener, in each version and over each
// curve.
func TestCurl(t *testing.T) {
	curl := tool(t, "curl")
	for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
		for _, g := range curves {
			t.Run(v.String()+" "+opensslGroups([]kx.Group{g}), func(t *testing.T) {
				cfg, w := tlstest.Witnessed(t, tlstest.Serving(tlstest.Servers()["ecdsa"]))
				cfg.Groups = []kx.Group{g}
				if g != kx.P256 {
					cfg.Groups = append(cfg.Groups, kx.P256) // for TLS 1.2's certificate
				}
				conns := make(chan *tls.Conn, 10)
				url := tlstest.ServeHTTP(t, cfg, func(c *tls.Conn) { conns <- c })
				host, port, err := net.SplitHostPort(strings.TrimPrefix(url, "https://"))
				if err != nil {
					t.Fatal(err)
				}
				number := strings.TrimPrefix(v.String(), "TLS ")
				out, err := exec.Command(curl, "-sS", "--http1.1", "--tlsv"+number, "--tls-max", number, "--curves", opensslGroups(cfg.Groups),
					"--cacert", rootsFile(), "--resolve", fmt.Sprintf("%s:%s:%s", tlstest.Name, port, host),
					"--data-binary", strings.Repeat("x", 50_000), fmt.Sprintf("https://%s:%s/a", tlstest.Name, port)).CombinedOutput()
				want := fmt.Sprintf("POST /a: %v, 50000 bytes, 0 client certificates, resumed false", v)
				if err != nil || string(out) != want {
					t.Fatalf("%q, %v", out, err)
				}
				s := (<-conns).Summary()
				if s.Version != v || s.Group != g.ID() {
					t.Errorf("settled %v %v", s.Version, s.Group)
				}
				met(theCurl, event.Server, cfg, s, w)
			})
		}
	}
}
