package web

import (
	"net"
	"net/http"
	"slices"

	"tlslab/handshake/render/page"
)

// maxAddress is how long an address may be: every switch set takes some 600 bytes.
const maxAddress = 8 << 10

// guard lets in who asks us by a name that is ours. A page of somebody else's, whose name was made
// to lead here (DNS rebinding), asks by that name; a script of somebody else's says where it is
// from; and what another page embeds says so, whatever it wants of us: only a link may lead here
// from elsewhere.
func guard(port string, next http.Handler) http.Handler {
	var ours, origins []string
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		name := net.JoinHostPort(host, port)
		ours, origins = append(ours, name), append(origins, "http://"+name)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", page.Policy()+"; frame-ancestors 'none'") // which only a header can say
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
		switch {
		case !slices.Contains(ours, r.Host):
			http.Error(w, "This is tlslab's lab; it answers to localhost and 127.0.0.1 alone.", http.StatusMisdirectedRequest)
		case origin != "" && !slices.Contains(origins, origin), (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Dest") != "document":
			http.Error(w, "A page from elsewhere has no business here.", http.StatusForbidden)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "The lab is read: GET and HEAD.", http.StatusMethodNotAllowed)
		case len(r.RequestURI) > maxAddress:
			http.Error(w, "No lesson has so long an address.", http.StatusRequestURITooLong)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
