package capture

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/narrate"
)

// TestChangesAreListed: the list says in each language what was changed, and by what flag; JSON says
// it too.
func TestChangesAreListed(t *testing.T) {
	e := &proxy.Entry{N: 1, Kind: proxy.Request, Method: "GET", Host: "www.lab.test", Path: "/", Status: 200, Changes: []proxy.Change{
		{By: "--set-header", Of: proxy.SideClient, Kind: proxy.ChangeSet, Detail: "X-Debug"},
		{By: "--set-reply-header", Of: proxy.SideServer, Kind: proxy.ChangeRemoved, Detail: "Set-Cookie\x1b[2J"},
		{By: "--map-remote", Of: proxy.SideClient, Kind: proxy.ChangeServer, Detail: "http://localhost:3000"},
		{By: "mine", Of: proxy.SideServer, Kind: proxy.ChangeBody},
	}}
	wants := map[narrate.Lang][]string{
		narrate.En: {"--set-header set a field of the request: X-Debug", "--set-reply-header removed a field of the reply: Set-Cookie", "--map-remote asked another server: http://localhost:3000", "mine changed the body of the reply"},
		narrate.Zh: {"--set-header 设置了请求的字段：X-Debug", "--set-reply-header 删除了响应的字段：Set-Cookie", "--map-remote 改向另一台服务器请求：http://localhost:3000", "mine 改动了响应的正文"},
	}
	for lang, lines := range wants {
		p := new(proxyFlags)
		p.Lang = lang
		l := newProxyList(p, &cli.Output{}, nil)
		l.out.Options.Width = 200
		said := l.text(e)
		for _, want := range lines {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is not in\n%s", lang, want, said)
			}
		}
		if strings.Contains(said, "\x1b") {
			t.Errorf("%q", said)
		}
		if f := (&proxy.HookError{Hook: "mine", Panic: "boom"}); !strings.Contains(whyOf(lang, f), "mine") || !strings.Contains(whyOf(lang, f), "boom") {
			t.Error(whyOf(lang, f))
		}
		if f := (&proxy.HookError{Hook: "mine", Err: errors.New("odd")}); !strings.Contains(whyOf(lang, f), "mine") {
			t.Error(whyOf(lang, f))
		}
		var line struct {
			Changes []map[string]string `json:"changes"`
		}
		if err := json.Unmarshal([]byte(l.json(e)), &line); err != nil || len(line.Changes) != 4 || line.Changes[0]["by"] != "--set-header" || line.Changes[1]["of"] != "response" || line.Changes[2]["what"] != "server" {
			t.Errorf("%v, %v", line, err)
		}
	}
	if h := e.HAR(); len(h.Changes) != 4 || h.Changes[0].By != "--set-header" || h.Changes[0].Of != "request" {
		t.Errorf("%+v", h.Changes)
	}
}

// TestChangingFlags: what they take, and what is said of what they do not.
func TestChangingFlags(t *testing.T) {
	for _, x := range []struct {
		set  func(p *proxyFlags)
		says string // "": it is taken
	}{
		{func(p *proxyFlags) { p.setHeader = []string{"X-A=1", "Cookie="} }, ""},
		{func(p *proxyFlags) { p.setHeader = []string{"X-A: 1"} }, "NAME=VALUE"},
		{func(p *proxyFlags) { p.setReply = []string{"Content-Length=1"} }, "follows from the body"},
		{func(p *proxyFlags) { p.setHeader = []string{"X A=1"} }, "no name of a field"},
		{func(p *proxyFlags) { p.block = []string{"*.ads.example", "https://www.lab.test/ads/"} }, ""},
		{func(p *proxyFlags) { p.block = []string{"www.lab.test/ads"} }, "whole URL"},
		{func(p *proxyFlags) { p.mapRemote = []string{"https://www.lab.test/=http://localhost:3000/"} }, ""},
		{func(p *proxyFlags) { p.mapRemote = []string{"www.lab.test"} }, "FROM=TO"},
		{func(p *proxyFlags) { p.mapRemote = []string{"www.lab.test=localhost"} }, "no URL of http"},
		{func(p *proxyFlags) {
			p.mapRemote = []string{"https://www.lab.test=http://localhost/x", "https://www.lab.test/x=https://www.lab.test/y"}
		}, ""},
		{func(p *proxyFlags) { p.mapRemote = []string{"https://www.lab.test/x=http://localhost"} }, "a path of FROM stays"},
	} {
		p, o := new(proxyFlags), new(proxy.Options)
		x.set(p)
		err := p.hooks(o)
		if (err == nil) != (x.says == "") || err != nil && !strings.Contains(err.Error(), x.says) {
			t.Errorf("%v: want %q", err, x.says)
		}
	}
}
