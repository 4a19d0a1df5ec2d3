package capture

import (
	"io"
	"net"
	"slices"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/proxy/watch"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// webAddr is where the list is served: --web, on this machine if it names none.
func (p *proxyFlags) webAddr() (string, error) {
	host, err := cli.SplitAddr(p.web)
	switch {
	case err != nil:
		return "", cli.Misuse("It is :PORT, or HOST:PORT of this machine; port 0 takes a free one.", "--web %s: %s", p.web, cli.AddrFault(err))
	case host != "" && !cli.IsLoopback(host):
		return "", cli.Misuse("Say --web :PORT. From elsewhere: ssh -L PORT:127.0.0.1:PORT THIS-MACHINE.", "--web %s: what it shows has secrets in it, and would go over the network in clear", p.web)
	}
	_, port, err := net.SplitHostPort(p.web)
	if err != nil {
		return "", err
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// openWeb listens for browsers; nil without --web.
func (p *proxyFlags) openWeb() (*webServer, error) {
	if p.web == "" {
		return nil, nil
	}
	addr, err := p.webAddr()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, cli.Unheard(p.Lang, addr, err)
	}
	s, err := newWebServer(l)
	if err != nil {
		return nil, cli.FirstError(err, l.Close())
	}
	return s, nil
}

// watched is what a browser is shown of the proxy at address; root is its certificate's file.
func (l *proxyList) watched(address, root string) watch.Options {
	w := watch.Options{Address: address, Lang: l.flags.Lang, NoSecrets: l.flags.noSecrets, Version: cli.Version(), Kept: func(conn int) bool { return l.proxy.Recording(conn) != nil }}
	if l.flags.mode == "forward" {
		w.Try = curlBy(address, root)
	}
	w.Page = func(to io.Writer, n, conn int, o page.Options) string {
		rec, why := l.recorded(o.Lang, n, conn)
		if rec == nil {
			return why
		}
		if a := o.Around; a != nil {
			for _, more := range l.more(o.Lang, rec) {
				a.Entry.Remarks = append(slices.Clip(a.Entry.Remarks), page.Remark{Text: more})
			}
		}
		_ = l.writePage(to, rec, o) // into memory
		return ""
	}
	return w
}

// curlBy is a command that sends something by way of the proxy.
func curlBy(address, root string) string {
	return "curl --proxy http://" + address + " --cacert " + root + " https://…"
}

// What a browser's list has of what a peer wrote. All of it is on the entry's own page.
const (
	maxHost   = 255 // RFC 1035 §2.3.4
	maxMethod = 40
	maxWhere  = 400
	maxSaid   = 2000
)

// watchable is an entry in both languages, without what can be long.
func watchable(e *proxy.Entry, rootNamed bool) *watch.Entry {
	out := &watch.Entry{N: e.N, Conn: e.Conn, TLS: e.ToClient != nil || e.ToServer != nil, Host: cut(e.Host, maxHost), Said: map[narrate.Lang]page.Listed{}}
	short := *e
	short.Method, short.Host, short.Path = cut(e.Method, maxMethod), out.Host, cut(e.Path, maxWhere)
	for _, lang := range narrate.Langs() {
		w := wordsOfEntry(lang, &short, rootNamed)
		l := page.Listed{N: e.N, Time: w.time, Method: w.method, Status: w.status, Sent: w.sent, Received: w.received, Where: w.where, Legs: w.legs, Outcomes: outcomesOf(e, w.remarks)}
		for _, r := range w.remarks {
			l.Remarks = append(l.Remarks, page.Remark{Weight: r.weight, Text: cut(r.text, maxSaid)})
		}
		out.Said[lang] = l
	}
	return out
}

// outcomesOf is what became of an entry, and who refused.
func outcomesOf(e *proxy.Entry, remarks []remark) []page.Outcome {
	var out []page.Outcome
	for _, f := range []*proxy.Fault{e.Fault, e.Besides} {
		if f == nil {
			continue
		}
		by := page.ByProxy
		switch f.By {
		case proxy.SideClient:
			by = page.ByClient
		case proxy.SideServer, proxy.SideUpstream:
			by = page.ByServer
		}
		out = append(out, page.Failed, by)
	}
	switch {
	case len(out) > 0:
		return out
	case e.Kind == proxy.Untouched:
		return []page.Outcome{page.Untouched}
	case e.Status >= 400 || slices.ContainsFunc(remarks, func(r remark) bool { return r.weight == page.Warning }):
		return []page.Outcome{page.Noted}
	}
	return []page.Outcome{page.Passed}
}

// cut is the first n bytes of s, or some less, and says that there were more. What is cut off is
// not held on to.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 { // amid a character
		n--
	}
	return s[:n] + "…"
}
