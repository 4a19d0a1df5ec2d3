package proxy_test

import (
	"fmt"
	"io"
	"strings"

	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
)

// A hook for what passes: it gives each request a field, answers one path itself, and has the
// bodies of replies in capitals.
func ExampleHook() {
	hook := proxy.Hook{
		Name: "mine",
		Request: func(r *proxy.HeldRequest) {
			r.Set("X-Student", "Ada")
			if r.Target() == "/secret" {
				r.Answer(403, []relay.Field{{Name: "Content-Type", Value: "text/plain"}}, strings.NewReader("not today"))
			}
		},
		Reply: func(r *proxy.HeldReply) {
			r.Body(func(in io.Reader) io.Reader { return shouting{in} }) // shouting is a Reader with bytes.ToUpper in it
		},
	}
	site := exampleOrigin()
	defer site.Close()
	p, client := exampleProxy(site, hook)
	defer p.Close()
	for _, path := range []string{"/hello", "/secret"} {
		resp, err := client.Get("https://" + wwwName + path)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		fmt.Printf("%d %s\n", resp.StatusCode, body)
	}
	// Output:
	// 200 HTTP/2.0 GET /HELLO ""
	// 403 not today
}
