package page_test

import (
	"encoding/hex"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/event"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/rendertest"
)

// A command on the page, run as it stands there, prints the value that it stands by.
func TestCommandsOfThePage(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("the commands are openssl's, and there is none: ", err)
	}
	for _, name := range []string{"tls13", "ecdhe"} {
		values := map[string]string{}
		for _, e := range rendertest.Play(t, name).Events() {
			if s, ok := e.(*event.Secret); ok {
				values[fmt.Sprint(s.Seq)] = hex.EncodeToString(s.Value)
			}
		}
		ran := 0
		for _, item := range all(parse(t, pageOf(t, name, page.Options{})), func(n *html.Node) bool { return attr(n, "data-kind") == "secret" }) {
			codes := all(item, func(n *html.Node) bool { return n.Data == "code" && has(n.Parent, "command") })
			if len(codes) != 1 || ran >= 12 {
				continue
			}
			command := whole(codes[0])
			if !strings.Contains(command, "tr -d") { // it prints something else, such as whether a signature holds
				continue
			}
			run := exec.Command("sh")
			run.Dir, run.Stdin = t.TempDir(), strings.NewReader(command+"\n")
			out, err := run.CombinedOutput()
			want := values[strings.Fields(attr(item, "data-seq"))[0]]
			if got := strings.TrimSpace(string(out)); err != nil || want == "" || got != want {
				t.Errorf("%s: %s: %v, %s\nprints %q, want %s", name, attr(item, "id"), err, command, got, want)
			}
			ran++
		}
		if ran < 5 {
			t.Errorf("%s: %d commands ran", name, ran)
		}
	}
}

// whole is the text of an element as it is, lines and all.
func whole(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(whole(c))
	}
	return b.String()
}
