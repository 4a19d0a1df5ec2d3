package main

import (
	"bytes"
	"crypto/sha256"
	stdtls "crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/clitest"
)

// A page goes out byte for byte: what stands below every output, and quotes what a terminal must not
// get, changes nothing in it, or a browser would refuse its style and its script by their hashes.
func TestPagesGoOutAsTheyAre(t *testing.T) {
	for _, args := range []string{"run --tls 1.3 --seed 1 --format html --lang zh", "run --kx rsa --seed 1 --format html", "compare --seed 1 --stapled=no --key-alg p256 --format html"} {
		out, status := runTlslab(t, strings.Fields(args)...)
		if status != 0 {
			t.Fatalf("tlslab %s: status %d", args, status)
		}
		policy := regexp.MustCompile(`content="(default-src [^"]*)"`).FindStringSubmatch(out)
		if policy == nil {
			t.Fatalf("tlslab %s: no policy", args)
		}
		for _, name := range []string{"style", "script"} {
			inside := regexp.MustCompile("(?s)<"+name+">(.*?)</"+name+">").FindAllStringSubmatch(out, -1)
			if len(inside) != 1 {
				t.Fatalf("tlslab %s: %d elements %s", args, len(inside), name)
			}
			sum := sha256.Sum256([]byte(inside[0][1]))
			if want := name + "-src &#39;sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "&#39;"; !strings.Contains(policy[1], want) {
				t.Errorf("tlslab %s: the policy %s has no %s", args, policy[1], want)
			}
		}
	}
}

// A page of --no-secrets says that it can be passed on: so a cookie that went over the connection, either
// way, is not on it, as text or as digits; without the flag it is.
func TestNoCookieOnAPageToPassOn(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root.pem")
	addr, end := clitest.StartServer(t, newRoot(), "--write-root", root, "--quiet")
	defer end()
	for _, version := range []string{"1.2", "1.3"} {
		for _, without := range []bool{false, true} {
			args := []string{"client", "--connect", addr, "--CAfile", root, "--tls", version, "--close-write", "--format", "html", "--lang", "en"}
			if without {
				args = append(args, "--no-secrets")
			}
			var page bytes.Buffer
			const cookie = "sid=71a9e5c0d4"
			status := clitest.Command(newRoot(), t.Context(), strings.NewReader("GET /x HTTP/1.1\r\nCookie: "+cookie+"\r\n\r\n"), io.Discard, &page, args...)
			if status != 0 {
				t.Fatalf("TLS %s: status %d\n%.500s", version, status, &page)
			}
			text := page.String()
			spaced := strings.ReplaceAll(text, " ", "")
			found := strings.Contains(text, cookie) || strings.Contains(text, "GET /x") || strings.Contains(spaced, hex.EncodeToString([]byte(cookie)))
			if found == without || strings.Contains(text, "can be passed on") != without {
				t.Errorf("TLS %s, --no-secrets %t: the cookie is on the page: %t", version, without, found)
			}
		}
	}
}

// A server's page of a connection that a ticket of its own opens says who could read it later: whoever
// gets the key of the tickets was tried.
func TestServerTriesItsTickets(t *testing.T) {
	out := filepath.Join(t.TempDir(), "page.html")
	addr, end := clitest.StartServer(t, newRoot(), "--tls", "1.2", "--format", "html", "--out", out)
	cache := stdtls.NewLRUClientSessionCache(1)
	for n := range 2 {
		c, err := stdtls.Dial("tcp", addr, &stdtls.Config{InsecureSkipVerify: true, ServerName: "localhost", ClientSessionCache: cache})
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(c, "hello\n")
		if err = errors.Join(err, c.CloseWrite()); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, c)
		if resumed := c.ConnectionState().DidResume; resumed != (n == 1) {
			t.Fatalf("connection %d resumed: %t", n+1, resumed)
		}
		_ = c.Close()
	}
	end()
	for n := range 2 {
		page, err := os.ReadFile(strings.TrimSuffix(out, ".html") + "-" + strconv.Itoa(n+1) + ".html")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(page, []byte(`data-onlooker="ticket_thief" data-access="reads_later"`)) || !bytes.Contains(page, []byte("Of those who were tried here")) ||
			bytes.Contains(page, []byte(">Only the client and the server")) {
			t.Errorf("page %d does not say who can read it later", n+1)
		}
	}
}
