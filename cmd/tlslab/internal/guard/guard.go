package guard

import (
	"net"
	"net/http"
	"slices"
	"strings"

	"tlslab/handshake/render/page"
)

// maxAddress is how long an address may be: every switch of the lab set takes some 600 bytes.
const maxAddress = 8 << 10

// Local lets in who asks us, at addr (HOST:PORT, as listened on), by a name that is ours. A page of
// somebody else's, whose name was made to lead here (DNS rebinding), asks by that name; and a
// script of somebody else's says where it is from. What is said is kept by nobody.
func Local(addr string, next http.Handler) http.Handler {
	host, port, err := net.SplitHostPort(addr)
	names := []string{"localhost", "127.0.0.1", "::1"}
	if err == nil && !slices.Contains(names, host) {
		names = append(names, host)
	}
	var ours, origins []string
	for _, n := range names {
		name := net.JoinHostPort(n, port)
		ours, origins = append(ours, name), append(origins, "http://"+name)
		if port == "80" { // which a browser leaves out
			name = strings.TrimSuffix(name, ":80")
			ours, origins = append(ours, name), append(origins, "http://"+name)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", page.Policy()+"; frame-ancestors 'none'") // which only a header can say; who has another page sets another
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		origin := r.Header.Get("Origin")
		switch {
		case !slices.Contains(ours, r.Host):
			http.Error(w, "This is tlslab; it answers to localhost and 127.0.0.1 alone.", http.StatusMisdirectedRequest)
		case origin != "" && !slices.Contains(origins, origin), foreignFetch(r):
			http.Error(w, "A page from elsewhere has no business here.", http.StatusForbidden)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "What is here is read: GET and HEAD.", http.StatusMethodNotAllowed)
		case len(r.RequestURI) > maxAddress:
			http.Error(w, "Nothing here has so long an address.", http.StatusRequestURITooLong)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// foreignFetch reports whether a browser says that a page of another origin asks, and for something
// else than to go to a page of ours, which is what a link does (Fetch Metadata Request Headers §2).
func foreignFetch(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return r.Header.Get("Sec-Fetch-Dest") != "document"
}
